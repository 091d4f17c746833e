//! The flags and the file of points, checked once. Nobody reads a flag after this.

use std::num::NonZeroU32;
use std::path::PathBuf;

use lab_record::Clock;

use crate::cli::{ClockChoice, GradeArgs};
use crate::error::GradeError;
use crate::grading::Grading;
use crate::report::model::hash_text;
use crate::schedule::Lane;
use crate::selection::select;

/// What is to be done, in which order, and with what.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) json: Option<PathBuf>,
    pub(crate) grading: Grading,
    /// Under the virtual clock first: it is over in seconds, and must not make the other late.
    pub(crate) lanes: Vec<Lane<Run>>,
}

/// One test with one seed under one clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) test: String,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
}

impl Run {
    /// The command that makes this run again, and says so if it goes another way than one whose
    /// event hash is given.
    pub(crate) fn replay(&self, event_hash: Option<u64>) -> String {
        let clock = match self.clock {
            Clock::Virtual => "",
            Clock::Real => " --clock real",
        };
        let expect = match event_hash {
            Some(hash) => format!(" --expect {}", hash_text(hash)),
            None => String::new(),
        };
        format!("./grade.sh replay {} --seed {}{clock}{expect}", self.test, self.seed)
    }
}

impl Plan {
    /// Checks everything that can be checked before anything is built.
    pub(crate) fn check(args: &GradeArgs) -> Result<Self, GradeError> {
        let grading = Grading::of(&args.battery)?;
        let tests = select(&args.selection, &grading)?;
        let lanes = lanes(args, &grading, &tests);
        Ok(Plan { json: args.json.clone(), grading, lanes })
    }

    /// All of its runs.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.lanes.iter().flat_map(|lane| &lane.tasks)
    }
}

/// How wide the lanes are, and what says how often they hold a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Widths {
    clocks: ClockChoice,
    /// In place of what the file of points says: of the real clock only if it is the only one.
    runs: Option<NonZeroU32>,
    pub(crate) virtual_width: usize,
    pub(crate) real_width: usize,
}

impl Widths {
    /// As the flags say, or the file of points.
    pub(crate) fn of(args: &GradeArgs) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Widths {
            clocks: args.clock,
            runs: args.runs,
            virtual_width: args.jobs.map_or(cores, usize::from),
            real_width: args.real_jobs.map_or(6 * cores, usize::from),
        }
    }

    /// How often a test is run under a clock.
    pub(crate) fn runs_of(&self, test: &str, clock: Clock, grading: &Grading) -> u64 {
        let said = grading.runs_of(test);
        let count = match (clock, self.clocks) {
            (Clock::Virtual, ClockChoice::Real) | (Clock::Real, ClockChoice::Virtual) => return 0,
            (Clock::Virtual, _) => self.runs.unwrap_or(said.virtual_count),
            (Clock::Real, ClockChoice::Real) => self.runs.unwrap_or(said.real_count),
            (Clock::Real, ClockChoice::Both) => said.real_count,
        };
        count.get().into()
    }
}

fn lanes(args: &GradeArgs, grading: &Grading, tests: &[String]) -> Vec<Lane<Run>> {
    let widths = Widths::of(args);
    let lane = |clock, width: usize| {
        let tests = in_order(tests, clock, grading);
        let tasks = tests.into_iter().flat_map(|test| {
            (0..widths.runs_of(test, clock, grading)).map(|number| Run {
                test: test.clone(),
                clock,
                seed: args.seed.wrapping_add(number),
            })
        });
        Lane { width, tasks: tasks.collect() }
    };
    let lanes = [lane(Clock::Virtual, widths.virtual_width), lane(Clock::Real, widths.real_width)];
    lanes.into_iter().filter(|lane| !lane.tasks.is_empty()).collect()
}

/// Under the real clock the longest tests start first.
pub(crate) fn in_order<'a>(
    tests: &'a [String],
    clock: Clock,
    grading: &Grading,
) -> Vec<&'a String> {
    let mut tests: Vec<&String> = tests.iter().collect();
    if clock == Clock::Real {
        let time = |test: &&String| grading.test(test).map(|test| test.real_time);
        tests.sort_by_key(|test| std::cmp::Reverse(time(test)));
    }
    tests
}
