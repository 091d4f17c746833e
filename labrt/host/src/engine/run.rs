//! One simulation, from its first step to its last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::run_cell;
use super::safety_net;
use super::state::Engine;
use super::task::{NOBODY, Name};
use crate::Place;
use crate::config::{Clock, RunConfig};
use crate::dispatch::Entered;
use crate::failure::{Failure, FailureKind};
use crate::outcome::{Outcome, RunReport};

static RUNS: AtomicU64 = AtomicU64::new(1);

/// Runs `main` as the first lab thread of a new simulation, on a fresh OS thread: std draws the
/// keys of its `HashMap`s once per OS thread.
pub(crate) fn run<T: Send + 'static>(
    config: &RunConfig,
    main: impl FnOnce() -> T + Send + 'static,
    place: Place,
) -> Outcome<T> {
    super::panics::install_hook();
    safety_net::install();
    let config = config.clone();
    let seed = config.seed;
    let builder = std::thread::Builder::new().name("lab".to_owned());
    // The other end goes when the run is over, unless the run is given up.
    let (tell, given_up) = std::sync::mpsc::channel();
    let spawned = builder.spawn(move || simulate(&config, main, place, tell));
    if let Ok(given_up) = given_up.recv() {
        return given_up.into_outcome();
    }
    let failure = match spawned.map(std::thread::JoinHandle::join) {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(_)) => {
            (FailureKind::Host, "the engine itself panicked; this is a mistake in labrt".to_owned())
        }
        Err(refusal) => {
            (FailureKind::TooManyThreads, format!("the system refused a thread: {refusal}"))
        }
    };
    Outcome::failed(Clock::Virtual, seed, Failure::of_the_run(failure.0, failure.1))
}

fn simulate<T: Send + 'static>(
    config: &RunConfig,
    main: impl FnOnce() -> T + Send + 'static,
    place: Place,
    tell: safety_net::Tell,
) -> Outcome<T> {
    let id = RUNS.fetch_add(1, Ordering::Relaxed);
    run_cell::run_begins(id);
    let engine = Engine::new(config, id);
    // SAFETY: `engine` lives to the end of this function, and the guard is dropped before it.
    let entered = unsafe { Entered::virtual_time(&engine) };
    let watched = safety_net::begin(&engine, tell);

    let value = Arc::new(Mutex::new(None));
    let slot = value.clone();
    let body = Box::new(move || {
        let returned = main();
        *slot.lock() = Some(returned);
    });
    engine.spawn_boxed(NOBODY, Name::Fixed("main"), place, body);
    engine.run_to_the_end();
    let (elapsed_nanos, steps, hash, live_max) =
        engine.with(|s| (s.now, s.steps, s.hash, s.live_max));
    engine.end_all_tasks();
    drop(watched);

    let (failure, findings, trace, spawned, leaked) = engine.with(|s| {
        (s.failure.take(), std::mem::take(&mut s.findings), s.trace.take(), s.spawned, s.leaked)
    });
    let value = value.lock().take();
    drop(entered);
    run_cell::run_ends(id);
    let result = match (failure, value) {
        (Some(failure), _) => Err(failure),
        (None, Some(value)) => Ok(value),
        (None, None) => Err(Failure::of_the_run(
            FailureKind::Host,
            "the main function ended without a value; this is a mistake in labrt".to_owned(),
        )),
    };
    Outcome {
        result,
        findings,
        report: RunReport {
            seed: config.seed,
            clock: Clock::Virtual,
            elapsed: Duration::from_nanos(elapsed_nanos),
            steps,
            event_hash: hash,
            spawned,
            live_max,
            leaked,
            timer_lateness_max: Duration::ZERO,
        },
        trace,
    }
}
