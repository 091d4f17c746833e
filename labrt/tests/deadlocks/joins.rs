//! Threads that join, and calls to machines, in a circle or under a lock.

use labrt::channel::unbounded;
use labrt::sync::{Arc, Mutex};
use labrt::thread::{self, JoinHandle};
use labrt_host::{Machine, Operation};

use crate::common::{MILLI, SECOND, accepted, assert_circle, deadlock, named};
use crate::lines::Lines;

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
    assert!(text.contains("'start' of machine 'server 0' waits"), "the machine is named:\n{text}");
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
