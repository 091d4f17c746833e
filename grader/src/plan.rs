//! The flags and the file of points, checked once. Nobody reads a flag after this.

use std::path::PathBuf;

use lab_record::Clock;

use crate::cli::{ClockChoice, GradeArgs};
use crate::error::GradeError;
use crate::grading::Grading;
use crate::selection::select;

/// What is to be done, in which order, and with what.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) json: Option<PathBuf>,
    pub(crate) grading: Grading,
    /// Under the virtual clock first: it is over in seconds, and must not make the other late.
    pub(crate) lanes: Vec<Lane>,
}

/// The runs under one clock.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Runs at once.
    pub(crate) width: usize,
    pub(crate) runs: Vec<Run>,
}

/// One test with one seed under one clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) test: String,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
}

impl Run {
    /// The command that makes this run again.
    pub(crate) fn replay(&self) -> String {
        format!(
            "cargo test --release --test battery -- --exact {} --clock {} --seed {}",
            self.test, self.clock, self.seed
        )
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
}

fn lanes(args: &GradeArgs, grading: &Grading, tests: &[String]) -> Vec<Lane> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let lane = |clock, run_count: u32, width: usize| {
        let mut tests: Vec<&String> = tests.iter().collect();
        if clock == Clock::Real {
            let time = |test: &&String| grading.test(test).map(|test| test.real_time);
            tests.sort_by_key(|test| std::cmp::Reverse(time(test)));
        }
        let runs = tests.into_iter().flat_map(|test| {
            (0..u64::from(run_count)).map(|number| Run {
                test: test.clone(),
                clock,
                seed: args.seed.wrapping_add(number),
            })
        });
        Lane { width, runs: runs.collect() }
    };
    let default = grading.runs();
    let virtual_count = args.runs.unwrap_or(default.virtual_count).get();
    let real_count = match args.clock {
        ClockChoice::Real => args.runs.unwrap_or(default.real_count).get(),
        ClockChoice::Virtual | ClockChoice::Both => default.real_count.get(),
    };
    let virtual_lane = || lane(Clock::Virtual, virtual_count, args.jobs.map_or(cores, usize::from));
    let real_lane = || lane(Clock::Real, real_count, args.real_jobs.map_or(6 * cores, usize::from));
    match args.clock {
        ClockChoice::Virtual => vec![virtual_lane()],
        ClockChoice::Real => vec![real_lane()],
        ClockChoice::Both => vec![virtual_lane(), real_lane()],
    }
}
