//! A panic on any lab thread fails the run, with all that is needed to find it; a caught one is
//! the program's own business.
#![allow(missing_docs)]

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use labrt::channel::{Sender, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Backend, Clock, Failure, FailureKind, Machine, Outcome, Policy, RunConfig, run};

const MILLI: Duration = Duration::from_millis(1);
const FOR_EVER: Duration = Duration::from_secs(3000);

/// The virtual clock on both backends, and the real one.
fn clocks() -> [RunConfig; 4] {
    let config = RunConfig::virtual_time(1);
    [
        config.clone(),
        config.clone().policy(Policy::EveryOperation),
        config.backend(Backend::OsThreads),
        RunConfig::real_time(1),
    ]
}

/// Runs `program`, which must fail by a panic, under both clocks.
#[track_caller]
fn panics(program: impl Fn() + Clone + Send + 'static, check: impl Fn(Clock, &Failure)) {
    for config in clocks() {
        let outcome = run(&config, program.clone());
        let (clock, leaked) = (config.clock, outcome.report.leaked);
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::Panic, "{clock:?}: {failure}");
        assert_eq!(leaked, 0, "{clock:?}: every thread could be ended: {failure}");
        check(clock, &failure);
    }
}

/// Runs `program`, which must succeed, under both clocks.
#[track_caller]
fn accepted(program: impl Fn() + Clone + Send + 'static) {
    for config in clocks() {
        let outcome: Outcome<()> = run(&config, program.clone());
        if let Err(failure) = outcome.result {
            panic!("{:?}: {failure}", config.clock);
        }
    }
}

#[track_caller]
fn assert_text(failure: &Failure, text: &str, line: u32) {
    let begin = format!("{text}\nat {}:{line}:", file!());
    assert!(failure.message.starts_with(&begin), "{begin}\nbegins the message of\n{failure}");
}

const LINE_OF_HELPER: u32 = line!() + 4;

#[inline(never)]
fn helper_that_panics(term: u64) {
    assert!(term < 3, "term {term} is not below 3");
    std::hint::black_box(term);
}

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
            assert_text(failure, "term 7 is not below 3", LINE_OF_HELPER);
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
            let place = format!("labrt/tests/panics.rs:{LINE_OF_HELPER}");
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
                Some(format!("panics.rs:{}", line - 1)),
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
            assert_text(failure, "term 3 is not below 3", LINE_OF_HELPER);
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
        |_, failure| assert_text(failure, "term 9 is not below 3", LINE_OF_HELPER),
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
fn with_a_payload_that_is_no_text() {
    let line = line!() + 2;
    panics(
        || panic_any(42_u32),
        move |_, failure| {
            assert_text(failure, "a panic whose payload is no text", line);
        },
    );
}

#[test]
fn with_a_text_made_at_run_time() {
    let line = line!() + 3;
    panics(
        || {
            std::panic::panic_any(format!("index {}", 5));
        },
        move |_, failure| assert_text(failure, "index 5", line),
    );
}

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

#[test]
fn the_first_of_several_counts() {
    for config in clocks() {
        let outcome = run(&config, || {
            for number in 0..4 {
                thread::spawn(move || {
                    thread::sleep(MILLI * (20 * number + 1));
                    panic!("number {number}");
                });
            }
            thread::sleep(FOR_EVER);
        });
        let failure = outcome.unwrap_failure();
        assert!(failure.message.starts_with("number 0\nat "), "the first: {failure}");
    }
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

#[test]
fn what_is_told_of_a_panic_in_a_call_is_never_what_the_caller_makes_of_it() {
    let program = || {
        let answer = Machine::new("callee").call("panics", || panic!("from the callee"));
        let () = answer.expect("the caller goes on, and panics too");
    };
    // Which of the two threads is faster is chance under the real clock.
    for round in 0..200 {
        panics(program, |clock, failure| {
            let message = &failure.message;
            assert!(message.starts_with("from the callee\n"), "{clock:?} {round}: {failure}");
        });
    }
}
