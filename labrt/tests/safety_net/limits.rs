//! What the engine's own limits say: spins, too many threads, too little memory for maps, too
//! long a run.

use std::time::Duration;

use labrt::sync::atomic::{AtomicBool, Ordering};
use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt_host::{FailureKind, Limits, Policy, RunConfig, run};

use crate::common::assert_names;
use crate::common::place;

fn config(limits: Limits) -> RunConfig {
    RunConfig::virtual_time(1).limits(limits)
}

#[test]
fn a_spin_on_a_lock_ends_when_the_holder_is_done() {
    let config = config(Limits { steps: 1_000_000, ..Limits::default() });
    let outcome = run(&config.policy(Policy::EveryOperation), || {
        let lock = Arc::new(Mutex::new(()));
        let theirs = lock.clone();
        let holder = thread::spawn(move || {
            let _guard = theirs.lock();
            thread::sleep(Duration::from_millis(1));
        });
        thread::yield_now();
        while lock.try_lock().is_none() {}
        holder.join().ok();
    });
    outcome.unwrap();
}

#[test]
fn a_spin_on_a_lock_that_is_never_free_meets_the_step_limit() {
    let place = place!(5);
    let outcome = run(&config(Limits { steps: 100_000, ..Limits::default() }), || {
        let lock = Arc::new(Mutex::new(()));
        let guard = lock.lock();
        let theirs = lock.clone();
        let spinner = thread::spawn(move || while theirs.try_lock().is_none() {});
        spinner.join().ok();
        drop(guard);
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::StepLimit, "{failure}");
    let name = place.rsplit_once('/').map_or(place.as_str(), |(_, name)| name);
    assert_names(&failure, name, &place);
}

#[test]
fn a_spin_on_an_atomic_meets_the_step_limit() {
    let place = place!(3);
    let outcome = run(&config(Limits { steps: 100_000, ..Limits::default() }), || {
        let flag = AtomicBool::new(false);
        while !flag.load(Ordering::SeqCst) {}
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::StepLimit, "{failure}");
    assert_names(&failure, "main", &place);
}

#[test]
fn as_many_threads_as_the_limit_allows_are_let_alone() {
    let outcome = run(&config(Limits { live_threads: 101, ..Limits::default() }), || {
        let threads: Vec<_> =
            (0..100).map(|_| thread::spawn(|| thread::sleep(Duration::from_secs(1)))).collect();
        threads.into_iter().for_each(|thread| drop(thread.join()));
    });
    assert_eq!(outcome.report.live_max, 101, "all were alive at once");
    outcome.unwrap();
}

#[test]
fn one_thread_more_fails_the_run() {
    let place = place!(3);
    let outcome = run(&config(Limits { live_threads: 100, ..Limits::default() }), || {
        for _ in 0..100 {
            thread::spawn(|| thread::sleep(Duration::from_secs(1)));
        }
        thread::sleep(Duration::from_secs(2));
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::TooManyThreads, "{failure}");
    assert_names(&failure, "main", &place);
}

#[test]
fn a_run_within_its_wall_limit_is_let_alone() {
    let limits = Limits { wall: Duration::from_secs(60), ..Limits::default() };
    run(&config(limits), || thread::sleep(Duration::from_secs(600))).unwrap();
}

#[test]
fn a_run_beyond_its_wall_limit_fails_at_the_next_step() {
    let limits = Limits { wall: Duration::from_millis(50), ..Limits::default() };
    let place = place!(3);
    let outcome = run(&config(limits), || {
        loop {
            thread::sleep(Duration::from_nanos(1))
        }
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::WallLimit, "{failure}");
    assert_names(&failure, "main", &place);
}
