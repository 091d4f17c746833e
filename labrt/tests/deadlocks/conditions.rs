//! Condition waits: a change that nobody was told of, a notifier that cannot come.

use labrt::sync::{Arc, Condvar, Mutex};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{FailureKind, FindingKind, Operation, Outcome, RunConfig, run};

use crate::common::{MILLI, POLICIES, SECOND, accepted, named, ticker};
use crate::lines::Lines;

type Shared = Arc<(Mutex<u32>, Condvar)>;

#[track_caller]
fn only_forgotten_notify<T>(outcome: &Outcome<T>) -> (u32, u32, Duration, Duration, u64) {
    let [finding] = &outcome.findings[..] else {
        panic!("one finding: {:?}", outcome.findings);
    };
    match finding.kind {
        FindingKind::ForgottenNotify { waits_at, changed_at, since } => {
            assert_eq!(finding.kind.rule(), Some("S2"), "the rule");
            (waits_at.line(), changed_at.line(), since, finding.at, finding.count)
        }
        _ => panic!("{finding}"),
    }
}

/// A thread changes what another waits for, two seconds in, and notifies nobody.
fn forgets(at: &Lines, shared: &Shared) {
    let (theirs, at_waiter) = (shared.clone(), at.clone());
    named("waiter", move || {
        let mut value = theirs.0.lock();
        at_waiter.next("wait");
        theirs.1.wait_while(&mut value, |value| *value == 0);
    });
    let (theirs, at) = (shared.clone(), at.clone());
    named("forgetful", move || {
        thread::sleep(SECOND * 2);
        at.next("change");
        *theirs.0.lock() = 1;
    });
}

#[test]
fn a_change_that_nobody_is_told_of() {
    for policy in POLICIES {
        let lines = Lines::default();
        let at = lines.clone();
        let outcome = run(&RunConfig::virtual_time(1).policy(policy), move || {
            ticker();
            forgets(&at, &Arc::default());
            thread::sleep(SECOND * 60);
        });
        assert!(outcome.result.is_ok(), "a finding, no failure: {:?}", outcome.result);
        let (waits, changed, since, at, count) = only_forgotten_notify(&outcome);
        assert_eq!(
            (waits, changed),
            (lines.of("wait"), lines.of("change")),
            "{policy:?}: both places"
        );
        assert_eq!(outcome.findings[0].thread, "waiter", "who waits");
        assert_eq!(count, 1, "once");
        assert!(SECOND * 2 <= since && since < SECOND * 2 + MILLI, "changed at {since:?}");
        assert!(SECOND * 3 <= at && at < SECOND * 3 + MILLI * 20, "told a second later: {at:?}");
        let text = outcome.findings[0].to_string();
        let begin = format!("rule S2: what the Condvar wait at {}:{waits}:", file!());
        assert!(text.starts_with(&begin), "{begin}\nbegins\n{text}");
        let end = format!("and nobody notified it (thread 'waiter', at {at:?})");
        assert!(text.ends_with(&end), "{end}\nends\n{text}");
    }
}

#[test]
fn a_change_that_nobody_is_told_of_while_others_use_the_lock() {
    for policy in POLICIES {
        let lines = Lines::default();
        let at = lines.clone();
        let outcome = run(&RunConfig::virtual_time(1).policy(policy), move || {
            let shared: Shared = Arc::default();
            let theirs = shared.clone();
            named("reader", move || {
                loop {
                    thread::sleep(MILLI * 3);
                    let _looks = *theirs.0.lock();
                }
            });
            forgets(&at, &shared);
            thread::sleep(SECOND * 60);
        });
        let (waits, changed, since, at, _) = only_forgotten_notify(&outcome);
        assert_eq!(
            (waits, changed),
            (lines.of("wait"), lines.of("change")),
            "{policy:?}: both places"
        );
        assert!(SECOND * 2 <= since && since < SECOND * 2 + MILLI * 20, "changed at {since:?}");
        assert!(at < SECOND * 4, "told soon: {at:?}");
    }
}

#[test]
fn a_change_that_is_told_is_accepted() {
    accepted(|| {
        let shared: Shared = Arc::default();
        let theirs = shared.clone();
        let waiter = thread::spawn(move || {
            theirs.1.wait_while(&mut theirs.0.lock(), |value| *value < 3);
        });
        for _ in 0..3 {
            thread::sleep(SECOND * 2);
            *shared.0.lock() += 1;
            shared.1.notify_one();
        }
        waiter.join().expect("it goes on");
    });
}

#[test]
fn a_change_that_is_told_a_little_later_is_accepted() {
    accepted(|| {
        let shared: Shared = Arc::default();
        let theirs = shared.clone();
        let waiter = thread::spawn(move || {
            theirs.1.wait_while(&mut theirs.0.lock(), |value| *value == 0);
        });
        thread::sleep(MILLI);
        *shared.0.lock() = 1;
        thread::sleep(SECOND / 2);
        shared.1.notify_all();
        waiter.join().expect("it goes on");
    });
}

#[test]
fn a_timed_wait_that_looks_for_itself_is_accepted() {
    accepted(|| {
        let shared: Shared = Arc::default();
        let theirs = shared.clone();
        let waiter = thread::spawn(move || {
            let mut value = theirs.0.lock();
            while *value == 0 {
                theirs.1.wait_while_for(&mut value, |value| *value == 0, MILLI * 100);
            }
        });
        thread::sleep(SECOND * 2);
        *shared.0.lock() = 1;
        waiter.join().expect("it goes on");
    });
}

#[test]
fn one_of_two_consumers_is_told_and_takes_it() {
    accepted(|| {
        let shared: Shared = Arc::default();
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    loop {
                        let mut items = shared.0.lock();
                        shared.1.wait_while(&mut items, |items| *items == 0);
                        if *items == u32::MAX {
                            return;
                        }
                        *items -= 1;
                        drop(items);
                        thread::sleep(MILLI);
                    }
                })
            })
            .collect();
        for _ in 0..4 {
            thread::sleep(SECOND * 3);
            *shared.0.lock() += 1;
            shared.1.notify_one(); // one item, one consumer
        }
        thread::sleep(SECOND * 3);
        *shared.0.lock() = u32::MAX;
        shared.1.notify_all();
        for consumer in consumers {
            consumer.join().expect("it goes on");
        }
    });
}

#[test]
fn items_that_are_always_told_of_are_accepted_however_many_come() {
    accepted(|| {
        let shared: Shared = Arc::default();
        for _ in 0..2 {
            let shared = shared.clone();
            thread::spawn(move || {
                loop {
                    let mut items = shared.0.lock();
                    shared.1.wait_while(&mut items, |items| *items == 0);
                    *items -= 1;
                }
            });
        }
        for _ in 0..400 {
            thread::sleep(MILLI * 10);
            let mut items = shared.0.lock();
            *items += 1;
            shared.1.notify_one();
        }
    });
}

#[test]
fn what_was_true_for_a_moment_only_is_accepted() {
    accepted(|| {
        let shared: Shared = Arc::default();
        let theirs = shared.clone();
        thread::spawn(move || {
            theirs.1.wait_while(&mut theirs.0.lock(), |value| *value == 0);
        });
        thread::sleep(SECOND);
        *shared.0.lock() = 1;
        thread::sleep(MILLI);
        *shared.0.lock() = 0; // taken back
        thread::sleep(SECOND * 5);
    });
}

#[test]
fn a_plain_wait_that_nobody_ends_is_told_when_nobody_can_run() {
    let lines = Lines::default();
    let at = lines.clone();
    let outcome = run(&RunConfig::virtual_time(1), move || {
        let shared: Shared = Arc::default();
        let theirs = shared.clone();
        let waiter = named("waiter", move || {
            let mut value = theirs.0.lock();
            while *value == 0 {
                at.next("wait");
                theirs.1.wait(&mut value);
            }
        });
        thread::sleep(SECOND);
        *shared.0.lock() = 1; // and no notify
        let _ = waiter.join();
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::NobodyCanRun, "{failure}");
    assert!(SECOND <= failure.at && failure.at < SECOND + MILLI, "as it forms: {failure}");
    let waiter = failure.threads.iter().find(|thread| thread.name == "waiter");
    let wait = waiter.and_then(|thread| thread.waits.as_ref()).expect("it waits");
    assert_eq!(
        (wait.operation, wait.place.line()),
        (Operation::ConditionWait, lines.of("wait")),
        "where:\n{failure}"
    );
    let main = failure.threads[0].waits.as_ref().expect("main waits");
    assert_eq!(main.needs.as_deref(), Some("which is 'waiter'"), "main joins it:\n{failure}");
}

#[test]
fn a_wait_under_a_second_lock_that_the_notifier_needs() {
    let lines = Lines::default();
    let at = lines.clone();
    let outcome = run(&RunConfig::virtual_time(1), move || {
        let outer = Arc::new(Mutex::new(()));
        let shared: Shared = Arc::default();
        let (theirs, outer_of_waiter, at_waiter) = (shared.clone(), outer.clone(), at.clone());
        named("waiter", move || {
            at_waiter.next("outer held");
            let _outer = outer_of_waiter.lock();
            let mut value = theirs.0.lock();
            at_waiter.next("wait");
            theirs.1.wait(&mut value);
        });
        thread::sleep(SECOND);
        at.next("outer wanted");
        let _outer = outer.lock();
        shared.1.notify_all();
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::NobodyCanRun, "{failure}");
    let main = failure.threads[0].waits.as_ref().expect("main waits");
    assert_eq!(
        (main.operation, main.place.line(), main.needs.as_deref()),
        (Operation::Lock, lines.of("outer wanted"), Some("held by 'waiter'")),
        "{failure}"
    );
    let holds: Vec<u32> = failure.threads[1].holds.iter().map(|place| place.line()).collect();
    assert_eq!(holds, [lines.of("outer held")], "the lock of the condition is free:\n{failure}");
}
