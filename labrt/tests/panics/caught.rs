//! Panics that are caught, and those that come before or after them.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt::time::Duration;

use crate::common::{FOR_EVER, MILLI, accepted, assert_text, panics};

#[test]
fn after_one_that_was_caught() {
    for pause in [Duration::ZERO, MILLI] {
        let line = line!() + 9;
        panics(
            move || {
                for _ in 0..20 {
                    let _ = catch_unwind(|| panic_any("caught"));
                }
                if pause != Duration::ZERO {
                    thread::sleep(pause);
                }
                panic!("not caught");
            },
            move |_, failure| assert_text(failure, "not caught", line),
        );
    }
}

#[test]
fn that_was_caught_and_thrown_again() {
    panics(
        || {
            let caught = catch_unwind(|| panic_any("thrown again"));
            thread::sleep(MILLI);
            resume_unwind(caught.expect_err("it panicked"));
        },
        |clock, failure| {
            let first = failure.message.lines().next();
            assert_eq!(first, Some("thrown again"), "{clock:?}: it is not lost: {failure}");
        },
    );
    panics(
        || {
            let thread = thread::spawn(|| resume_unwind(Box::new(String::from("never panicked"))));
            let _ = thread.join();
            thread::sleep(FOR_EVER);
        },
        |clock, failure| {
            let expected = "never panicked\nplace unknown: unwound without a panic";
            assert_eq!(failure.message, expected, "{clock:?}: {failure}");
        },
    );
}

#[test]
fn that_is_caught_is_accepted() {
    accepted(|| {
        let lock = Arc::new(Mutex::new(0));
        let theirs = lock.clone();
        let thread = thread::spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let _guard = theirs.lock();
                panic_any("caught");
            }));
            *theirs.lock() += 1;
            thread::sleep(MILLI);
            result.is_err()
        });
        assert!(thread.join().expect("it returns"), "it was caught");
        assert_eq!(*lock.lock(), 1, "and the thread went on");
    });
}

#[test]
fn that_is_caught_at_the_very_end_is_accepted() {
    accepted(|| {
        let thread = thread::spawn(|| {
            let _ = catch_unwind(|| panic_any("caught"));
        });
        thread.join().expect("it returns");
        let _ = catch_unwind(|| panic_any("caught"));
    });
}
