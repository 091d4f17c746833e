//! The flags and the file of points, checked once. Nobody reads a flag after this.

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

/// How wide the lanes are, and how many runs of a test they hold, if the lanes are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Widths {
    pub(crate) virtual_runs: Option<u32>,
    pub(crate) virtual_width: usize,
    pub(crate) real_runs: Option<u32>,
    pub(crate) real_width: usize,
}

impl Widths {
    /// As the flags say, or the file of points.
    pub(crate) fn of(args: &GradeArgs, grading: &Grading) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let default = grading.runs();
        let virtual_runs = args.runs.unwrap_or(default.virtual_count).get();
        let real_runs = match args.clock {
            ClockChoice::Real => args.runs.unwrap_or(default.real_count).get(),
            ClockChoice::Virtual | ClockChoice::Both => default.real_count.get(),
        };
        Widths {
            virtual_runs: (args.clock != ClockChoice::Real).then_some(virtual_runs),
            virtual_width: args.jobs.map_or(cores, usize::from),
            real_runs: (args.clock != ClockChoice::Virtual).then_some(real_runs),
            real_width: args.real_jobs.map_or(6 * cores, usize::from),
        }
    }
}

fn lanes(args: &GradeArgs, grading: &Grading, tests: &[String]) -> Vec<Lane<Run>> {
    let widths = Widths::of(args, grading);
    let lane = |clock, run_count: u32, width: usize| {
        let tests = in_order(tests, clock, grading);
        let tasks = tests.into_iter().flat_map(|test| {
            (0..u64::from(run_count)).map(|number| Run {
                test: test.clone(),
                clock,
                seed: args.seed.wrapping_add(number),
            })
        });
        Lane { width, tasks: tasks.collect() }
    };
    let virtual_lane =
        widths.virtual_runs.map(|count| lane(Clock::Virtual, count, widths.virtual_width));
    let real_lane = widths.real_runs.map(|count| lane(Clock::Real, count, widths.real_width));
    virtual_lane.into_iter().chain(real_lane).collect()
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
