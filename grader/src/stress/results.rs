//! The results file: JSON lines that are only ever appended, so that a run that is killed loses
//! its last seconds and nothing else. `docs/stress.md` says what each field means.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab_record::Clock;
use serde::{Deserialize, Serialize};

use super::seeds::{SeedSet, Span};
use super::tally::{Kind, Tally};
use crate::error::StressError;

/// The version of the file.
const FORMAT: u32 = 1;
/// The file within the folder of results.
pub(crate) const FILE: &str = "runs.jsonl";
/// How long a run that passed may wait to be written down.
const WRITE_EVERY: Duration = Duration::from_secs(2);

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line {
    Head(Head),
    /// Runs that passed: by test, spans of seeds.
    Passed {
        seeds: BTreeMap<String, Vec<Span>>,
    },
    NotPassed(NotPassed),
}

/// What all runs of a file have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) format: u32,
    #[serde(flatten)]
    pub(crate) of: Common,
    /// The share, `3/8`; of merged files none.
    pub(crate) shard: Option<String>,
}

/// What must be the same for results to be of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Common {
    pub(crate) framework_version: String,
    /// Hash of the battery binary.
    pub(crate) build: String,
    pub(crate) platform: String,
    pub(crate) clock: Clock,
    /// The edition of the scenarios, if it is not the graded one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edition: Option<String>,
}

/// A run that did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotPassed {
    pub(crate) test: String,
    pub(crate) seed: u64,
    pub(crate) kind: Kind,
    pub(crate) rule: Option<String>,
    pub(crate) event_hash: Option<String>,
    pub(crate) signature: String,
    /// Where its text and trace are, by the path from the folder of results.
    pub(crate) kept: Option<String>,
}

impl Common {
    /// Of the battery at this path.
    pub(crate) fn of(
        battery: &Path,
        clock: Clock,
        edition: Option<String>,
    ) -> Result<Self, StressError> {
        let bytes = std::fs::read(battery).map_err(|source| StressError::NotRead {
            path: battery.to_owned(),
            why: source.to_string(),
        })?;
        Ok(Common {
            framework_version: env!("CARGO_PKG_VERSION").to_owned(),
            build: fnv(&bytes),
            platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            clock,
            edition,
        })
    }
}

/// FNV-1a over words: tells builds apart, and defends against nobody.
fn fnv(bytes: &[u8]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for word in bytes.chunks(8) {
        let mut padded = [0; 8];
        padded[..word.len()].copy_from_slice(word);
        hash = (hash ^ u64::from_le_bytes(padded)).wrapping_mul(0x0100_0000_01b3);
        hash ^= hash >> 32;
    }
    format!("{hash:016x}")
}

/// A folder of results that is written to.
#[derive(Debug)]
pub(crate) struct Results {
    folder: PathBuf,
    file: File,
    waiting: BTreeMap<String, SeedSet>,
    written: Instant,
}

impl Results {
    /// Begins a new file in a folder that has none.
    pub(crate) fn begin(folder: &Path, head: Head) -> Result<Self, StressError> {
        let not_written = |source| StressError::NotWritten { path: folder.join(FILE), source };
        std::fs::create_dir_all(folder).map_err(not_written)?;
        let file = OpenOptions::new().append(true).create_new(true).open(folder.join(FILE));
        let file = file.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => StressError::Exists { folder: folder.to_owned() },
            _ => not_written(source),
        })?;
        let mut results = Results::new(folder, file);
        results.line(&Line::Head(head))?;
        Ok(results)
    }

    /// Goes on with the file in this folder; a line that broke off is ended.
    pub(crate) fn go_on(folder: &Path) -> Result<Self, StressError> {
        let path = folder.join(FILE);
        let not_written = |source| StressError::NotWritten { path: path.clone(), source };
        let whole = std::fs::read(&path).map_err(not_written)?;
        let mut file = OpenOptions::new().append(true).open(&path).map_err(not_written)?;
        if !whole.ends_with(b"\n") {
            file.write_all(b"\n").map_err(not_written)?;
        }
        Ok(Results::new(folder, file))
    }

    fn new(folder: &Path, file: File) -> Self {
        let waiting = BTreeMap::new();
        Results { folder: folder.to_owned(), file, waiting, written: Instant::now() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A run passed. It is written down with others, soon.
    pub(crate) fn passed(&mut self, test: &str, seed: u64) -> Result<(), StressError> {
        match self.waiting.get_mut(test) {
            Some(seeds) => seeds.insert(seed),
            None => self.waiting.entry(test.to_owned()).or_default().insert(seed),
        };
        if WRITE_EVERY < self.written.elapsed() { self.flush() } else { Ok(()) }
    }

    /// A run did not pass. It is written down at once.
    pub(crate) fn not_passed(&mut self, run: NotPassed) -> Result<(), StressError> {
        self.line(&Line::NotPassed(run))
    }

    /// Adds all of a tally.
    pub(crate) fn write_all(&mut self, tally: &Tally) -> Result<(), StressError> {
        for (test, seeds) in tally.passed() {
            self.waiting.entry(test.to_owned()).or_default().join(seeds);
        }
        self.flush()?;
        tally.not_passed().try_for_each(|run| self.not_passed(run))
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) -> Result<(), StressError> {
        self.written = Instant::now();
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let seeds = waiting.iter().map(|(test, seeds)| (test.clone(), seeds.spans())).collect();
        self.line(&Line::Passed { seeds })
    }

    /// One write a line, so that no other line can come between.
    fn line(&mut self, line: &Line) -> Result<(), StressError> {
        let mut text = serde_json::to_string(line).expect("strings and numbers are always JSON");
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .map_err(|source| StressError::NotWritten { path: self.folder.join(FILE), source })
    }
}

/// Reads the results in a folder, or in a file.
///
/// A line that breaks off, because the machine did, is passed over: what it told is run again.
/// Anything else that is no line of results is an error.
pub(crate) fn read(path: &Path) -> Result<(Head, Tally), StressError> {
    let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    let wrong = |why: String| StressError::NotRead { path: file.clone(), why };
    let bytes = std::fs::read(&file).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes); // the end may be torn within a character
    let mut lines = text.lines().enumerate();
    let head = match lines.next().map(|(_, line)| serde_json::from_str(line)) {
        Some(Ok(Line::Head(head))) if head.format == FORMAT => head,
        Some(Ok(Line::Head(head))) => {
            return Err(wrong(format!("its format is {}, and not {FORMAT}", head.format)));
        }
        _ => return Err(wrong("it does not begin as results of stress runs do".to_owned())),
    };
    let mut tally = Tally::that_keeps_all();
    for (number, line) in lines {
        let at = |why: String| wrong(format!("line {}: {why}", number + 1));
        match serde_json::from_str(line) {
            Ok(Line::Passed { seeds }) => {
                for (test, spans) in seeds {
                    let mut set = SeedSet::default();
                    spans.into_iter().try_for_each(|span| set.insert_span(span)).map_err(at)?;
                    tally.add_passed(&test, &set);
                }
            }
            Ok(Line::NotPassed(run)) => {
                tally.add(run);
            }
            Ok(Line::Head(_)) => return Err(at("a second beginning".to_owned())),
            Err(error) if error.is_eof() || line.is_empty() => {} // it broke off
            Err(error) => return Err(at(error.to_string())),
        }
    }
    Ok((head, tally))
}

impl Head {
    /// The head of a new file.
    pub(crate) fn new(of: Common, shard: Option<String>) -> Self {
        Head { format: FORMAT, of, shard }
    }
}

impl Common {
    /// What differs, in words; `None` if all of it is the same.
    pub(crate) fn difference(&self, other: &Common) -> Option<String> {
        let edition = |of: &Common| of.edition.clone().unwrap_or_else(|| "graded".to_owned());
        let pairs = [
            ("edition", &edition(self), &edition(other)),
            ("framework version", &self.framework_version, &other.framework_version),
            ("build of the battery", &self.build, &other.build),
            ("platform", &self.platform, &other.platform),
            ("clock", &self.clock.to_string(), &other.clock.to_string()),
        ]
        .map(|(what, one, other)| (one != other).then(|| format!("{what} {one}, and {other}")));
        let different: Vec<String> = pairs.into_iter().flatten().collect();
        (!different.is_empty()).then(|| different.join("; "))
    }
}
