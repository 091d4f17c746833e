//! Mutexes: taken twice, in opposite orders, in a circle of three.

use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt_host::{Operation, Policy, RunConfig, run};

use crate::common::{MILLI, SECOND, accepted, assert_circle, deadlock, named};
use crate::lines::Lines;

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
    let place_of = |what: &'static str| format!("{file}:{}:26", lines.of(what));
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
    let main = format!("  'main' sleeps at {file}:{}:9 since ", place + 2);
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
                let (first, second) = (number.min((number + 1) % 4), number.max((number + 1) % 4));
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
