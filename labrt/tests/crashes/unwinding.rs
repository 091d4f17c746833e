//! What runs on the dead machine: its hooks first, then destructors, which nobody hears.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Mutex as StdMutex;

use labrt::channel::{Sender, unbounded};
use labrt::sync::{Arc, Condvar, Mutex};
use labrt::thread;
use labrt_host::{Backend, Machine, Operation, RunConfig, event, oneshot, run};

use crate::common::{FOR_EVER, FROM_THE_GRAVE, MILLI, everywhere, succeeds};

#[test]
fn hooks_run_in_order_before_anything_unwinds() {
    struct Unwinds(Arc<StdMutex<Vec<&'static str>>>);
    impl Drop for Unwinds {
        fn drop(&mut self) {
            self.0.lock().expect("nobody panics with it").push("unwinds");
        }
    }
    everywhere(0, || {
        let log = Arc::new(StdMutex::new(Vec::new()));
        let machine = Machine::new("victim");
        let unwinds = Unwinds(log.clone());
        let thread = machine.spawn("sleeps", move || {
            let _unwinds = &unwinds;
            thread::sleep(FOR_EVER);
        });
        thread::sleep(MILLI);
        for word in ["first hook", "second hook"] {
            let log = log.clone();
            machine.on_crash(move || log.lock().expect("nobody panics with it").push(word));
        }
        machine.crash();
        assert!(thread.join().is_err(), "it was killed");
        let late = log.clone();
        machine.on_crash(move || late.lock().expect("nobody panics with it").push("late hook"));
        let log = log.lock().expect("nobody panics with it").clone();
        assert_eq!(log, ["first hook", "second hook", "unwinds", "late hook"], "revoked first");
    });
}

#[test]
fn an_answer_from_the_grave_is_none() {
    struct Answers(Option<oneshot::Completer<u32>>);
    impl Drop for Answers {
        fn drop(&mut self) {
            if let Some(completer) = self.0.take() {
                completer.complete(FROM_THE_GRAVE);
            }
        }
    }
    everywhere(0, || {
        let (completer, completion) = oneshot::oneshot();
        let machine = Machine::new("victim");
        let answers = Answers(Some(completer));
        machine.dispatch("sleeps", move || {
            let _answers = &answers;
            thread::sleep(FOR_EVER);
        });
        let theirs = machine.clone();
        event::after(MILLI, move || theirs.crash());
        let answer = completion.wait(Operation::Rpc, Location::caller());
        assert_eq!(answer, None, "a destructor of the dead answers nobody");
    });
}

#[test]
fn a_kill_that_is_swallowed_does_not_help() {
    let program = || {
        let (to_living, from_machine) = unbounded();
        let machine = Machine::new("victim");
        let thread = machine.spawn("cat", move || {
            let _ = catch_unwind(|| thread::sleep(FOR_EVER));
            loop {
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    thread::yield_now();
                    to_living.send(FROM_THE_GRAVE)
                }));
                thread::yield_now();
            }
        });
        thread::sleep(MILLI);
        machine.crash();
        assert!(thread.join().is_err(), "it has no second life");
        assert!(from_machine.try_recv().is_err(), "and no effect");
        // The living are as they were.
        let caught = catch_unwind(|| std::panic::panic_any(1_u8));
        thread::sleep(MILLI);
        assert!(caught.is_err(), "their panics are their own business");
        assert_eq!(thread::spawn(|| 5).join().expect("it returns"), 5, "their threads run");
    };
    everywhere(1, program);
}

/// Destructors that would wait: the thread is frozen where it is, and counted.
#[test]
fn a_destructor_that_waits_costs_one_thread() {
    struct Waits(fn(&Sender<u32>), Sender<u32>);
    impl Drop for Waits {
        fn drop(&mut self) {
            (self.0)(&self.1);
            let _ = self.1.send(FROM_THE_GRAVE);
        }
    }
    let waits: [fn(&Sender<u32>); 5] = [
        |_| thread::sleep(MILLI),
        |_| {
            let (_sender, receiver) = unbounded::<u32>();
            let _ = receiver.recv();
        },
        |_| {
            Condvar::new().wait_for(&mut Mutex::new(()).lock(), MILLI);
        },
        |living| loop {
            let _ = living.send(FROM_THE_GRAVE);
        },
        |_| loop {
            drop(Mutex::new(0).lock());
        },
    ];
    for (number, wait) in waits.into_iter().enumerate() {
        for backend in [Backend::Coroutines, Backend::OsThreads] {
            let config = RunConfig::virtual_time(1).backend(backend);
            let outcome = run(&config, move || {
                let (to_living, from_machine) = unbounded();
                let machine = Machine::new("victim");
                let waits = Waits(wait, to_living);
                let thread = machine.spawn("sleeps", move || {
                    let _waits = &waits;
                    thread::sleep(FOR_EVER);
                });
                thread::sleep(MILLI);
                machine.crash();
                assert!(thread.join().is_err(), "it was killed");
                assert_eq!(machine.live_threads(), 0, "it does not count as alive");
                assert!(from_machine.try_recv().is_err(), "nobody hears of it");
                let next = Machine::new("victim");
                assert_eq!(next.call("answer", || 42), Ok(42), "life goes on");
            });
            let (_, report) = succeeds(&format!("destructor {number}"), outcome);
            assert_eq!(report.leaked, 1, "destructor {number} on {backend:?}: one thread is lost");
        }
    }
}
