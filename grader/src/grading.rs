//! `tests/grading.toml`: points, weights, curves and limits, read and checked once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::cli::{BatteryArgs, PlaceArgs};
use crate::error::{ConfigError, Indented};

/// Everything the file says, checked: the points add up, and so do the weights.
#[derive(Debug)]
pub(crate) struct Grading {
    /// As named in messages.
    path: PathBuf,
    text: String,
    file: File,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    runs: Runs,
    weights: Spanned<Weights>,
    limits: Limits,
    #[serde(default)]
    build: BuildLimits,
    part: BTreeMap<String, Spanned<Part>>,
}

/// Runs per test when no flag says otherwise: of all parts, or of one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) struct Runs {
    #[serde(rename = "virtual")]
    pub(crate) virtual_count: std::num::NonZeroU32,
    #[serde(rename = "real")]
    pub(crate) real_count: std::num::NonZeroU32,
}

/// How much of a test's points each clock decides, in percent.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weights {
    #[serde(rename = "virtual")]
    pub(crate) virtual_percent: u32,
    #[serde(rename = "real")]
    pub(crate) real_percent: u32,
}

/// What one run may use.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    virtual_wall_s: u32,
    virtual_cpu_s: u32,
    real_wall_s: u32,
    real_cpu_s: u32,
    memory_mib: u32,
    output_mib: u32,
}

/// What compiling one submission may use.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BuildLimits {
    pub(crate) wall_s: u32,
    pub(crate) cpu_s: u32,
    pub(crate) memory_mib: u32,
    pub(crate) output_mib: u32,
}

impl Default for BuildLimits {
    fn default() -> Self {
        BuildLimits { wall_s: 300, cpu_s: 300, memory_mib: 4096, output_mib: 16 }
    }
}

impl Limits {
    pub(crate) fn wall(&self, clock: lab_record::Clock) -> Duration {
        Duration::from_secs(match clock {
            lab_record::Clock::Virtual => self.virtual_wall_s.into(),
            lab_record::Clock::Real => self.real_wall_s.into(),
        })
    }

    pub(crate) fn cpu(&self, clock: lab_record::Clock) -> Duration {
        Duration::from_secs(match clock {
            lab_record::Clock::Virtual => self.virtual_cpu_s.into(),
            lab_record::Clock::Real => self.real_cpu_s.into(),
        })
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        u64::from(self.memory_mib) << 20
    }

    pub(crate) fn output_bytes(&self) -> u64 {
        u64::from(self.output_mib) << 20
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    title: String,
    points: Spanned<u32>,
    curve: Curve,
    runs: Option<Runs>,
    #[serde(default)]
    tests: BTreeMap<String, Spanned<TestEntry>>,
}

/// From the share of passed runs to the share of points.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Curve {
    /// All runs, or nothing.
    AllOrNothing,
    /// Nothing up to this share of passes, in percent; then in proportion.
    LinearAbove(u32),
    /// The share squared: what fails now and then costs more than its share.
    Quadratic,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, expecting = "expected points, or `{ points, real_s }`")]
enum TestEntry {
    Points(u32),
    Timed(TimedEntry),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimedEntry {
    points: u32,
    real_s: u32,
}

impl TestEntry {
    fn points(self) -> u32 {
        match self {
            TestEntry::Points(points) | TestEntry::Timed(TimedEntry { points, .. }) => points,
        }
    }
}

/// What the file says of one test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestPoints {
    pub(crate) points: u32,
    /// About how long it takes under the real clock; the longest start first.
    pub(crate) real_time: Duration,
}

/// What the file says of one part.
#[derive(Debug)]
pub(crate) struct PartPoints<'a> {
    pub(crate) title: &'a str,
    pub(crate) curve: Curve,
}

impl Grading {
    /// The file that the flags name, or that of the project.
    pub(crate) fn of(args: &BatteryArgs) -> Result<Self, ConfigError> {
        match &args.grading {
            Some(file) => Grading::read(file, file),
            None => Grading::of_project(&args.place),
        }
    }

    /// The project's own file.
    pub(crate) fn of_project(place: &PlaceArgs) -> Result<Self, ConfigError> {
        let file = Path::new("tests/grading.toml");
        Grading::read(&place.workspace.join(file), file)
    }

    /// Reads and checks the file at `path`, which messages call `shown`.
    pub(crate) fn read(path: &Path, shown: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError {
            what: format!("`{}` cannot be read", shown.display()),
            facts: Indented(source.to_string()),
            mend: "put the file in its place, or name another with --grading FILE".to_owned(),
        })?;
        let file: File = toml::from_str(&text).map_err(|error| {
            let line = line_at(&text, error.span().map_or(0, |span| span.start));
            ConfigError {
                what: format!("`{}` is not what a file of points looks like", shown.display()),
                facts: Indented(format!("{}:{line}  {}", shown.display(), error.message())),
                mend: format!("mend line {line}"),
            }
        })?;
        let grading = Grading { path: shown.to_owned(), text, file };
        grading.check_weights()?;
        grading.file.part.iter().try_for_each(|(name, part)| grading.check_part(name, part))?;
        Ok(grading)
    }

    fn wrong(&self, what: String, offset: usize, fact: &str) -> ConfigError {
        let line = line_at(&self.text, offset);
        ConfigError {
            what,
            facts: Indented(format!("{}:{line}  {fact}", self.path.display())),
            mend: format!("mend line {line}"),
        }
    }

    fn check_weights(&self) -> Result<(), ConfigError> {
        let weights = self.file.weights.get_ref();
        let sum = u64::from(weights.virtual_percent) + u64::from(weights.real_percent);
        if sum == 100 {
            return Ok(());
        }
        let fact = format!("virtual {} and real {}", weights.virtual_percent, weights.real_percent);
        let what = format!("the weights of the two clocks add up to {sum}, and must to 100");
        Err(self.wrong(what, self.file.weights.span().start, &fact))
    }

    fn check_part(&self, name: &str, part: &Spanned<Part>) -> Result<(), ConfigError> {
        let Part { points, curve, tests, .. } = part.get_ref();
        if let Curve::LinearAbove(percent) = curve
            && 99 < *percent
        {
            let what = format!("the curve of part {name} is linear above {percent} percent");
            return Err(self.wrong(what, part.span().start, "at most 99 leaves room for points"));
        }
        let sum: u64 = tests.values().map(|test| u64::from(test.get_ref().points())).sum();
        let said = u64::from(*points.get_ref());
        if said == 0 || sum == said {
            return Ok(()); // 0 points switch a part's scoring off, whatever its tests say
        }
        let what = format!(
            "the points of part {name} add up to {sum}, and `points` of that part says {said}"
        );
        let without = tests.iter().find(|(_, test)| test.get_ref().points() == 0);
        Err(match without {
            Some((test, entry)) if sum < said => {
                let fact = format!("`{name}::{test}` has no points; the part's other tests have");
                self.wrong(what, entry.span().start, &fact)
            }
            _ => {
                let fact = format!("its {} tests have {sum} together", tests.len());
                self.wrong(what, points.span().start, &fact)
            }
        })
    }

    /// Checks that the file and the battery name the same tests.
    pub(crate) fn check_against(&self, listed: &[String]) -> Result<(), ConfigError> {
        for (part_name, part) in &self.file.part {
            for (test, entry) in &part.get_ref().tests {
                let name = format!("{part_name}::{test}");
                if !listed.contains(&name) {
                    let what = format!("`{name}` has points, and the battery has no such test");
                    let near = nearest(&name, listed)
                        .map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
                    let fact = format!("the battery has {} tests{near}", listed.len());
                    return Err(self.wrong(what, entry.span().start, &fact));
                }
            }
        }
        let missing = listed.iter().find(|name| self.test(name).is_none());
        missing.map_or(Ok(()), |name| Err(self.missing(name)))
    }

    fn missing(&self, name: &str) -> ConfigError {
        let part_name = part_of(name);
        let what = format!("test `{name}` of the battery has no line in the file of points");
        match self.file.part.get(part_name) {
            Some(part) => {
                let fact = format!("part {part_name} begins here and does not name it");
                self.wrong(what, part.span().start, &fact)
            }
            None => ConfigError {
                what,
                facts: Indented(format!(
                    "{}  there is no `[part.{part_name}]`",
                    self.path.display()
                )),
                mend: format!("add part {part_name} (hint: `points = 0` runs it without scoring)"),
            },
        }
    }

    /// How often each test of all parts is run that do not say otherwise.
    pub(crate) fn runs(&self) -> Runs {
        self.file.runs
    }

    /// How often a test is run.
    pub(crate) fn runs_of(&self, test: &str) -> Runs {
        let part = self.file.part.get(part_of(test));
        part.and_then(|part| part.get_ref().runs).unwrap_or(self.file.runs)
    }

    pub(crate) fn weights(&self) -> Weights {
        *self.file.weights.get_ref()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.file.limits
    }

    pub(crate) fn build_limits(&self) -> BuildLimits {
        self.file.build
    }

    /// The file as it stands, for whoever must know whether it has changed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Full names of all tests: parts by name, tests as the file orders them.
    pub(crate) fn test_names(&self) -> impl Iterator<Item = String> {
        self.file.part.iter().flat_map(|(part_name, part)| {
            let mut tests: Vec<_> = part.get_ref().tests.iter().collect();
            tests.sort_by_key(|(_, entry)| entry.span().start);
            tests.into_iter().map(move |(test, _)| format!("{part_name}::{test}"))
        })
    }

    pub(crate) fn part_names(&self) -> impl Iterator<Item = &str> {
        self.file.part.keys().map(String::as_str)
    }

    pub(crate) fn part(&self, name: &str) -> Option<PartPoints<'_>> {
        let part = self.file.part.get(name)?.get_ref();
        Some(PartPoints { title: &part.title, curve: part.curve })
    }

    /// What the file says of the test with this full name.
    pub(crate) fn test(&self, name: &str) -> Option<TestPoints> {
        let (part_name, test) = name.split_once("::")?;
        let part = self.file.part.get(part_name)?.get_ref();
        let entry = *part.tests.get(test)?.get_ref();
        let points = if *part.points.get_ref() == 0 { 0 } else { entry.points() };
        let real_s = match entry {
            TestEntry::Points(_) => 5,
            TestEntry::Timed(timed) => timed.real_s,
        };
        Some(TestPoints { points, real_time: Duration::from_secs(real_s.into()) })
    }
}

/// The part of a test's full name: `2A` of `2A::initial_election`.
pub(crate) fn part_of(name: &str) -> &str {
    name.split_once("::").map_or(name, |(part, _)| part)
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The listed name that a misspelt one most likely means: the one that shares most with it.
fn nearest<'a>(name: &str, listed: &'a [String]) -> Option<&'a str> {
    let shared = |other: &str| {
        let front = name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let back = name.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
        front.max(back)
    };
    let best = listed.iter().max_by_key(|other| shared(other))?;
    (name.len() / 2 <= shared(best)).then_some(best.as_str())
}
