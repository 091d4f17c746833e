//! Panics in destructors, and destructors that run because of one.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use labrt::channel::{Sender, bounded, unbounded};
use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt_host::{Clock, FailureKind, Machine, run};

use crate::common::{
    FOR_EVER, MILLI, accepted, assert_text, assert_text_of_helper, clocks, helper_that_panics,
    panics,
};

#[test]
fn in_a_destructor() {
    struct Drops;
    impl Drop for Drops {
        fn drop(&mut self) {
            helper_that_panics(9);
        }
    }
    panics(
        || {
            let _drops = Drops;
            thread::yield_now();
        },
        |_, failure| assert_text_of_helper(failure, "term 9 is not below 3"),
    );
}

#[test]
fn with_destructors_that_use_everything() {
    struct Uses(Sender<u32>, Arc<Mutex<u32>>);
    impl Drop for Uses {
        fn drop(&mut self) {
            let _ = self.0.send(1);
            *self.1.lock() += 1;
            thread::yield_now();
            drop(thread::spawn(|| ()));
        }
    }
    let line = line!() + 6;
    panics(
        || {
            let (sender, _receiver) = unbounded();
            let _uses = Uses(sender, Arc::default());
            thread::sleep(MILLI);
            panic!("and then the destructors run");
        },
        move |_, failure| assert_text(failure, "and then the destructors run", line),
    );
}

#[test]
fn with_a_destructor_that_waits() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            thread::sleep(MILLI);
            let (_sender, receiver) = bounded::<u32>(0);
            let _ = receiver.recv_timeout(MILLI);
        }
    }
    let program = || {
        let _waits = Waits;
        panic!("and then it waits");
    };
    let line = line!() - 2;
    for config in clocks() {
        let outcome = run(&config, program);
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::Panic, "the panic is what counts: {failure}");
        assert_text(&failure, "and then it waits", line);
    }
}

#[test]
fn before_one_that_is_caught_in_a_destructor() {
    struct Catches;
    impl Drop for Catches {
        fn drop(&mut self) {
            let _ = catch_unwind(|| panic_any("caught in the destructor"));
        }
    }
    let line = line!() + 4;
    panics(
        || {
            let _catches = Catches;
            panic!("ends the thread");
        },
        move |clock, failure| match clock {
            Clock::Virtual => assert_text(failure, "ends the thread", line),
            Clock::Real => {
                assert!(failure.message.starts_with("ends the thread\nat "), "{failure}")
            }
        },
    );
}

#[test]
fn on_a_machine_that_crashes_meanwhile_do_not_count() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            let _ = catch_unwind(|| panic_any("from the grave"));
        }
    }
    accepted(|| {
        let machine = Machine::new("victim");
        let thread = machine.spawn("sleeps", || {
            let _panics = Panics;
            thread::sleep(FOR_EVER);
        });
        thread::sleep(MILLI);
        machine.crash();
        assert!(thread.join().is_err(), "it was killed");
        thread::sleep(MILLI);
    });
}

#[test]
fn what_the_destructors_of_a_panicking_thread_say_is_heard() {
    // A panic is no crash: until the run ends, the thread is alive.
    struct Says(Sender<u32>);
    impl Drop for Says {
        fn drop(&mut self) {
            let _ = self.0.send(5);
        }
    }
    accepted(|| {
        let (sender, receiver) = unbounded();
        let caught = catch_unwind(AssertUnwindSafe(move || {
            let _says = Says(sender);
            panic_any("caught");
        }));
        assert!(caught.is_err(), "it panicked");
        assert_eq!(receiver.recv(), Ok(5), "heard");
    });
}

/// std counts a panic for ever on an OS thread on which a coroutine was frozen while unwinding.
#[test]
fn a_caught_panic_after_a_frozen_destructor_is_still_accepted() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            thread::sleep(MILLI);
        }
    }
    accepted(|| {
        let machine = Machine::new("victim");
        let thread = machine.spawn("sleeps", || {
            let _waits = Waits;
            thread::sleep(FOR_EVER);
        });
        thread::sleep(MILLI);
        machine.crash();
        assert!(thread.join().is_err(), "it was killed");
        let (sender, receiver) = unbounded();
        assert!(catch_unwind(|| panic_any("caught")).is_err(), "it panicked");
        thread::spawn(move || sender.send(1));
        assert_eq!(receiver.recv(), Ok(1), "main can wait");
    });
}
