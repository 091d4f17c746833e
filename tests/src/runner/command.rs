//! The battery binary: arguments in, exit code out.

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::Parser;
use labrt_host::{Clock, RunConfig};
use libtest_mimic::{Failed, Trial};

use super::one::run_edition;
use super::ordered::answer;
use super::process::{NOT_PASSED, Output, PASSED, run_in_process};
use crate::args::Args;
use crate::battery::{TESTS, Test};
use crate::harness::Submission;
use crate::report::{Replay, TestRun, Verdict};

/// The main function of a battery binary: tests `submission` as the command line says.
pub fn main(submission: Submission) -> ExitCode {
    // First of all, so that nothing else can read the order.
    if let Some(answered) = answer(submission) {
        return answered;
    }
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(draw_seed);
    let replay = Replay { clock: args.clock(), seed, edition: args.edition };
    if args.in_process && !args.list {
        return run_here(&args, submission, replay);
    }
    run_in_processes(&args, replay)
}

/// Small, since people copy it.
fn draw_seed() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000_000
}

/// The selected tests in this process, in the order of the table.
fn run_here(args: &Args, submission: Submission, replay: Replay) -> ExitCode {
    let config = match replay.clock {
        Clock::Virtual => RunConfig::virtual_time(replay.seed),
        Clock::Real => RunConfig::real_time(replay.seed),
    };
    let mut exit_code = PASSED;
    for test in TESTS.iter().filter(|test| args.selects(test)) {
        println!("Test ({}): {} ...", test.part, test.title);
        let run = run_edition(test, submission, &config, replay.edition).0;
        print!("{}", run.text);
        if run.verdict != Verdict::Pass {
            // What a replay must be of, to be the same run.
            println!("version framework {}{}", env!("CARGO_PKG_VERSION"), hash(&run, replay.clock));
            exit_code = NOT_PASSED;
        }
    }
    ExitCode::from(u8::try_from(exit_code).expect("exit codes are small"))
}

fn hash(run: &TestRun, clock: Clock) -> String {
    match clock {
        Clock::Virtual => format!(", event hash {:016x}", run.event_hash),
        Clock::Real => String::new(),
    }
}

/// What tests that passed have printed, as it comes in.
type Passed = Arc<Mutex<Vec<(&'static str, String)>>>;

/// The selected tests, each in a process of its own.
fn run_in_processes(args: &Args, replay: Replay) -> ExitCode {
    if args.is_for_people() {
        let clock = if replay.clock == Clock::Virtual { "virtual" } else { "real" };
        println!("\nbattery: {clock} clock, seed {}", replay.seed);
    }
    let passed = Passed::default();
    let output = if args.no_capture { Output::Shown } else { Output::Captured };
    let trials = TESTS.iter().map(|test| trial(test, replay, output, passed.clone()));
    let conclusion = libtest_mimic::run(&args.for_mimic(TESTS), trials.collect());
    if args.is_for_people() {
        print_passed(&passed.lock().expect("no trial panics"), args.show_output);
    }
    conclusion.exit_code()
}

fn trial(test: &'static Test, replay: Replay, output: Output, passed: Passed) -> Trial {
    Trial::test(test.name, move || {
        let ended = run_in_process(test, replay, output)
            .map_err(|error| Failed::from(format!("the test's process cannot be run: {error}")))?;
        if let Some(failure) = ended.failure(test, replay, output) {
            return Err(failure.into());
        }
        passed.lock().expect("no trial panics").push((test.name, ended.printed));
        Ok(())
    })
}

/// The closing lines of the tests that passed, in the order of the table; on request, all that
/// they printed.
fn print_passed(passed: &[(&'static str, String)], everything: bool) {
    let width = TESTS.iter().map(|test| test.name.len()).max().unwrap_or_default();
    for test in TESTS {
        let Some((name, printed)) = passed.iter().find(|(name, _)| *name == test.name) else {
            continue;
        };
        if everything {
            println!("---- {name} ----\n{printed}");
        } else if let Some(line) = printed.lines().last().filter(|line| !line.is_empty()) {
            println!("{name:width$}{line}");
        }
    }
}
