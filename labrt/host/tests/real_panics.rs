//! Panics under the real clock: one that began while the run went on counts, however late it is
//! told; one that is caught does not.

mod real_common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use labrt_host::real::{self, RealMachine};
use labrt_host::{Failure, FailureKind, Limits, RunConfig};
use real_common::{here, in_run, outcome};

const FOR_EVER: Duration = Duration::from_secs(3600);

fn config() -> RunConfig {
    RunConfig::real_time(1)
}

fn failure(main: impl FnOnce(&real::RealThread) + Send + 'static) -> Failure {
    outcome(config(), main).result.expect_err("the run fails")
}

/// Its destructor says that the unwinding has begun, and makes it long.
struct Long(Option<real::RealCompleter<()>>);

impl Drop for Long {
    fn drop(&mut self) {
        self.0.take().expect("it is dropped once").complete(());
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Its destructor does not end before it is told to.
struct Stays(Option<real::RealCompleter<()>>, Arc<AtomicBool>);

impl Drop for Stays {
    fn drop(&mut self) {
        self.0.take().expect("it is dropped once").complete(());
        while !self.1.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn one_that_is_still_being_told_when_main_returns_fails_the_run() {
    let failure = failure(|thread| {
        let (begun, begins) = real::oneshot();
        real::spawn(thread.run(), None, "guilty".to_owned(), move || {
            let _long = Long(Some(begun));
            panic!("late news");
        });
        begins.wait(thread).expect("it panics");
    });
    assert_eq!(failure.kind, FailureKind::Panic, "{failure}");
    assert!(failure.message.starts_with("late news\nat "), "{failure}");
    assert!(failure.backtrace.is_some(), "told in full: {failure}");
}

#[test]
fn one_whose_machine_crashes_while_it_is_told_fails_the_run() {
    let failure = failure(|thread| {
        let (begun, begins) = real::oneshot();
        let machine = RealMachine::new(thread.run(), 0, "server");
        real::dispatch(&machine, "guilty", move || {
            let _long = Long(Some(begun));
            panic!("in the last moment");
        });
        begins.wait(thread).expect("it panics");
        machine.crash();
    });
    assert_eq!(failure.kind, FailureKind::Panic, "{failure}");
    assert!(failure.message.starts_with("in the last moment\nat "), "{failure}");
    assert_eq!(failure.machine.as_deref(), Some("server"), "{failure}");
}

#[test]
fn one_whose_thread_never_ends_fails_the_run() {
    let release = Arc::new(AtomicBool::new(false));
    let seen = release.clone();
    let failure = failure(move |thread| {
        let (begun, begins) = real::oneshot();
        real::spawn(thread.run(), None, "guilty".to_owned(), move || {
            let _stays = Stays(Some(begun), seen);
            panic!("no end");
        });
        begins.wait(thread).expect("it panics");
    });
    release.store(true, SeqCst);
    assert_eq!(failure.kind, FailureKind::Panic, "{failure}");
    assert!(failure.message.starts_with("no end\nat "), "{failure}");
    assert!(failure.message.ends_with("\nthe thread has not ended since"), "{failure}");
}

#[test]
fn one_whose_destructors_wait_comes_before_the_limit_that_is_missed_for_it() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            real::sleep(here(), FOR_EVER);
        }
    }
    let limits = Limits { wall: Duration::from_secs(1), ..Limits::default() };
    let outcome = outcome(config().limits(limits), |thread| {
        let body = || {
            let _waits = Waits;
            panic!("nobody will catch this");
        };
        let handle = real::spawn(thread.run(), None, "guilty".to_owned(), body);
        handle.join(Some(thread)).is_ok()
    });
    let failure = outcome.result.expect_err("the run fails");
    assert_eq!(failure.kind, FailureKind::Panic, "{failure}");
    assert!(failure.message.starts_with("nobody will catch this\nat "), "{failure}");
}

#[test]
fn a_caught_one_is_the_programs_own_business() {
    in_run(|thread| {
        let caught = catch_unwind(|| panic!("caught"));
        assert!(caught.is_err(), "it panicked");
        let handle = real::spawn(thread.run(), None, "catcher".to_owned(), || {
            catch_unwind(|| panic!("caught too")).is_err()
        });
        assert_eq!(handle.join(Some(thread)).ok(), Some(true), "the thread went on");
    });
}

#[test]
fn a_caught_one_of_a_thread_that_the_run_ends_is_none() {
    in_run(|thread| {
        let (begun, begins) = real::oneshot();
        real::spawn(thread.run(), None, "catcher".to_owned(), move || {
            assert!(catch_unwind(|| panic!("caught")).is_err(), "it panicked");
            begun.complete(());
            real::sleep(here(), FOR_EVER);
        });
        begins.wait(thread).expect("it goes on");
    });
}

#[test]
fn a_caught_one_of_a_thread_that_never_looks_again_is_none_if_it_has_waited_since() {
    let release = Arc::new(AtomicBool::new(false));
    let seen = release.clone();
    let outcome = outcome(config(), move |thread| {
        let (begun, begins) = real::oneshot();
        real::spawn(thread.run(), None, "catcher".to_owned(), move || {
            assert!(catch_unwind(|| panic!("caught")).is_err(), "it panicked");
            real::sleep(here(), Duration::from_millis(1));
            drop(Stays(Some(begun), seen));
        });
        begins.wait(thread).expect("it goes on");
    });
    release.store(true, SeqCst);
    outcome.result.expect("main returned");
    assert_eq!(outcome.leaked, 1, "the one that computes");
}

#[test]
fn one_after_the_threads_death_is_none() {
    in_run(|thread| {
        let (begun, begins) = real::oneshot();
        let machine = RealMachine::new(thread.run(), 0, "server");
        real::dispatch(&machine, "victim", move || {
            // The panic that was caught is not the one that ends it.
            assert!(catch_unwind(|| panic!("caught")).is_err(), "it panicked");
            begun.complete(());
            let _ = catch_unwind(AssertUnwindSafe(|| real::sleep(here(), FOR_EVER)));
            panic!("the channel is gone");
        });
        begins.wait(thread).expect("it goes on");
        machine.crash();
    });
}
