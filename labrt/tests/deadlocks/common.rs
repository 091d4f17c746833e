//! Programs run under every policy: one that must deadlock, one that must be let alone.

use std::panic::Location;

use labrt::thread::{self, Builder, JoinHandle};
use labrt::time::Duration;
use labrt_host::{Failure, FailureKind, FindingKind, Operation, Policy, RunConfig, run};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLI: Duration = Duration::from_millis(1);

pub(crate) const POLICIES: [Policy; 4] = [
    Policy::EveryOperation,
    Policy::Sometimes { one_in: 3 },
    Policy::BlockingOnly,
    Policy::Pct { depth: 3, operations: 100 },
];

#[track_caller]
pub(crate) fn named<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    Builder::new().name(name.to_owned()).spawn(body).expect("threads can be had")
}

/// A thread that never stops, and never has anything to do with anybody.
pub(crate) fn ticker() {
    named("ticker", || {
        loop {
            thread::sleep(MILLI);
        }
    });
}

/// Runs `program`, which must deadlock, beside a ticker and a main thread that would sleep for a
/// minute. The circle must be found as it forms.
#[track_caller]
pub(crate) fn deadlock(program: impl Fn() + Clone + Send + 'static) -> Failure {
    for policy in POLICIES {
        for seed in 0..3 {
            let program = program.clone();
            let outcome = run(&RunConfig::virtual_time(seed).policy(policy), move || {
                ticker();
                program();
                (0..60).for_each(|_| thread::sleep(SECOND));
            });
            let (elapsed, leaked) = (outcome.report.elapsed, outcome.report.leaked);
            let failure = outcome.unwrap_failure();
            assert_eq!(
                failure.kind,
                FailureKind::DeadlockCycle,
                "{policy:?}, seed {seed}: {failure}"
            );
            assert_eq!(leaked, 0, "{policy:?}, seed {seed}: what deadlocks can still be ended");
            let formed = circle(&failure)
                .filter_map(|thread| thread.waits.as_ref())
                .map(|wait| wait.since)
                .max();
            assert_eq!(
                Some(failure.at),
                formed,
                "{policy:?}: it formed with the last wait: {failure}"
            );
            // A circle through a send is only likely at first: it must stand for a while.
            let sends = circle(&failure)
                .filter_map(|thread| thread.waits.as_ref())
                .any(|wait| wait.operation == Operation::Send);
            let soon = if sends { SECOND * 2 + MILLI } else { MILLI };
            assert!(elapsed - failure.at <= soon, "{policy:?}: told soon, not at {elapsed:?}");
            if policy == POLICIES[3] && seed == 2 {
                return failure;
            }
        }
    }
    unreachable!("the loop returns")
}

/// The threads that the message counts as part of the circle.
fn circle(failure: &Failure) -> impl Iterator<Item = &labrt_host::watch::ThreadReport> {
    failure.threads.iter().filter(|thread| {
        let line = thread.to_string();
        failure.message.lines().any(|of_circle| of_circle.trim() == line.trim())
    })
}

/// One thread of a circle: who, what it waits for and on which line, where its locks were taken.
pub(crate) type Member<'a> = (&'a str, Operation, u32, &'a [u32]);

#[track_caller]
pub(crate) fn assert_circle(failure: &Failure, mut expected: Vec<Member<'_>>) {
    let file = Location::caller().file();
    let holds: Vec<Vec<u32>> = circle(failure)
        .map(|thread| thread.holds.iter().map(|place| place.line()).collect())
        .collect();
    let mut found: Vec<Member<'_>> = circle(failure)
        .zip(&holds)
        .map(|(thread, holds)| {
            let wait = thread.waits.as_ref().expect("who is in a circle waits");
            assert_eq!(wait.place.file(), file, "places are those of the program");
            (thread.name.as_str(), wait.operation, wait.place.line(), holds.as_slice())
        })
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "the circle, in this report:\n{failure}");
    let text = failure.to_string();
    for (name, operation, line, holds) in expected {
        let waits = format!("'{name}'");
        assert!(text.contains(&waits), "{waits} is named:\n{text}");
        let at = format!("{} at {file}:{line}:", operation.verb());
        assert!(text.contains(&at), "{at} is told:\n{text}");
        for line in holds {
            let held = format!("holds the lock taken at {file}:{line}:");
            assert!(text.contains(&held), "{held} is told:\n{text}");
        }
    }
}

/// Runs `program`, which must be let alone, under every policy.
#[track_caller]
pub(crate) fn accepted(program: impl Fn() + Clone + Send + 'static) {
    for policy in POLICIES {
        for seed in 0..20 {
            let program = program.clone();
            let outcome = run(&RunConfig::virtual_time(seed).policy(policy), move || {
                ticker();
                program();
            });
            if let Err(failure) = &outcome.result {
                panic!("{policy:?}, seed {seed}: {failure}");
            }
            for finding in &outcome.findings {
                let forgotten = matches!(finding.kind, FindingKind::ForgottenNotify { .. });
                assert!(!forgotten, "{policy:?}, seed {seed}: {finding}");
            }
        }
    }
}
