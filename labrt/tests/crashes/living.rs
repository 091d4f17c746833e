//! What the dead held, had sent or were given: the living get it, and nothing else.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use labrt::channel::{Receiver, Select, Sender, TryRecvError, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;
use labrt_host::{Machine, Policy, RunConfig, run};

use crate::common::{FOR_EVER, MILLI, everywhere, succeeds};

#[test]
fn an_offered_message_is_withdrawn() {
    everywhere(0, || {
        let (sender, receiver) = bounded(0);
        let machine = Machine::new("victim");
        let thread = machine.spawn("offers", move || sender.send(1));
        thread::sleep(MILLI);
        machine.crash();
        assert!(thread.join().is_err(), "it was killed in the send");
        assert_ne!(receiver.try_recv(), Ok(1), "nothing is left of it");
    });
}

#[test]
fn a_message_sent_before_is_received_after() {
    everywhere(0, || {
        for (sender, receiver) in [unbounded(), bounded(2)] {
            let machine = Machine::new("victim");
            let sent = machine.call("sends", move || sender.send(1));
            assert_eq!(sent, Ok(Ok(())), "it is sent");
            machine.crash();
            assert_eq!(receiver.recv(), Ok(1), "what left the machine has left it");
        }
    });
}

#[test]
fn a_lock_held_in_the_crash_is_free_after_it() {
    everywhere(0, || {
        let (lock, table) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
        let machine = Machine::new("victim");
        let theirs = (lock.clone(), table.clone());
        let (held, is_held) = unbounded();
        let thread = machine.spawn("holds", move || {
            let _lock = theirs.0.lock();
            let _table = theirs.1.write();
            held.send(()).expect("the main thread waits");
            thread::sleep(FOR_EVER);
        });
        is_held.recv().expect("it holds both");
        machine.crash();
        assert!(thread.join().is_err(), "it was killed");
        *lock.lock() += 1;
        *table.write() += 1;
        assert_eq!((*lock.lock(), *table.read()), (1, 1), "the living go on with them");
    });
}

/// The machine and the living wait for the same things; the machine crashes at each of its steps.
#[track_caller]
fn swept(program: impl Fn(&Machine) + Copy + Send + 'static) {
    for policy in [Policy::EveryOperation, Policy::BlockingOnly, Policy::Sometimes { one_in: 3 }] {
        for step in 1..60 {
            let config = RunConfig::virtual_time(step).policy(policy);
            let outcome = run(&config, move || {
                let machine = Machine::new("victim");
                machine.crash_at_step(step);
                program(&machine);
            });
            succeeds(&format!("{policy:?}, step {step}"), outcome);
        }
    }
}

#[test]
fn a_wake_up_that_the_dead_will_not_use_goes_to_the_living() {
    swept(|machine| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let wait = |shared: Arc<(Mutex<u32>, Condvar)>| {
            move || {
                let mut tokens = shared.0.lock();
                while *tokens == 0 {
                    shared.1.wait(&mut tokens);
                }
                *tokens -= 1;
            }
        };
        let theirs = machine.spawn("waits too", wait(shared.clone()));
        let mine = thread::spawn(wait(shared.clone()));
        thread::sleep(MILLI);
        for _ in 0..2 {
            *shared.0.lock() += 1;
            shared.1.notify_one();
        }
        mine.join().expect("a token and a wake-up are there for the living");
        let _ = theirs.join();
    });
}

#[test]
fn a_look_that_the_dead_had_begun_takes_no_wake_up() {
    swept(|machine| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let wait = |shared: Arc<(Mutex<u32>, Condvar)>| {
            move || {
                let mut tokens = shared.0.lock();
                shared.1.wait_while(&mut tokens, |tokens| *tokens == 0);
                *tokens -= 1;
            }
        };
        let theirs = machine.spawn("waits too", wait(shared.clone()));
        let mine = thread::spawn(wait(shared.clone()));
        for _ in 0..2 {
            thread::sleep(MILLI * 20);
            *shared.0.lock() += 1;
            thread::yield_now();
            shared.1.notify_one();
        }
        mine.join().expect("a token and a wake-up are there for the living");
        let _ = theirs.join();
    });
}

/// Three messages, two takers, one of them mortal: what the dead did not take, the living get.
fn takers(
    machine: &Machine,
    channel: (Sender<u32>, Receiver<u32>),
    takes: fn(&Receiver<u32>) -> Option<u32>,
) {
    let (sender, receiver) = channel;
    let taken = Arc::new(AtomicU32::new(0));
    let (theirs, counts) = (receiver.clone(), taken.clone());
    let dead = machine.spawn("takes too", move || {
        while takes(&theirs).is_some() {
            counts.fetch_add(1, SeqCst);
        }
    });
    let counts = taken.clone();
    let living = thread::spawn(move || {
        while receiver.recv().is_ok() {
            counts.fetch_add(1, SeqCst);
        }
    });
    for value in 0..3 {
        thread::sleep(MILLI);
        sender.send(value).expect("the living taker is there");
    }
    drop(sender);
    living.join().expect("it returns");
    let _ = dead.join();
    assert_eq!(taken.load(SeqCst), 3, "each message was taken once");
}

fn by_select(receiver: &Receiver<u32>) -> Option<u32> {
    loop {
        let mut select = Select::new();
        select.recv(receiver);
        select.ready();
        match receiver.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return None,
        }
    }
}

#[test]
fn a_message_that_the_dead_did_not_take_reaches_the_living() {
    swept(|machine| takers(machine, unbounded(), |receiver| receiver.recv().ok()));
    swept(|machine| takers(machine, bounded(1), |receiver| receiver.recv().ok()));
    swept(|machine| takers(machine, bounded(0), |receiver| receiver.recv().ok()));
    swept(|machine| takers(machine, unbounded(), by_select));
    swept(|machine| takers(machine, bounded(0), by_select));
}

#[test]
fn room_that_the_dead_will_not_use_goes_to_the_living() {
    swept(|machine| {
        let (sender, receiver) = bounded(1);
        let theirs = sender.clone();
        let dead = machine
            .spawn("sends too", move || (0..3).map_while(|value| theirs.send(value).ok()).count());
        let living = thread::spawn(move || {
            (10..13).for_each(|value| sender.send(value).expect("somebody receives"))
        });
        let mut received = Vec::new();
        for value in receiver.iter() {
            received.push(value);
            thread::sleep(MILLI);
        }
        living.join().expect("it could send everything");
        let of_living: Vec<u32> = received.into_iter().filter(|value| 10 <= *value).collect();
        assert_eq!(of_living, [10, 11, 12], "in order");
        let _ = dead.join();
    });
}

#[test]
fn a_lock_that_the_dead_was_given_goes_to_the_living() {
    swept(|machine| {
        let (lock, table) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
        let count = |lock: Arc<Mutex<u32>>, table: Arc<RwLock<u32>>| {
            move || {
                for _ in 0..3 {
                    *lock.lock() += 1;
                    *table.write() += 1;
                    drop(table.read());
                }
            }
        };
        let dead = machine.spawn("counts too", count(lock.clone(), table.clone()));
        let living: Vec<_> =
            (0..2).map(|_| thread::spawn(count(lock.clone(), table.clone()))).collect();
        for living in living {
            living.join().expect("it gets every lock");
        }
        let _ = dead.join();
        assert!((6..=9).contains(&*lock.lock()), "the living counted six");
        assert!((6..=9).contains(&*table.read()), "the living counted six");
    });
}
