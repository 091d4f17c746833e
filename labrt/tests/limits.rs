//! What has no end is ended, with a message that names the line; what only takes long is not.
#![allow(missing_docs)]

use labrt::channel::unbounded;
use labrt::sync::atomic::{AtomicBool, Ordering::SeqCst};
use labrt::sync::{Arc, Mutex};
use labrt::thread::{self, Builder};
use labrt::time::Duration;
use labrt_host::{Backend, Failure, FailureKind, Limits, Policy, RunConfig, run};

const MILLI: Duration = Duration::from_millis(1);

const STEPS: u64 = 100_000;

fn config() -> RunConfig {
    let limits = Limits {
        steps: STEPS,
        virtual_time: Duration::from_secs(100),
        live_threads: 100,
        ..Limits::default()
    };
    RunConfig::virtual_time(1).limits(limits)
}

/// Runs `program`, which must end at the limit on steps, and checks that one of `lines` is named.
#[track_caller]
fn spins(lines: &[u32], program: fn()) {
    for policy in [
        Policy::Seeded,
        Policy::EveryOperation,
        Policy::BlockingOnly,
        Policy::Pct { depth: 3, operations: 1000 },
    ] {
        let outcome = run(&config().policy(policy), program);
        let report = outcome.report;
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::StepLimit, "{policy:?}: {failure}");
        assert_eq!(report.steps, STEPS, "{policy:?}: not sooner, not later");
        assert_eq!(report.leaked, 0, "{policy:?}: what spins can be ended");
        assert!(failure.thread.is_some(), "{policy:?}: a thread is named: {failure}");
        let named = lines.iter().any(|line| {
            let begin = format!("{STEPS} steps were taken; the last one is at {}:{line}:", file!());
            let end = ": does a loop there wait for something without blocking?";
            failure.message.starts_with(&begin) && failure.message.ends_with(end)
        });
        assert!(named, "{policy:?}: one of the lines {lines:?} is named: {failure}");
        let first = failure.to_string().lines().next().map(str::to_owned).unwrap_or_default();
        assert!(first.starts_with("step limit reached, thread '"), "{first}");
    }
}

#[test]
fn a_spin_on_a_lock() {
    let line = line!() + 4;
    spins(&[line], || {
        let lock = Mutex::new(false);
        loop {
            if *lock.lock() {
                break;
            }
        }
    });
}

#[test]
fn a_spin_on_try_lock() {
    let line = line!() + 4;
    spins(&[line], || {
        let lock = Mutex::new(false);
        let _guard = lock.lock();
        while lock.try_lock().is_none() {}
    });
}

#[test]
fn a_spin_on_an_atomic() {
    let line = line!() + 3;
    spins(&[line], || {
        let flag = AtomicBool::new(false);
        while !flag.load(SeqCst) {}
    });
}

#[test]
fn a_spin_on_try_recv() {
    let line = line!() + 3;
    spins(&[line], || {
        let (_sender, receiver) = unbounded::<()>();
        while receiver.try_recv().is_err() {}
    });
}

#[test]
fn a_loop_that_yields() {
    let line = line!() + 4;
    spins(&[line, line - 1], || {
        let flag = AtomicBool::new(false);
        while !flag.load(SeqCst) {
            thread::yield_now();
        }
    });
}

#[test]
fn a_loop_that_yields_beside_others() {
    let line = line!() + 7;
    spins(&[line, line - 1], || {
        let flag = Arc::new(AtomicBool::new(false));
        for _ in 0..3 {
            let flag = flag.clone();
            thread::spawn(move || {
                while !flag.load(SeqCst) {
                    thread::yield_now();
                }
            });
        }
        thread::sleep(Duration::from_secs(50));
    });
}

/// Time passes in a spin, and others get their turn, so what it waits for comes.
#[test]
fn a_spin_on_what_another_thread_does() {
    for policy in
        [Policy::EveryOperation, Policy::BlockingOnly, Policy::Pct { depth: 3, operations: 1000 }]
    {
        let outcome = run(&config().policy(policy), || {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = flag.clone();
            thread::spawn(move || {
                thread::sleep(MILLI);
                theirs.store(true, SeqCst);
            });
            while !flag.load(SeqCst) {}
        });
        assert!(outcome.result.is_ok(), "{policy:?}: {:?}", outcome.result);
        assert!(
            outcome.report.steps < 40_000,
            "{policy:?}: {} steps of 100 ns",
            outcome.report.steps
        );
    }
}

#[test]
fn a_clean_up_that_never_ends_is_frozen() {
    struct Spins;
    impl Drop for Spins {
        fn drop(&mut self) {
            let flag = AtomicBool::new(false);
            while !flag.load(SeqCst) {}
        }
    }
    for backend in [Backend::Coroutines, Backend::OsThreads] {
        let outcome = run(&config().backend(backend), || {
            thread::spawn(|| {
                let _spins = Spins;
                thread::sleep(Duration::from_secs(1000));
            });
            thread::sleep(MILLI);
        });
        assert!(outcome.result.is_ok(), "main had returned: {:?}", outcome.result);
        assert_eq!(outcome.report.leaked, 1, "{backend:?}: it is counted");
    }
}

#[test]
fn a_run_that_goes_on_for_ever() {
    let outcome = run(&config(), || {
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::VirtualTimeLimit, "{failure}");
    assert_eq!(
        failure.message, "the run is still going on after 100s of virtual time",
        "{failure}"
    );
    let past = failure.at - Duration::from_secs(100);
    assert!(past < MILLI, "at the limit: {failure}");
    assert!(failure.to_string().contains("'main'"), "who is told:\n{failure}");
}

#[test]
fn a_wait_that_ends_after_the_limit() {
    let line = line!() + 2;
    let outcome = run(&config(), || {
        thread::sleep(Duration::from_secs(100_000));
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::VirtualTimeLimit, "{failure}");
    assert!(failure.at < Duration::from_secs(101), "as of the limit, not of the wait: {failure}");
    let wait = failure.threads[0].waits.as_ref().expect("main sleeps");
    assert_eq!(wait.place.line(), line, "where");
}

#[test]
fn a_run_just_within_its_limits() {
    let outcome = run(&config(), || {
        thread::sleep(Duration::from_millis(99_990));
        let threads: Vec<_> = (0..99).map(|_| thread::spawn(|| thread::sleep(MILLI))).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("it returns"));
    });
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.report.live_max, 100, "main and 99");
}

fn too_many(failure: &Failure, line: u32) {
    assert_eq!(failure.kind, FailureKind::TooManyThreads, "{failure}");
    assert_eq!(failure.thread.as_deref(), Some("main"), "who started one too many");
    let begin = format!(
        "101 lab threads are alive at once, and the limit is 100; 99 of them were spawned at {}:{line}:",
        file!()
    );
    assert!(failure.message.starts_with(&begin), "{begin}\nbegins\n{failure}");
    assert!(failure.threads.len() <= 20, "not a line for each of them: {}", failure.threads.len());
}

#[test]
fn threads_that_are_never_joined() {
    for backend in [Backend::Coroutines, Backend::OsThreads] {
        let line = line!() + 9;
        let outcome = run(&config().backend(backend), || {
            let (_hold, wait) = unbounded::<()>();
            Builder::new()
                .name("the other".to_owned())
                .spawn(|| thread::sleep(Duration::MAX))
                .expect("a thread");
            loop {
                let wait = wait.clone();
                thread::spawn(move || wait.recv());
            }
        });
        let leaked = outcome.report.leaked;
        too_many(&outcome.unwrap_failure(), line);
        assert_eq!(leaked, 0, "{backend:?}: all of them can be ended");
    }
}

#[test]
fn threads_that_end_do_not_count() {
    let outcome = run(&config(), || {
        for _ in 0..1000 {
            thread::spawn(|| ()).join().expect("it returns");
        }
    });
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!((outcome.report.spawned, outcome.report.live_max), (1001, 2), "one at a time");
}
