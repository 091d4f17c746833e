//! What a crash of a machine does, and what it must not: swept over every scheduling point, from
//! every side, and in every wait.
#![allow(missing_docs)]

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool as StdBool, AtomicU32, Ordering::SeqCst};

use labrt::channel::{Receiver, Select, Sender, TryRecvError, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{
    Backend, Crashed, Machine, Operation, Outcome, Policy, RunConfig, RunReport, event, oneshot,
    run,
};

const MILLI: Duration = Duration::from_millis(1);
const FOR_EVER: Duration = Duration::from_secs(3000);

/// What a destructor of the dead would say to the living.
const FROM_THE_GRAVE: u32 = 666;

#[track_caller]
fn succeeds<T>(what: &str, outcome: Outcome<T>) -> (T, RunReport) {
    match outcome.result {
        Ok(value) => (value, outcome.report),
        Err(failure) => panic!("{what}: {failure}"),
    }
}

/// Runs `program` under the virtual clock on both backends, and under the real one.
#[track_caller]
fn everywhere(leaked_virtual: u64, program: fn()) {
    for seed in 0..4 {
        for backend in [Backend::Coroutines, Backend::OsThreads] {
            let config = RunConfig::virtual_time(seed).policy(Policy::EveryOperation);
            let (_, report) = succeeds("virtual clock", run(&config.backend(backend), program));
            assert_eq!(
                report.leaked, leaked_virtual,
                "{backend:?}: threads that could not be ended"
            );
        }
    }
    let (_, report) = succeeds("real clock", run(&RunConfig::real_time(1), program));
    assert_eq!(report.leaked, 0, "under the real clock every thread ends");
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        thread::sleep(MILLI);
    }
    panic!("{what}, within ten seconds");
}

/// A destructor that tries everything that does not wait, once its machine is dead.
struct LastWords {
    dead: Arc<StdBool>,
    living: Sender<u32>,
    by_hand: Sender<u32>,
    own: Arc<(Mutex<u32>, Condvar)>,
}

impl Drop for LastWords {
    fn drop(&mut self) {
        if !self.dead.load(SeqCst) {
            return;
        }
        self.living
            .send(FROM_THE_GRAVE)
            .expect("a send of the dead goes nowhere, and does not fail");
        let _ = self.living.try_send(FROM_THE_GRAVE);
        self.by_hand.send(FROM_THE_GRAVE).expect("it does not wait either");
        let _ = self.by_hand.send_timeout(FROM_THE_GRAVE, FOR_EVER);
        let living = self.living.clone();
        drop(thread::spawn(move || living.send(FROM_THE_GRAVE)));
        self.own.1.notify_all();
        if let Some(mut own) = self.own.0.try_lock() {
            *own = FROM_THE_GRAVE;
        }
        thread::yield_now();
        labrt::rand::random::<u64>();
        if let Some(machine) = Machine::current() {
            let living = self.living.clone();
            machine.dispatch("last words", move || {
                let _ = living.send(FROM_THE_GRAVE);
            });
        }
    }
}

/// What the living and a machine have in common.
#[derive(Clone)]
struct World {
    /// The machine has crashed.
    dead: Arc<StdBool>,
    to_living: Sender<u32>,
    by_hand: Sender<u32>,
    shared: Arc<Mutex<u32>>,
}

/// A machine's program: several threads that use everything.
fn busy(world: World) -> u32 {
    let own = Arc::new((Mutex::new(0), Condvar::new()));
    let words = || LastWords {
        living: world.to_living.clone(),
        by_hand: world.by_hand.clone(),
        own: Arc::default(),
        dead: world.dead.clone(),
    };
    let _mine = words();
    let (jobs, to_do) = bounded(1);
    let (results, done) = unbounded();
    let (hands, from_hand) = bounded(0);
    let table = Arc::new(RwLock::new(0));
    let worker = {
        let (own, world, words, results) = (own.clone(), world.clone(), words(), results.clone());
        thread::spawn(move || {
            let _words = words;
            for job in to_do.iter() {
                *world.shared.lock() += 1;
                let mut guard = own.0.lock();
                *guard += job;
                own.1.notify_all();
                drop(guard);
                results.send(job).expect("the machine is alive");
                world.to_living.send(job).expect("the living receive");
            }
        })
    };
    let hand = {
        let (words, table) = (words(), table.clone());
        thread::spawn(move || {
            let _words = words;
            for value in 0..3 {
                *table.write() += 1;
                hands.send(value).expect("somebody takes it");
            }
        })
    };
    let waiter = {
        let (own, words) = (own.clone(), words());
        thread::spawn(move || {
            let _words = words;
            let mut guard = own.0.lock();
            own.1.wait_while(&mut guard, |sum| *sum < 3);
            own.1.wait_for(&mut guard, MILLI);
        })
    };
    for job in 0..3 {
        jobs.send(job).expect("the worker is there");
        thread::sleep(MILLI);
    }
    drop((jobs, results));
    let mut sum = 0;
    let mut open = vec![&done, &from_hand];
    while !open.is_empty() {
        let mut select = Select::new();
        for receiver in &open {
            select.recv(receiver);
        }
        let ready = select.ready();
        match open[ready].try_recv() {
            Ok(value) => sum += value,
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => drop(open.remove(ready)),
        }
    }
    for thread in [worker, hand, waiter] {
        thread.join().expect("the machine is alive");
    }
    world.by_hand.send(*table.read()).expect("the living take it");
    sum
}

/// One run in which the machine crashes at its `step`-th point, if there is one. Its steps.
fn crash_at(config: &RunConfig, step: Option<u64>) -> (u64, RunReport) {
    let outcome = run(config, move || {
        let (to_living, from_machine) = unbounded();
        let (by_hand, from_hand) = bounded(0);
        let world = World { dead: Arc::default(), to_living, by_hand, shared: Arc::default() };
        let said = Arc::new(StdMutex::new(Vec::new()));
        for receiver in [from_machine, from_hand] {
            let said = said.clone();
            thread::spawn(move || {
                for value in receiver.iter() {
                    said.lock().expect("nobody panics with it").push(value);
                }
            });
        }
        // Another machine, which must not notice.
        let other = Machine::new("other");
        let bystander = {
            let shared = world.shared.clone();
            other.spawn("bystander", move || {
                for _ in 0..5 {
                    *shared.lock() += 100;
                    thread::sleep(MILLI);
                }
            })
        };
        let machine = Machine::new("victim");
        let dead = world.dead.clone();
        machine.on_crash(move || dead.store(true, SeqCst));
        if let Some(step) = step {
            machine.crash_at_step(step);
        }
        let theirs = world.clone();
        let result = machine.spawn("root", move || busy(theirs)).join();
        let crashed = machine.is_crashed();
        if step.is_none() {
            assert_eq!(result.ok(), Some(3 + 3), "the program works when nothing crashes");
        } else if crashed {
            assert_eq!(machine.live_threads(), 0, "all its threads have ended");
        }
        let steps = machine.steps();
        assert!(bystander.join().is_ok(), "the other machine lives on");
        thread::sleep(MILLI * 3);
        let shared = *world.shared.lock();
        assert_eq!(shared / 100, 5, "the lock that both use is free, its value whole: {shared}");
        assert!(
            !said.lock().expect("nobody panics with it").contains(&FROM_THE_GRAVE),
            "the dead are silent"
        );
        // The next incarnation does what this one could not.
        let next = Machine::new("victim");
        let world = World { dead: Arc::default(), ..world };
        let again = next.spawn("root", move || busy(world)).join();
        assert_eq!(again.ok(), Some(3 + 3), "a restart works");
        let live = machine.live_threads();
        assert!(!crashed || live == 0, "nothing was started on the dead machine: {live}");
        steps
    });
    succeeds(&format!("{:?}, crash at step {step:?}", config.policy), outcome)
}

#[test]
fn at_every_scheduling_point() {
    let policies = [
        Policy::EveryOperation,
        Policy::Sometimes { one_in: 5 },
        Policy::BlockingOnly,
        Policy::Pct { depth: 3, operations: 300 },
    ];
    for (seed, policy) in (0..12).flat_map(|seed| [(seed, policies[seed as usize % 4])]) {
        let config = RunConfig::virtual_time(seed).policy(policy);
        let (steps, _) = crash_at(&config, None);
        assert!(60 < steps, "{policy:?}: the program is worth crashing: {steps} steps");
        for step in 1..=steps {
            let (_, report) = crash_at(&config, Some(step));
            assert_eq!(report.leaked, 0, "{policy:?}, step {step}: every thread could be ended");
            if step % 29 == 0 {
                let on_threads = config.clone().backend(Backend::OsThreads);
                let (_, threads) = crash_at(&on_threads, Some(step));
                assert_eq!(
                    threads.event_hash, report.event_hash,
                    "{policy:?}, step {step}: on OS threads"
                );
            }
        }
    }
}

#[test]
fn at_any_moment_under_the_real_clock() {
    let outcome = run(&RunConfig::real_time(1), || {
        for round in 0..40 {
            let (to_living, from_machine) = unbounded();
            let (by_hand, from_hand) = bounded(0);
            let world = World { dead: Arc::default(), to_living, by_hand, shared: Arc::default() };
            let readers: Vec<_> = [from_machine, from_hand]
                .into_iter()
                .map(|receiver| thread::spawn(move || receiver.iter().collect::<Vec<u32>>()))
                .collect();
            let machine = Machine::new("victim");
            let dead = world.dead.clone();
            machine.on_crash(move || dead.store(true, SeqCst));
            let theirs = world.clone();
            let root = machine.spawn("root", move || busy(theirs));
            thread::sleep(Duration::from_micros(150) * round);
            machine.crash();
            assert!(machine.is_crashed(), "at once");
            let _ = root.join();
            eventually("its threads have ended", || machine.live_threads() == 0);
            *world.shared.lock() += 1;
            let next = Machine::new("victim");
            let world = World { dead: Arc::default(), ..world };
            let again = next.spawn("root", move || busy(world)).join();
            assert_eq!(again.ok(), Some(3 + 3), "round {round}: a restart works");
            for reader in readers {
                let said = reader.join().expect("the channel ends with its senders");
                assert!(
                    !said.contains(&FROM_THE_GRAVE),
                    "round {round}: the dead are silent: {said:?}"
                );
            }
        }
    });
    let (_, report) = succeeds("real clock", outcome);
    assert_eq!(report.leaked, 0, "every thread ends");
}

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

mod from {
    use super::*;

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
}

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
