//! A crash in every wait that there is.

use std::panic::{AssertUnwindSafe, Location};

use labrt::channel::{Select, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Machine, Operation, oneshot};

use crate::common::{FOR_EVER, MILLI, eventually, everywhere};

#[test]
fn in_every_wait() {
    everywhere(0, || {
        let waits: Vec<(&str, fn())> = vec![
            ("sleep", || thread::sleep(FOR_EVER)),
            ("endless sleep", || thread::sleep(Duration::MAX)),
            ("receive, sender alive", || {
                let (_sender, receiver) = unbounded::<u32>();
                let _ = receiver.recv();
            }),
            ("timed receive", || {
                let (_sender, receiver) = bounded::<u32>(0);
                let _ = receiver.recv_timeout(FOR_EVER);
            }),
            ("rendezvous send", || {
                let (sender, _receiver) = bounded(0);
                let _ = sender.send(1);
            }),
            ("send to a full channel", || {
                let (sender, _receiver) = bounded(1);
                let _ = sender.send(1);
                let _ = sender.send(2);
            }),
            ("timed send", || {
                let (sender, _receiver) = bounded(0);
                let _ = sender.send_timeout(1, FOR_EVER);
            }),
            ("select", || {
                let ((_a, from_a), (_b, from_b)) = (unbounded::<u32>(), bounded::<u32>(0));
                let mut select = Select::new();
                select.recv(&from_a);
                select.recv(&from_b);
                select.ready();
            }),
            ("condition wait", || {
                let (lock, condition) = (Mutex::new(0), Condvar::new());
                condition.wait(&mut lock.lock());
            }),
            ("timed condition wait", || {
                let (lock, condition) = (Mutex::new(0), Condvar::new());
                condition.wait_for(&mut lock.lock(), FOR_EVER);
            }),
            ("condition wait with a predicate", || {
                let (lock, condition) = (Mutex::new(0), Condvar::new());
                condition.wait_while(&mut lock.lock(), |value| *value == 0);
            }),
            ("timed condition wait with a predicate", || {
                let (lock, condition) = (Mutex::new(0), Condvar::new());
                condition.wait_while_for(&mut lock.lock(), |value| *value == 0, FOR_EVER);
            }),
            ("condition wait under another lock", || {
                let (outer, lock, condition) = (Mutex::new(0), Mutex::new(0), Condvar::new());
                let _outer = outer.lock();
                condition.wait(&mut lock.lock());
            }),
            ("join", || drop(thread::spawn(|| thread::sleep(FOR_EVER)).join())),
            ("call to another machine", || {
                let _ = Machine::new("callee").call("sleeps", || thread::sleep(FOR_EVER));
            }),
            ("oneshot", || {
                let (_completer, completion) = oneshot::oneshot::<u32>();
                completion.wait(Operation::Rpc, Location::caller());
            }),
            ("lock", || {
                let lock = Arc::new(Mutex::new(()));
                let theirs = lock.clone();
                let (held, is_held) = unbounded();
                thread::spawn(move || {
                    let _guard = theirs.lock();
                    let _ = held.send(());
                    thread::sleep(FOR_EVER);
                });
                let _ = is_held.recv();
                drop(lock.lock());
            }),
            ("write", || {
                let lock = Arc::new(RwLock::new(()));
                let theirs = lock.clone();
                let (held, is_held) = unbounded();
                thread::spawn(move || {
                    let _guard = theirs.read();
                    let _ = held.send(());
                    thread::sleep(FOR_EVER);
                });
                let _ = is_held.recv();
                drop(lock.write());
            }),
        ];
        for (what, wait) in waits {
            let machine = Machine::new("victim");
            let thread = machine.spawn("waits", move || {
                let waits = AssertUnwindSafe(wait);
                waits();
                thread::sleep(FOR_EVER);
            });
            thread::sleep(MILLI * 2);
            assert!(!thread.is_finished(), "{what}: it waits");
            machine.crash();
            assert!(thread.join().is_err(), "{what}: a killed thread has no result");
            eventually(what, || machine.live_threads() == 0);
        }
    });
}
