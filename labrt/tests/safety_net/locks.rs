//! Locks and waits of std.

use std::sync::Mutex as StdMutex;

use labrt::sync::Arc;
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{FailureKind, run};

use crate::common::place;
use crate::common::{assert_names, both_backends, config};

#[test]
fn an_uncontended_std_lock_is_let_alone() {
    for backend in both_backends() {
        let outcome = run(&config(1).backend(backend), || {
            let lock = Arc::new(StdMutex::new(0));
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let lock = lock.clone();
                    thread::spawn(move || *lock.lock().expect("nobody panics") += 1)
                })
                .collect();
            for thread in threads {
                thread.join().expect("nobody panics");
            }
            *lock.lock().expect("nobody panics")
        });
        assert_eq!(outcome.unwrap(), 3, "nobody waited");
    }
}

#[test]
fn a_std_lock_held_for_a_moment_outside_the_run_is_waited_for() {
    let lock = Arc::new(StdMutex::new(1));
    let (held, is_held) = std::sync::mpsc::channel();
    let theirs = lock.clone();
    let holder = std::thread::spawn(move || {
        let guard = theirs.lock().expect("nobody panics");
        held.send(()).expect("the test waits");
        std::thread::sleep(Duration::from_millis(30));
        drop(guard);
    });
    is_held.recv().expect("the holder tells");
    let outcome = run(&config(2), move || *lock.lock().expect("nobody panics"));
    assert_eq!(outcome.unwrap(), 1, "the lock came free in time");
    holder.join().expect("nobody panics");
}

#[test]
fn a_std_lock_held_by_another_lab_thread_fails_the_run() {
    for backend in both_backends() {
        let place = place!(10);
        let outcome = run(&config(3).backend(backend), || {
            let lock = Arc::new(StdMutex::new(()));
            let theirs = lock.clone();
            let holder = thread::spawn(move || {
                let _guard = theirs.lock().expect("nobody panics");
                thread::sleep(Duration::from_secs(10));
            });
            thread::sleep(Duration::from_secs(1));
            let waiter = thread::Builder::new().name("waiter".to_owned()).spawn(move || {
                drop(lock.lock());
            });
            waiter.expect("it starts").join().ok();
            holder.join().ok();
        });
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::Stuck, "{failure}");
        assert_names(&failure, "waiter", &place);
    }
}

#[test]
fn a_std_channel_that_nobody_fills_fails_the_run() {
    let place = place!(3);
    let outcome = run(&config(4), || {
        let (_sender, receiver) = std::sync::mpsc::channel::<()>();
        receiver.recv().ok();
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::Stuck, "{failure}");
    assert_names(&failure, "main", &place);
}
