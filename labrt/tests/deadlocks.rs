//! Waits that never end: each is named when it forms, and beside each stands the nearest program
//! that must be let alone.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Mutex as StdMutex;

use labrt::channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread::{self, Builder, JoinHandle};
use labrt::time::Duration;
use labrt_host::{
    Failure, FailureKind, FindingKind, Machine, Operation, Outcome, Policy, RunConfig, run,
};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

const POLICIES: [Policy; 4] = [
    Policy::EveryOperation,
    Policy::Sometimes { one_in: 3 },
    Policy::BlockingOnly,
    Policy::Pct { depth: 3, operations: 100 },
];

/// Lines of the program under test, by what happens there.
#[derive(Clone, Default)]
struct Lines(Arc<StdMutex<BTreeMap<&'static str, u32>>>);

impl Lines {
    /// What happens on the next line.
    #[track_caller]
    fn next(&self, what: &'static str) {
        self.0.lock().expect("no thread panics here").insert(what, Location::caller().line() + 1);
    }

    #[track_caller]
    fn of(&self, what: &'static str) -> u32 {
        self.0.lock().expect("no thread panics here")[what]
    }
}

fn named<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    Builder::new().name(name.to_owned()).spawn(body).expect("threads can be had")
}

/// A thread that never stops, and never has anything to do with anybody.
fn ticker() {
    named("ticker", || {
        loop {
            thread::sleep(MILLI);
        }
    });
}

/// Runs `program`, which must deadlock, beside a ticker and a main thread that would sleep for a
/// minute. The circle must be found as it forms.
#[track_caller]
fn deadlock(program: impl Fn() + Clone + Send + 'static) -> Failure {
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
type Member<'a> = (&'a str, Operation, u32, &'a [u32]);

#[track_caller]
fn assert_circle(failure: &Failure, mut expected: Vec<Member<'_>>) {
    let holds: Vec<Vec<u32>> = circle(failure)
        .map(|thread| thread.holds.iter().map(|place| place.line()).collect())
        .collect();
    let mut found: Vec<Member<'_>> = circle(failure)
        .zip(&holds)
        .map(|(thread, holds)| {
            let wait = thread.waits.as_ref().expect("who is in a circle waits");
            assert_eq!(wait.place.file(), file!(), "places are those of the program");
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
        let at = format!("{} at {}:{line}:", operation.verb(), file!());
        assert!(text.contains(&at), "{at} is told:\n{text}");
        for line in holds {
            let held = format!("holds the lock taken at {}:{line}:", file!());
            assert!(text.contains(&held), "{held} is told:\n{text}");
        }
    }
}

/// Runs `program`, which must be let alone, under every policy.
#[track_caller]
fn accepted(program: impl Fn() + Clone + Send + 'static) {
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

mod locks {
    use super::*;

    #[test]
    fn a_thread_that_locks_twice() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let at = at.clone();
            named("selfish", move || {
                let lock = Mutex::new(());
                at.next("first");
                let _guard = lock.lock();
                at.next("second");
                let _again = lock.lock();
            });
        });
        let holds = [lines.of("first")];
        assert_circle(&failure, vec![("selfish", Operation::Lock, lines.of("second"), &holds)]);
        assert_eq!(failure.thread.as_deref(), Some("selfish"), "the failure is its");
    }

    #[test]
    fn a_lock_given_back_and_taken_again_is_accepted() {
        accepted(|| {
            let lock = Arc::new(Mutex::new(0));
            let theirs = lock.clone();
            let other = thread::spawn(move || (0..5).for_each(|_| *theirs.lock() += 1));
            for _ in 0..5 {
                *lock.lock() += 1;
                drop(lock.lock());
            }
            other.join().expect("it returns");
        });
    }

    fn ab_ba(at: &Lines) {
        let locks = Arc::new((Mutex::new("a"), Mutex::new("b")));
        let theirs = (locks.clone(), at.clone());
        named("a then b", move || {
            let (locks, at) = theirs;
            at.next("a");
            let _a = locks.0.lock();
            thread::sleep(MILLI);
            at.next("a b");
            let _b = locks.1.lock();
        });
        let at = at.clone();
        named("b then a", move || {
            at.next("b");
            let _b = locks.1.lock();
            thread::sleep(MILLI * 2);
            at.next("b a");
            let _a = locks.0.lock();
        });
    }

    #[test]
    fn two_locks_in_opposite_orders() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || ab_ba(&at));
        let (a, b) = ([lines.of("a")], [lines.of("b")]);
        assert_circle(
            &failure,
            vec![
                ("a then b", Operation::Lock, lines.of("a b"), &a),
                ("b then a", Operation::Lock, lines.of("b a"), &b),
            ],
        );
        assert!(MILLI * 2 <= failure.at && failure.at < MILLI * 3, "at the second wait: {failure}");
    }

    #[test]
    fn the_message_of_two_locks_in_opposite_orders() {
        let lines = Lines::default();
        let at = lines.clone();
        let config = RunConfig::virtual_time(1).policy(Policy::BlockingOnly);
        let place = line!() + 1;
        let outcome = run(&config, move || {
            ab_ba(&at);
            thread::sleep(SECOND);
        });
        let failure = outcome.unwrap_failure();
        let file = file!();
        let place_of = |what: &'static str| format!("{file}:{}:30", lines.of(what));
        let first = format!(
            "'a then b' waits for the Mutex at {} since {:?}, held by 'b then a'; holds the lock taken at {} (spawned at {file}:",
            place_of("a b"),
            failure.threads[1].waits.as_ref().expect("it waits").since,
            place_of("a"),
        );
        let second = format!(
            "'b then a' waits for the Mutex at {} since {:?}, held by 'a then b'; holds the lock taken at {} (spawned at {file}:",
            place_of("b a"),
            failure.at,
            place_of("b"),
        );
        let text = failure.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            format!(
                "deadlock: threads wait for each other in a circle, thread 'b then a', at {:?}",
                failure.at
            ),
            "what, who, when:\n{text}"
        );
        assert_eq!(
            lines[1],
            format!("  formed at {:?}: 2 threads wait in a circle", failure.at),
            "{text}"
        );
        assert!(lines[2].trim_start().starts_with(&second), "{second}\nbegins the line in\n{text}");
        assert!(lines[3].trim_start().starts_with(&first), "{first}\nbegins the line in\n{text}");
        assert_eq!(lines[4], "threads", "then everybody:\n{text}");
        let main = format!("  'main' sleeps at {file}:{}:13 since ", place + 2);
        assert!(lines[5].starts_with(&main), "{main}\nbegins the line in\n{text}");
        assert_eq!(lines.len(), 8, "main and the two:\n{text}");
    }

    #[test]
    fn two_locks_in_one_order_are_accepted() {
        accepted(|| {
            let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let locks = locks.clone();
                    thread::spawn(move || {
                        for _ in 0..5 {
                            let mut a = locks.0.lock();
                            let mut b = locks.1.lock();
                            *a += 1;
                            *b += 1;
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("it returns");
            }
        });
    }

    #[test]
    fn try_lock_in_the_opposite_order_is_accepted() {
        accepted(|| {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let theirs = locks.clone();
            let other = thread::spawn(move || {
                let _b = theirs.1.lock();
                for _ in 0..3 {
                    drop(theirs.0.try_lock());
                    thread::yield_now();
                }
            });
            for _ in 0..3 {
                let _a = locks.0.lock();
                let _b = locks.1.lock();
            }
            other.join().expect("it returns");
        });
    }

    #[test]
    fn three_threads_in_a_circle() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let locks: Arc<[Mutex<()>; 3]> = Arc::default();
            for number in 0..3 {
                let (locks, at) = (locks.clone(), at.clone());
                named(["zero", "one", "two"][number], move || {
                    at.next("own");
                    let _own = locks[number].lock();
                    thread::sleep(MILLI * (number as u32 + 1));
                    at.next("next");
                    let _next = locks[(number + 1) % 3].lock();
                });
            }
        });
        let (own, next) = ([lines.of("own")], lines.of("next"));
        let member = |name| (name, Operation::Lock, next, &own[..]);
        assert_circle(&failure, vec![member("zero"), member("one"), member("two")]);
        assert!(MILLI * 3 <= failure.at && failure.at < MILLI * 4, "at the third wait: {failure}");
    }

    #[test]
    fn philosophers_with_one_who_reaches_the_other_way_are_accepted() {
        accepted(|| {
            let forks: Arc<[Mutex<()>; 4]> = Arc::default();
            let philosophers: Vec<_> = (0..4_usize)
                .map(|number| {
                    let forks = forks.clone();
                    let (first, second) =
                        (number.min((number + 1) % 4), number.max((number + 1) % 4));
                    thread::spawn(move || {
                        for _ in 0..3 {
                            let _first = forks[first].lock();
                            thread::sleep(MILLI);
                            let _second = forks[second].lock();
                        }
                    })
                })
                .collect();
            for philosopher in philosophers {
                philosopher.join().expect("it has eaten");
            }
        });
    }

    #[test]
    fn who_waits_behind_a_circle_is_not_in_it() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let theirs = locks.clone();
            named("bystander", move || {
                thread::sleep(MILLI);
                let _a = theirs.0.lock();
            });
            let (theirs, at_1) = (locks.clone(), at.clone());
            named("first", move || {
                at_1.next("a");
                let _a = theirs.0.lock();
                thread::sleep(MILLI * 2);
                at_1.next("a b");
                let _b = theirs.1.lock();
            });
            let at = at.clone();
            named("second", move || {
                at.next("b");
                let _b = locks.1.lock();
                thread::sleep(MILLI * 3);
                at.next("b a");
                let _a = locks.0.lock();
            });
        });
        let (a, b) = ([lines.of("a")], [lines.of("b")]);
        assert_circle(
            &failure,
            vec![
                ("first", Operation::Lock, lines.of("a b"), &a),
                ("second", Operation::Lock, lines.of("b a"), &b),
            ],
        );
        let bystander = failure.threads.iter().find(|thread| thread.name == "bystander");
        let wait = bystander.and_then(|thread| thread.waits.as_ref()).expect("it is in the table");
        assert_eq!(wait.needs.as_deref(), Some("held by 'first'"), "and waits for one of them");
    }
}

mod rwlocks {
    use super::*;

    #[test]
    fn a_reader_that_reads_again_behind_a_waiting_writer() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let lock = Arc::new(RwLock::new(0));
            let (theirs, at_writer) = (lock.clone(), at.clone());
            named("writer", move || {
                thread::sleep(MILLI);
                at_writer.next("write");
                *theirs.write() += 1;
            });
            let at = at.clone();
            named("reader", move || {
                at.next("first read");
                let _first = lock.read();
                thread::sleep(MILLI * 2);
                at.next("second read");
                let _second = lock.read();
            });
        });
        let holds = [lines.of("first read")];
        assert_circle(
            &failure,
            vec![
                ("reader", Operation::Read, lines.of("second read"), &holds),
                ("writer", Operation::Write, lines.of("write"), &[]),
            ],
        );
    }

    #[test]
    fn reading_twice_without_a_writer_is_accepted() {
        accepted(|| {
            let lock = Arc::new(RwLock::new(0));
            let theirs = lock.clone();
            let other = thread::spawn(move || {
                let first = theirs.read();
                thread::sleep(MILLI);
                assert_eq!(*first, *theirs.read(), "two reads");
            });
            let first = lock.read();
            assert_eq!(*first, *lock.read(), "two reads");
            drop(first);
            other.join().expect("it returns");
        });
    }

    #[test]
    fn a_reader_that_wants_to_write() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let at = at.clone();
            named("upgrades", move || {
                let lock = RwLock::new(0);
                at.next("read");
                let _read = lock.read();
                at.next("write");
                *lock.write() += 1;
            });
        });
        let holds = [lines.of("read")];
        assert_circle(&failure, vec![("upgrades", Operation::Write, lines.of("write"), &holds)]);
    }

    #[test]
    fn a_mutex_and_a_rwlock_in_opposite_orders() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let locks = Arc::new((Mutex::new(()), RwLock::new(())));
            let (theirs, at_1) = (locks.clone(), at.clone());
            named("reads", move || {
                at_1.next("read");
                let _read = theirs.1.read();
                thread::sleep(MILLI);
                at_1.next("read lock");
                let _lock = theirs.0.lock();
            });
            let at = at.clone();
            named("writes", move || {
                at.next("lock");
                let _lock = locks.0.lock();
                thread::sleep(MILLI);
                at.next("lock write");
                let _write = locks.1.write();
            });
        });
        let (read, lock) = ([lines.of("read")], [lines.of("lock")]);
        assert_circle(
            &failure,
            vec![
                ("reads", Operation::Lock, lines.of("read lock"), &read),
                ("writes", Operation::Write, lines.of("lock write"), &lock),
            ],
        );
    }

    #[test]
    fn readers_and_writers_that_come_and_go_are_accepted() {
        accepted(|| {
            let lock = Arc::new(RwLock::new(0));
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let lock = lock.clone();
                    thread::spawn(move || {
                        for _ in 0..4 {
                            match number {
                                0 => *lock.write() += 1,
                                _ => assert!(*lock.read() <= 4, "four writes"),
                            }
                            thread::sleep(MILLI);
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("it returns");
            }
        });
    }
}

mod joins {
    use super::*;

    #[test]
    fn a_thread_joined_by_itself() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let (sender, receiver) = unbounded::<JoinHandle<()>>();
            let at = at.clone();
            let handle = named("ouroboros", move || {
                let myself = receiver.recv().expect("it is sent");
                at.next("join");
                let _ = myself.join();
            });
            sender.send(handle).expect("the thread waits for it");
        });
        assert_circle(&failure, vec![("ouroboros", Operation::Join, lines.of("join"), &[])]);
    }

    #[test]
    fn two_threads_that_join_each_other() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let (sender, receiver) = unbounded::<JoinHandle<()>>();
            let at_first = at.clone();
            let first = named("first", move || {
                let other = receiver.recv().expect("it is sent");
                at_first.next("first joins");
                let _ = other.join();
            });
            let at = at.clone();
            let second = named("second", move || {
                thread::sleep(MILLI);
                at.next("second joins");
                let _ = first.join();
            });
            sender.send(second).expect("the first waits for it");
        });
        assert_circle(
            &failure,
            vec![
                ("first", Operation::Join, lines.of("first joins"), &[]),
                ("second", Operation::Join, lines.of("second joins"), &[]),
            ],
        );
    }

    #[test]
    fn a_join_under_the_lock_that_the_joined_thread_needs() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let lock = Arc::new(Mutex::new(()));
            let at = at.clone();
            named("parent", move || {
                at.next("held");
                let _guard = lock.lock();
                let (theirs, at_child) = (lock.clone(), at.clone());
                let child = named("child", move || {
                    at_child.next("wanted");
                    drop(theirs.lock());
                });
                at.next("join");
                let _ = child.join();
            });
        });
        let holds = [lines.of("held")];
        assert_circle(
            &failure,
            vec![
                ("child", Operation::Lock, lines.of("wanted"), &[]),
                ("parent", Operation::Join, lines.of("join"), &holds),
            ],
        );
    }

    #[test]
    fn a_join_under_another_lock_is_no_deadlock() {
        accepted(|| {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let _guard = locks.0.lock();
            let theirs = locks.clone();
            thread::spawn(move || drop(theirs.1.lock())).join().expect("it returns");
        });
    }

    #[test]
    fn a_chain_of_joins_is_accepted() {
        accepted(|| {
            let mut last = thread::spawn(|| thread::sleep(SECOND * 3));
            for _ in 0..4 {
                last = thread::spawn(move || last.join().expect("the one before returns"));
            }
            last.join().expect("the last returns");
        });
    }

    #[test]
    fn a_call_to_a_machine_under_the_lock_that_it_needs() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let lock = Arc::new(Mutex::new(()));
            let machine = Machine::new("server 0");
            let at = at.clone();
            named("tester", move || {
                at.next("held");
                let _guard = lock.lock();
                let (theirs, at_call) = (lock.clone(), at.clone());
                let body = move || {
                    at_call.next("wanted");
                    drop(theirs.lock());
                };
                at.next("call");
                let _ = machine.call("start", body);
            });
        });
        let holds = [lines.of("held")];
        assert_circle(
            &failure,
            vec![
                ("start", Operation::Lock, lines.of("wanted"), &[]),
                ("tester", Operation::Host, lines.of("call"), &holds),
            ],
        );
        let text = failure.to_string();
        assert!(
            text.contains("'start' of machine 'server 0' waits"),
            "the machine is named:\n{text}"
        );
    }

    #[test]
    fn three_threads_over_locks_a_join_and_a_call() {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || {
            let lock = Arc::new(Mutex::new(()));
            let machine = Machine::new("server 0");
            let at = at.clone();
            named("outer", move || {
                at.next("held");
                let _guard = lock.lock();
                let (theirs, at_inner) = (lock.clone(), at.clone());
                let inner = named("inner", move || {
                    let at_call = at_inner.clone();
                    let body = move || {
                        at_call.next("wanted");
                        drop(theirs.lock());
                    };
                    at_inner.next("call");
                    let _ = machine.call("handler", body);
                });
                at.next("join");
                let _ = inner.join();
            });
        });
        let holds = [lines.of("held")];
        assert_circle(
            &failure,
            vec![
                ("handler", Operation::Lock, lines.of("wanted"), &[]),
                ("inner", Operation::Host, lines.of("call"), &[]),
                ("outer", Operation::Join, lines.of("join"), &holds),
            ],
        );
    }
}

mod channels {
    use super::*;

    /// Rule L7: the service holds its lock while it calls `start`, Raft holds its own while it
    /// hands over what is committed.
    fn service_and_raft(at: &Lines, capacity: usize) {
        let (service, raft) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let (apply, applied): (Sender<u32>, Receiver<u32>) = bounded(capacity);
        let (raft_lock, at_applier) = (raft.clone(), at.clone());
        named("applier", move || {
            for index in 0.. {
                at_applier.next("raft held");
                let _state = raft_lock.lock();
                at_applier.next("send");
                if apply.send(index).is_err() {
                    return;
                }
            }
        });
        let (service_lock, at_service) = (service.clone(), at.clone());
        named("service", move || {
            for index in applied.iter() {
                thread::sleep(MILLI);
                at_service.next("service wanted");
                *service_lock.lock() += index;
            }
        });
        let at = at.clone();
        named("put", move || {
            thread::sleep(MILLI * 5);
            at.next("service held");
            let mut state = service.lock();
            *state += 1;
            // In `Raft::start`.
            at.next("raft wanted");
            *raft.lock() += 1;
        });
    }

    #[test]
    fn the_service_waits_for_raft_and_raft_for_the_service() {
        for capacity in [0, 1, 10] {
            let lines = Lines::default();
            let at = lines.clone();
            let failure = deadlock(move || service_and_raft(&at, capacity));
            let (raft, service) = ([lines.of("raft held")], [lines.of("service held")]);
            assert_circle(
                &failure,
                vec![
                    ("applier", Operation::Send, lines.of("send"), &raft),
                    ("put", Operation::Lock, lines.of("raft wanted"), &service),
                    ("service", Operation::Lock, lines.of("service wanted"), &[]),
                ],
            );
            let text = failure.to_string();
            let receiver = "whose only receiver so far is 'service'";
            assert!(text.contains(receiver), "why the applier waits is told:\n{text}");
        }
    }

    #[test]
    fn raft_that_releases_before_it_hands_over_is_accepted() {
        for capacity in [0, 1, 10] {
            accepted(move || {
                let (service, raft) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
                let (apply, applied) = bounded(capacity);
                let raft_lock = raft.clone();
                let applier = thread::spawn(move || {
                    for _ in 0..20 {
                        let index = {
                            let mut state = raft_lock.lock();
                            *state += 1;
                            *state
                        };
                        apply.send(index).expect("the service receives");
                    }
                });
                let service_lock = service.clone();
                let reader = thread::spawn(move || {
                    for index in applied.iter() {
                        *service_lock.lock() = index;
                    }
                });
                for _ in 0..20 {
                    let mut state = service.lock();
                    *state += 1;
                    *raft.lock() += 1;
                    drop(state);
                    thread::sleep(MILLI);
                }
                applier.join().expect("it returns");
                reader.join().expect("it returns");
            });
        }
    }

    #[test]
    fn a_send_under_the_lock_that_times_out_is_no_deadlock() {
        for capacity in [0, 1] {
            accepted(move || {
                let lock = Arc::new(Mutex::new(0));
                let (sender, receiver) = bounded(capacity);
                let theirs = lock.clone();
                let reader = thread::spawn(move || {
                    for value in receiver.iter() {
                        thread::sleep(MILLI);
                        *theirs.lock() += value;
                    }
                });
                sender.send(1).expect("the reader receives");
                for _ in 0..capacity + 1 {
                    let _guard = lock.lock();
                    while sender.send_timeout(1, SECOND * 5).is_ok() {}
                }
                drop(sender);
                reader.join().expect("it returns");
            });
        }
    }

    #[test]
    fn a_pool_that_shares_one_receiver_is_no_deadlock() {
        for rest in [SECOND / 2, SECOND * 3, SECOND * 30] {
            accepted(move || {
                let lock = Arc::new(Mutex::new(0));
                let (jobs, to_do) = bounded(1);
                let to_do = Arc::new(to_do);
                let (theirs, lock_of_first) = (to_do.clone(), lock.clone());
                // The only one seen to receive so far waits for the lock of the one who sends ...
                let first = thread::spawn(move || {
                    for job in theirs.iter() {
                        thread::sleep(MILLI);
                        *lock_of_first.lock() += job;
                    }
                });
                // ... and then the second comes to help.
                let second = thread::spawn(move || {
                    thread::sleep(rest);
                    to_do.iter().count()
                });
                thread::sleep(MILLI);
                {
                    let _guard = lock.lock();
                    for job in 0..10 {
                        jobs.send(job).expect("workers are there");
                    }
                }
                drop(jobs);
                first.join().expect("it returns");
                second.join().expect("it returns");
            });
        }
    }

    #[test]
    fn a_receiver_that_moves_to_another_thread_is_no_deadlock() {
        for rest in [MILLI, SECOND * 2] {
            accepted(move || {
                let lock = Arc::new(Mutex::new(0));
                let (sender, receiver) = bounded(1);
                let (theirs, lock_of_sender) = (sender.clone(), lock.clone());
                sender.send(0).expect("there is room");
                // This thread is the only one seen to receive ...
                assert_eq!(receiver.recv(), Ok(0), "a first message, say a greeting");
                // ... but will not be the one who does.
                let reader = thread::spawn(move || {
                    thread::sleep(rest);
                    receiver.iter().count()
                });
                let writer = thread::spawn(move || {
                    let _guard = lock_of_sender.lock();
                    (0..10).for_each(|value| theirs.send(value).expect("the reader is there"));
                });
                thread::sleep(MILLI);
                drop(lock.lock());
                drop(sender);
                writer.join().expect("it returns");
                assert_eq!(reader.join().expect("it returns"), 10, "all came");
            });
        }
    }

    #[test]
    fn a_receiver_whose_first_thread_has_ended_is_no_deadlock() {
        accepted(|| {
            let lock = Arc::new(Mutex::new(()));
            let (sender, receiver) = bounded(1);
            let receiver = Arc::new(receiver);
            sender.send(0).expect("there is room");
            let theirs = receiver.clone();
            let gone = thread::spawn(move || theirs.recv().expect("the first message"));
            gone.join().expect("it returns");
            let lock_of_sender = lock.clone();
            let (held, is_held) = unbounded();
            // Where the ended thread was, another is now, and waits for what the sender has.
            let bystander = thread::spawn(move || {
                is_held.recv().expect("the sender holds it");
                drop(lock.lock());
            });
            let writer = thread::spawn(move || {
                let _guard = lock_of_sender.lock();
                held.send(()).expect("the bystander waits");
                (1..5).for_each(|value| sender.send(value).expect("the receiver is there"));
            });
            thread::sleep(SECOND * 3);
            assert_eq!(receiver.iter().count(), 4, "all came");
            bystander.join().expect("it returns");
            writer.join().expect("it returns");
        });
    }

    #[test]
    fn a_slow_receiver_is_no_deadlock() {
        accepted(|| {
            let lock = Arc::new(Mutex::new(0));
            let (sender, receiver) = bounded(0);
            let theirs = lock.clone();
            let reader = thread::spawn(move || {
                for value in receiver.iter() {
                    thread::sleep(SECOND * 20);
                    *theirs.lock() += value;
                }
            });
            for _ in 0..3 {
                drop(lock.lock());
                sender.send(1).expect("the reader is there");
            }
            drop(sender);
            reader.join().expect("it returns");
            assert_eq!(*lock.lock(), 3, "all came");
        });
    }

    #[test]
    fn a_reply_that_never_comes_is_told_when_nobody_can_run() {
        let lines = Lines::default();
        let at = lines.clone();
        let outcome = run(&RunConfig::virtual_time(1), move || {
            let (_sender, receiver) = unbounded::<()>();
            at.next("receive");
            let _ = receiver.recv();
        });
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::NobodyCanRun, "main waits for itself: {failure}");
        let wait = failure.threads[0].waits.as_ref().expect("main waits");
        assert_eq!(
            (wait.operation, wait.place.line()),
            (Operation::Receive, lines.of("receive")),
            "where:\n{failure}"
        );
    }

    #[test]
    fn a_receive_with_a_timeout_is_always_accepted() {
        accepted(|| {
            let (_sender, receiver) = unbounded::<()>();
            assert_eq!(
                receiver.recv_timeout(SECOND * 10),
                Err(RecvTimeoutError::Timeout),
                "in time"
            );
        });
    }
}

mod conditions {
    use super::*;

    type Shared = Arc<(Mutex<u32>, Condvar)>;

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
            assert!(
                SECOND * 3 <= at && at < SECOND * 3 + MILLI * 20,
                "told a second later: {at:?}"
            );
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
        assert_eq!(
            holds,
            [lines.of("outer held")],
            "the lock of the condition is free:\n{failure}"
        );
    }
}
