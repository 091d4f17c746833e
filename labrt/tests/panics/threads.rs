//! Whose panic it was: the main thread, a named one, a detached or joined one, one of a machine.

use labrt::sync::{Arc, Condvar, Mutex};
use labrt::thread;
use labrt_host::{Clock, Machine};

use crate::common::{
    FOR_EVER, MILLI, assert_text, assert_text_of_helper, helper_that_panics, panics,
    place_of_helper,
};

#[test]
fn of_main() {
    let line = line!() + 2;
    panics(
        || panic!("main gives up"),
        move |_, failure| {
            assert_text(failure, "main gives up", line);
            assert_eq!(failure.thread.as_deref(), Some("main"), "who");
            assert_eq!(failure.machine, None, "on no machine");
        },
    );
}

#[test]
fn of_a_named_thread_of_a_machine() {
    panics(
        || {
            let machine = Machine::new("server 3");
            machine.spawn("ticker", || {
                thread::sleep(MILLI * 5);
                helper_that_panics(7);
            });
            thread::sleep(FOR_EVER);
        },
        |clock, failure| {
            assert_text_of_helper(failure, "term 7 is not below 3");
            assert_eq!(failure.thread.as_deref(), Some("ticker"), "who");
            assert_eq!(failure.machine.as_deref(), Some("server 3"), "where");
            assert!(MILLI * 5 <= failure.at, "when: {failure}");
            if clock == Clock::Virtual {
                assert!(failure.at < MILLI * 6, "exactly when: {failure}");
                let main = failure.threads.iter().find(|thread| thread.name == "main");
                assert!(
                    main.is_some_and(|main| main.waits.is_some()),
                    "what others did: {failure}"
                );
            }
            let backtrace = failure.backtrace.as_deref().expect("there is a backtrace");
            assert!(backtrace.contains("helper_that_panics"), "the function:\n{backtrace}");
            let place = place_of_helper();
            assert!(backtrace.contains(&place), "{place} is in\n{backtrace}");
            let first = failure.to_string().lines().next().unwrap_or_default().to_owned();
            assert_eq!(
                first,
                format!(
                    "a lab thread panicked, thread 'ticker' of machine 'server 3', at {:?}",
                    failure.at
                ),
                "the first line"
            );
        },
    );
}

#[test]
fn of_a_detached_thread() {
    let line = line!() + 4;
    panics(
        || {
            drop(thread::spawn(|| {
                panic!("nobody joins me");
            }));
            thread::sleep(FOR_EVER);
        },
        move |_, failure| {
            assert_text(failure, "nobody joins me", line);
            assert_eq!(
                failure.thread,
                Some(format!("threads.rs:{}", line - 1)),
                "named by its place"
            );
        },
    );
}

#[test]
fn of_a_thread_that_is_joined() {
    let line = line!() + 4;
    panics(
        || {
            let thread = thread::spawn(|| {
                panic!("joined");
            });
            let _ = thread.join();
            // As in std, the panic could be overlooked here. It is not.
            thread::sleep(FOR_EVER);
        },
        move |_, failure| assert_text(failure, "joined", line),
    );
}

#[test]
fn of_a_machine_call() {
    panics(
        || {
            let machine = Machine::new("server 0");
            let _ = machine.call("start", || helper_that_panics(3));
            thread::sleep(FOR_EVER);
        },
        |_, failure| {
            assert_text_of_helper(failure, "term 3 is not below 3");
            assert_eq!(failure.thread.as_deref(), Some("start"), "who");
        },
    );
}

#[test]
fn with_a_lock_held_and_others_waiting_for_it() {
    let line = line!() + 15;
    panics(
        || {
            let shared = Arc::new((Mutex::new(0), Condvar::new()));
            for _ in 0..3 {
                let shared = shared.clone();
                thread::spawn(move || {
                    loop {
                        *shared.0.lock() += 1;
                        shared.1.wait_for(&mut shared.0.lock(), MILLI);
                    }
                });
            }
            thread::sleep(MILLI * 3);
            let _guard = shared.0.lock();
            panic!("under the lock");
        },
        move |_, failure| assert_text(failure, "under the lock", line),
    );
}
