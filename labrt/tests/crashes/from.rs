//! A crash from every side: by an own thread, an event, a hook, another machine, several at once.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use labrt::channel::{TryRecvError, unbounded};
use labrt::sync::Arc;
use labrt::thread;
use labrt_host::{Machine, event};

use crate::common::{FOR_EVER, MILLI, eventually, everywhere};

#[test]
fn an_own_thread() {
    everywhere(0, || {
        let machine = Machine::new("victim");
        let (after, never) = unbounded::<()>();
        let thread = machine.spawn("kills itself", move || {
            let sibling = thread::spawn(|| thread::sleep(FOR_EVER));
            Machine::current().expect("it is on a machine").crash();
            thread::yield_now(); // under the real clock a thread ends at its next labrt call
            after.send(()).expect("it does not come so far");
            drop(sibling);
        });
        assert!(thread.join().is_err(), "it has no result");
        assert!(machine.is_crashed(), "it crashed");
        eventually("all have ended", || machine.live_threads() == 0);
        assert_eq!(never.try_recv(), Err(TryRecvError::Disconnected), "it did not go on");
    });
}

#[test]
fn an_event() {
    everywhere(0, || {
        let machine = Machine::new("victim");
        let thread = machine.spawn("sleeps", || thread::sleep(FOR_EVER));
        let theirs = machine.clone();
        let seen = Arc::new(AtomicU32::new(0));
        let tells = seen.clone();
        event::after(MILLI, move || {
            theirs.crash();
            tells.store(1 + u32::from(theirs.is_crashed()), SeqCst);
        });
        assert!(thread.join().is_err(), "it was killed");
        eventually("the event is over", || 0 < seen.load(SeqCst));
        assert_eq!(seen.load(SeqCst), 2, "who crashes a machine sees it crashed");
    });
}

#[test]
fn another_machine() {
    everywhere(0, || {
        let (victim, killer) = (Machine::new("victim"), Machine::new("killer"));
        let thread = victim.spawn("sleeps", || thread::sleep(FOR_EVER));
        let theirs = victim.clone();
        let killed = killer.call("kills", move || {
            theirs.crash();
            theirs.is_crashed()
        });
        assert_eq!(killed, Ok(true), "the killer goes on");
        assert!(thread.join().is_err(), "the victim does not");
        assert!(!killer.is_crashed(), "the killer is alive");
    });
}

#[test]
fn a_hook_of_another_crash() {
    everywhere(0, || {
        let machines: Vec<Machine> =
            (0..3).map(|number| Machine::new(format!("server {number}"))).collect();
        let threads: Vec<_> = machines
            .iter()
            .map(|machine| machine.spawn("sleeps", || thread::sleep(FOR_EVER)))
            .collect();
        for number in 0..3 {
            let next = machines[(number + 1) % 3].clone();
            machines[number].on_crash(move || next.crash());
        }
        machines[0].crash();
        for thread in threads {
            assert!(thread.join().is_err(), "one takes all with it");
        }
        assert!(machines.iter().all(Machine::is_crashed), "all are down");
    });
}

#[test]
fn several_sides_at_once() {
    everywhere(0, || {
        let machine = Machine::new("victim");
        let hooks = Arc::new(AtomicU32::new(0));
        let counts = hooks.clone();
        machine.on_crash(move || {
            counts.fetch_add(1, SeqCst);
        });
        let killers: Vec<_> = (0..4)
            .map(|_| {
                let machine = machine.clone();
                thread::spawn(move || {
                    machine.crash();
                    machine.is_crashed()
                })
            })
            .collect();
        for killer in killers {
            assert!(killer.join().expect("it goes on"), "crashed when crash returns");
        }
        assert_eq!(hooks.load(SeqCst), 1, "one crash");
    });
}
