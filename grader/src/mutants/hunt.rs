//! Running one mutant's tests over seeds.

use lab_record::Order;

use super::candidate::Candidate;
use crate::cli::{MutantsArgs, Until};
use crate::error::GradeError;
use crate::interrupt::interrupted;
use crate::plan::Run;
use crate::schedule::nonce;
use crate::verdict::{Judgement, Verdict, judge};
use crate::worker::Workshop;

/// How every mutant is tested.
#[derive(Debug)]
pub(crate) struct Hunt<'a> {
    pub(crate) options: &'a MutantsArgs,
    /// The battery's tests, in its order.
    pub(crate) tests: &'a [String],
}

/// What one test with one seed said of a mutant.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub(crate) seed: u64,
    pub(crate) test: String,
    pub(crate) what: What,
}

/// What a run amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Passed,
    /// Nothing can be said: inconclusive, or the framework went wrong.
    Undecided {
        text: String,
    },
    /// A thread of the mutant panicked.
    Panicked {
        text: String,
    },
    /// The battery found something.
    Caught {
        /// The rule in the headline.
        rule: Option<String>,
        text: String,
    },
}

/// Whether a test is one of the classic ones, and not of an X part.
pub(crate) fn is_classic(test: &str) -> bool {
    !crate::grading::part_of(test).ends_with('X')
}

/// How often a test was run for a mutant, and caught it.
#[derive(Clone, Copy, Debug, Default)]
struct Yield {
    runs: u32,
    catches: u32,
    seconds: f64,
}

impl Yield {
    /// Catches a second, as far as is known; a guess before the first run.
    fn rate(self) -> f64 {
        let (runs, catches) = (f64::from(self.runs), f64::from(self.catches));
        let catches_a_run = (catches + 0.1) / (runs + 0.5);
        let seconds_a_run = (self.seconds + 0.05) / (runs + 1.0);
        catches_a_run / seconds_a_run
    }
}

impl Hunt<'_> {
    /// Tests what was built, seed after seed, the most promising test first.
    pub(crate) fn run(
        &self,
        candidate: &Candidate<'_>,
        workshop: &Workshop<'_>,
    ) -> Result<Vec<Sighting>, GradeError> {
        let wanted = self.tests.iter().filter(|test| self.options.wants(test));
        let mut tests: Vec<(&String, Yield)> =
            wanted.map(|test| (test, Yield::default())).collect();
        let rank = |test: &String| {
            candidate.first.iter().position(|first| first == test).unwrap_or(usize::MAX)
        };
        tests.sort_by_key(|(test, _)| rank(test));

        let mut sightings = Vec::new();
        for seed in self.options.seeds() {
            let (mut classic_is_over, mut x_is_over) = (false, false);
            for (test, yielded) in &mut tests {
                let is_over = if is_classic(test) { classic_is_over } else { x_is_over };
                if is_over || interrupted() {
                    continue;
                }
                let began = std::time::Instant::now();
                let Some(what) = self.run_one(test, seed, workshop)? else { return Ok(sightings) };
                yielded.runs += 1;
                yielded.seconds += began.elapsed().as_secs_f64();
                // Of a mistake that is a panic nothing more than that is asked.
                let is_found = match what {
                    What::Caught { .. } => true,
                    What::Panicked { .. } => candidate.panics,
                    What::Passed | What::Undecided { .. } => false,
                };
                if is_found {
                    yielded.catches += 1;
                    match self.options.until {
                        Until::Caught => (classic_is_over, x_is_over) = (true, true),
                        Until::Columns if is_classic(test) => classic_is_over = true,
                        Until::Columns => x_is_over = true,
                        Until::Over => {}
                    }
                }
                sightings.push(Sighting { seed, test: (*test).clone(), what });
            }
            // What has caught it most cheaply so far goes first.
            tests.sort_by(|(_, one), (_, other)| other.rate().total_cmp(&one.rate()));
        }
        Ok(sightings)
    }

    /// `None` when interrupted.
    fn run_one(
        &self,
        test: &str,
        seed: u64,
        workshop: &Workshop<'_>,
    ) -> Result<Option<What>, GradeError> {
        let run = Run { test: test.to_owned(), clock: self.options.clock(), seed };
        let no_process = |source| GradeError::NoProcess { source };
        let order = Order::new(nonce().map_err(no_process)?, run.test.clone(), run.clock, seed);
        let ended = workshop.run(&order).map_err(no_process)?;
        Ok(judge(&run, &order, &ended).map(what))
    }
}

fn what(judgement: Judgement) -> What {
    let Judgement { verdict, text, record } = judgement;
    let finding = record.map(|record| record.finding);
    match verdict {
        Verdict::Pass => What::Passed,
        Verdict::Inconclusive | Verdict::FrameworkError => What::Undecided { text },
        Verdict::Fail | Verdict::Aborted => match finding {
            Some(finding) if finding.panicked => What::Panicked { text },
            finding => What::Caught { rule: finding.and_then(|finding| finding.rule), text },
        },
    }
}
