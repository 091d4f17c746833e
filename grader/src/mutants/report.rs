//! The matrix: what caught which mutant, how surely, and what it said. `docs/mutants.md` says what
//! the fields of the JSON mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use colored::Colorize;
use serde::Serialize;

use super::candidate::Candidate;
use super::hunt::{Sighting, What, is_classic};
use super::statistics::{at_least_one, lower_bound};
use crate::cli::MutantsArgs;
use crate::exit_code;
use crate::grading::Grading;
use crate::print::say;

/// A grading must catch a mutant with at least this probability.
const IN_A_GRADING_MIN: f64 = 0.99;
/// A single seed of all parts should catch this share of mutants, each in half of the seeds.
const AT_ONCE_PERCENT: u32 = 80;
/// The message must name the rule in this share of the catches.
const NAMED_SHARE: f64 = 0.75;

/// What was seen of all candidates.
#[derive(Debug, Serialize)]
pub(crate) struct Matrix {
    format: u32,
    clock: &'static str,
    variants: bool,
    seeds: u32,
    first_seed: u64,
    /// Runs of each test in one default grading.
    runs_in_a_grading: u32,
    interrupted: bool,
    rows: Vec<Row>,
}

/// What was seen of one mutant, or of one variant.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    #[serde(rename = "break")]
    of: Option<String>,
    what: String,
    /// Rules that a message may rightly name.
    rules: Vec<String>,
    panics: bool,
    seeds: u32,
    /// Seeds with a catch; those by a test that may fail it left out.
    caught: u32,
    classic: u32,
    x: u32,
    /// Seeds with a panic and no catch.
    panicked: u32,
    undecided: u32,
    p_lower: f64,
    in_a_grading: f64,
    catches: u32,
    /// Catches whose headline names a right rule.
    named: u32,
    /// Catches whose text names one anywhere.
    mentioned: u32,
    tests: BTreeMap<String, Count>,
    /// What the compiler said, if it refused.
    does_not_compile: Option<String>,
    /// Headlines, the most frequent first, with an example of the whole text.
    messages: Vec<Message>,
    build_s: f64,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Count {
    caught: u32,
    runs: u32,
}

#[derive(Debug, Serialize)]
struct Message {
    headline: String,
    count: u32,
    seed: u64,
    text: String,
}

impl Row {
    pub(crate) fn new(candidate: &Candidate<'_>, took: Duration, seen: &[Sighting]) -> Self {
        let seeds: BTreeSet<u64> = seen.iter().map(|one| one.seed).collect();
        let mut row = Row {
            name: candidate.name.to_owned(),
            of: candidate.of.map(str::to_owned),
            what: candidate.what.to_owned(),
            rules: candidate.rules.iter().map(|rule| (*rule).to_owned()).collect(),
            panics: candidate.panics,
            seeds: count(seeds.len()),
            caught: 0,
            classic: 0,
            x: 0,
            panicked: 0,
            undecided: 0,
            p_lower: 0.0,
            in_a_grading: 0.0,
            catches: 0,
            named: 0,
            mentioned: 0,
            tests: BTreeMap::new(),
            does_not_compile: None,
            messages: Vec::new(),
            build_s: took.as_secs_f64(),
        };
        let (mut caught, mut classic, mut x) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut panicked = BTreeSet::new();
        for one in seen {
            let tally = row.tests.entry(one.test.clone()).or_default();
            tally.runs += 1;
            match &one.what {
                What::Passed => {}
                What::Undecided { text } => {
                    row.undecided += 1;
                    row.hear(one, text);
                }
                What::Panicked { text } => {
                    panicked.insert(one.seed);
                    row.hear(one, text);
                }
                What::Caught { rule, text } => {
                    tally.caught += 1;
                    row.hear(one, text);
                    if candidate.exempt.contains(&one.test.as_str()) {
                        continue;
                    }
                    caught.insert(one.seed);
                    if is_classic(&one.test) {
                        classic.insert(one.seed)
                    } else {
                        x.insert(one.seed)
                    };
                    row.catches += 1;
                    let is_right = |rule: &str| candidate.rules.contains(&rule);
                    row.named += u32::from(rule.as_deref().is_some_and(is_right));
                    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
                    row.mentioned += u32::from(words.into_iter().any(is_right));
                }
            }
        }
        row.caught = count(caught.len());
        row.classic = count(classic.len());
        row.x = count(x.len());
        row.panicked = count(panicked.difference(&caught).count());
        row.p_lower = lower_bound(row.caught, row.seeds);
        row.messages.sort_by_key(|message| std::cmp::Reverse(message.count));
        row
    }

    /// Of a mutant that the compiler refused.
    pub(crate) fn does_not_compile(candidate: &Candidate<'_>, said: String) -> Self {
        Row { does_not_compile: Some(said), ..Row::new(candidate, Duration::ZERO, &[]) }
    }

    fn hear(&mut self, one: &Sighting, text: &str) {
        let headline = text.lines().next().unwrap_or_default();
        match self.messages.iter_mut().find(|message| message.headline == headline) {
            Some(message) => message.count += 1,
            None => self.messages.push(Message {
                headline: headline.to_owned(),
                count: 1,
                seed: one.seed,
                text: text.to_owned(),
            }),
        }
    }

    /// Whether the bars ask something of it.
    fn counts(&self) -> bool {
        !self.panics
    }

    fn is_named(&self) -> bool {
        NAMED_SHARE * f64::from(self.catches) <= f64::from(self.named)
    }

    fn is_caught_at_once(&self) -> bool {
        self.seeds <= 2 * self.caught
    }

    fn line(&self) -> String {
        let by: Vec<String> = {
            let mut tests: Vec<_> =
                self.tests.iter().filter(|(_, tally)| 0 < tally.caught).collect();
            tests.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.caught));
            let shown = tests.iter().take(3);
            shown.map(|(test, tally)| format!("{test} {}/{}", tally.caught, tally.runs)).collect()
        };
        format!(
            "{:22} {:>4}/{:<4} {:>4} {:>4} {:>4}  {:.3} {:.3}  {:>3}/{:<3}  {}",
            self.name,
            self.caught,
            self.seeds,
            self.classic,
            self.x,
            self.panicked,
            self.p_lower,
            self.in_a_grading,
            self.named,
            self.catches,
            by.join(", ")
        )
    }
}

impl Matrix {
    pub(crate) fn new(options: &MutantsArgs, grading: &Grading) -> Self {
        let matrix = Matrix {
            format: 1,
            clock: options.clock().name(),
            variants: options.variants,
            seeds: options.seeds.get(),
            first_seed: options.first_seed,
            runs_in_a_grading: grading.runs().virtual_count.get(),
            interrupted: false,
            rows: Vec::new(),
        };
        say!("{}", HEAD.bold());
        matrix
    }

    /// Takes in a row, and prints it.
    pub(crate) fn add(&mut self, mut row: Row) {
        row.in_a_grading = at_least_one(row.p_lower, self.runs_in_a_grading);
        if let Some(said) = &row.does_not_compile {
            say!("{}\n{said}", format!("{} does not compile", row.name).red());
            self.rows.push(row);
            return;
        }
        let is_good = if self.variants { row.caught == 0 } else { 0 < row.caught || row.panics };
        let line = if is_good { row.line().normal() } else { row.line().red() };
        say!("{line}");
        if let Some(message) = row.messages.first() {
            say!("    {}", message.headline.dimmed());
        }
        if self.variants && 0 < row.caught {
            let texts = row.messages.iter().map(|message| message.text.as_str());
            texts.for_each(|text| say!("{}\n", text.trim_end()));
        }
        self.rows.push(row);
    }

    /// Sorts the rows, and prints what they amount to.
    pub(crate) fn finish(&mut self, interrupted: bool) {
        self.interrupted = interrupted;
        self.rows.sort_by_key(|row| sort_key(&row.name));
        say!("");
        if self.variants {
            self.print_bar("no test failed", &|row| row.caught + row.panicked == 0);
            return;
        }
        let seeds = self.seeds;
        let surely = format!(
            "caught by a grading of {} seeds, p >= {IN_A_GRADING_MIN} as far as {seeds} seeds tell",
            self.runs_in_a_grading
        );
        let at_once = format!("caught in half of the seeds ({AT_ONCE_PERCENT} % should be)");
        self.print_bar("caught at least once", &|row| 0 < row.caught);
        self.print_bar(&surely, &|row| IN_A_GRADING_MIN <= row.in_a_grading);
        self.print_bar(&at_once, &Row::is_caught_at_once);
        self.print_bar("a right rule named in three quarters of the catches", &Row::is_named);
    }

    /// Prints how many rows reach a bar, and which do not.
    fn print_bar(&self, what: &str, reaches: &dyn Fn(&Row) -> bool) {
        let rows: Vec<&Row> = self.rows.iter().filter(|row| row.counts()).collect();
        let not = rows.iter().filter(|row| !reaches(row));
        let not: Vec<&str> = not.map(|row| row.name.as_str()).collect();
        say!("{what}: {} of {}", rows.len() - not.len(), rows.len());
        if !not.is_empty() {
            say!("    not {}", not.join(" "));
        }
    }

    /// Writes the matrix to `path`, as a whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        crate::report::json::write(self, path)
    }

    pub(crate) fn exit_code(&self) -> u8 {
        if self.interrupted {
            return exit_code::INTERRUPTED;
        }
        if self.rows.iter().any(|row| row.does_not_compile.is_some()) {
            return exit_code::DOES_NOT_COMPILE;
        }
        let is_bad = |row: &&Row| match self.variants {
            true => 0 < row.caught + row.panicked,
            false => row.caught == 0 && !(row.panics && 0 < row.panicked),
        };
        if self.rows.iter().any(|row| is_bad(&row)) {
            exit_code::FAILED
        } else {
            exit_code::ALL_PASSED
        }
    }
}

const HEAD: &str = "\
mutant                   caught   classic  X panic     p  grading  rule     by";

/// `E2a` before `E10a`.
fn sort_key(name: &str) -> (String, u32, String) {
    let rule = lab_mutants::rule_of(name);
    let number = rule.get(1..).and_then(|number| number.parse().ok()).unwrap_or(0);
    (name.chars().take(1).collect(), number, name.to_owned())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
