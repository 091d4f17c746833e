//! The door: a program and a configuration in, an outcome out.

use std::panic::Location;

use crate::config::{Clock, RunConfig, Trace};
use crate::dispatch::{Current, current};
use crate::engine;
use crate::failure::{Failure, FailureKind};
use crate::kill;
use crate::outcome::{Outcome, RunReport};
use crate::real::{RealOutcome, RealRun};
use crate::trace::{Divergence, first_divergence};

/// Runs `main` as the first lab thread of a new run, to its end, under the clock of `config`.
///
/// When `main` has returned, or anything has failed, all other lab threads of the run are ended.
/// A panic on any lab thread fails the run. Blocks the calling OS thread. Any number of runs may
/// go on in one process, each on an OS thread of its own.
///
/// # Panics
/// If called from a lab thread: runs do not nest.
///
/// ```
/// use labrt_host::{RunConfig, run};
/// let outcome = run(&RunConfig::virtual_time(1), || 6 * 7);
/// assert_eq!(outcome.unwrap(), 42);
/// ```
#[track_caller]
pub fn run<T: Send + 'static>(
    config: &RunConfig,
    main: impl FnOnce() -> T + Send + 'static,
) -> Outcome<T> {
    assert!(
        matches!(current(), Current::Outside),
        "a run was started from a lab thread; runs do not nest"
    );
    match config.clock {
        Clock::Virtual => engine::run::run(config, main, Location::caller()),
        Clock::Real => real_outcome(config, RealRun::start(config, main)),
    }
}

fn real_outcome<T>(config: &RunConfig, outcome: RealOutcome<T>) -> Outcome<T> {
    Outcome {
        result: outcome.result,
        findings: outcome.findings,
        report: RunReport {
            seed: config.seed,
            clock: Clock::Real,
            elapsed: outcome.elapsed,
            steps: 0,
            event_hash: 0,
            spawned: outcome.spawned,
            live_max: outcome.live_max,
            leaked: outcome.leaked as u64,
            timer_lateness_max: outcome.timer_lateness_max,
        },
        trace: None,
    }
}

/// Runs the program twice with the same seed under the virtual clock, and says where the second
/// run went another way, if it did.
///
/// ```
/// use labrt_host::{RunConfig, find_divergence};
/// assert_eq!(find_divergence(&RunConfig::virtual_time(1), || ()), None);
/// ```
#[track_caller]
pub fn find_divergence<T: Send + 'static>(
    config: &RunConfig,
    main: impl Fn() -> T + Clone + Send + 'static,
) -> Option<Divergence> {
    let config = RunConfig { clock: Clock::Virtual, ..config.clone() }.trace(Trace::On);
    let first = run(&config, main.clone()).trace.unwrap_or_default();
    let second = run(&config, main).trace.unwrap_or_default();
    first_divergence(&first, &second)
}

/// Ends the run the caller is in with a failure of kind [`FailureKind::Host`], and unwinds the
/// caller. For the host, which has found out something: a test that fails, a misuse.
///
/// # Panics
/// With `message`, if called outside a run.
pub fn fail(message: impl Into<String>) -> ! {
    stop(message);
    let again = std::thread::panicking();
    match current() {
        Current::Virtual(engine) if again => engine.freeze(),
        Current::Real(_) if again => {
            // A second unwinding would end the process. The run is over; this OS thread rests.
            loop {
                std::thread::park();
            }
        }
        _ => kill::die(),
    }
}

/// As [`fail`], and comes back: the caller goes on until its next scheduling point. For taps,
/// observers and events, which must not unwind.
///
/// # Panics
/// With `message`, if called outside a run.
pub fn stop(message: impl Into<String>) {
    let message = message.into();
    match current() {
        Current::Outside => panic!("{message}"),
        Current::Real(thread) => {
            let mut failure = Failure::of_the_run(FailureKind::Host, message);
            failure.thread = Some(thread.name().to_owned());
            failure.machine = thread.machine().map(|machine| machine.name().to_owned());
            failure.at = thread.now();
            thread.run().stop(failure);
        }
        Current::Virtual(engine) => engine.set_failure(FailureKind::Host, message, None),
    }
}
