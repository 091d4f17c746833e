//! A machine that is dead: it starts nothing, its callers are told, its steps are counted.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use labrt::sync::Arc;
use labrt::thread;
use labrt_host::{Crashed, Machine, Operation, RunConfig, event, oneshot, run};

use crate::common::{FOR_EVER, MILLI, everywhere};

#[test]
fn a_dead_machine_starts_nothing() {
    everywhere(0, || {
        let machine = Machine::new("victim");
        machine.crash();
        machine.crash();
        let ran = Arc::new(AtomicU32::new(0));
        let (a, b, c) = (ran.clone(), ran.clone(), ran.clone());
        assert!(
            machine.spawn("late", move || a.fetch_add(1, SeqCst)).join().is_err(),
            "never runs"
        );
        assert_eq!(machine.call("late", move || b.fetch_add(1, SeqCst)), Err(Crashed), "told so");
        machine.dispatch("late", move || {
            c.fetch_add(1, SeqCst);
        });
        thread::sleep(MILLI);
        assert_eq!(ran.load(SeqCst), 0, "nothing ran");
        assert_eq!(machine.live_threads(), 0, "nothing is there");
    });
}

#[test]
fn a_caller_of_a_machine_that_crashes_is_told() {
    everywhere(0, || {
        let machine = Machine::new("victim");
        let theirs = machine.clone();
        event::after(MILLI, move || theirs.crash());
        assert_eq!(machine.call("sleeps", || thread::sleep(FOR_EVER)), Err(Crashed), "no answer");
        let (completer, completion) = oneshot::oneshot::<u32>();
        let machine = Machine::new("victim");
        machine.dispatch("sleeps", move || {
            thread::sleep(FOR_EVER);
            completer.complete(1);
        });
        let theirs = machine.clone();
        event::after(MILLI, move || theirs.crash());
        assert_eq!(completion.wait(Operation::Rpc, Location::caller()), None, "no answer");
    });
}

#[test]
fn steps_are_counted_from_the_machines_beginning() {
    let steps_of = |step: u64| {
        let outcome = run(&RunConfig::virtual_time(3), move || {
            let machine = Machine::new("victim");
            machine.crash_at_step(step);
            let result = machine.call("yields", || (0..10).for_each(|_| thread::yield_now()));
            (result, machine.steps(), machine.is_crashed())
        });
        outcome.unwrap()
    };
    assert_eq!(steps_of(0), (Ok(()), 10, false), "0 is never");
    assert_eq!(steps_of(1), (Err(Crashed), 1, true), "at the first point");
    assert_eq!(steps_of(10), (Err(Crashed), 10, true), "at the last point");
    assert_eq!(steps_of(11), (Ok(()), 10, false), "there is no such point");
}
