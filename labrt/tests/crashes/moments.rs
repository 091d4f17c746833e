//! A crash at every moment: a program that uses everything, swept over its scheduling points.

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool as StdBool, Ordering::SeqCst};

use labrt::channel::{Select, Sender, TryRecvError, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Backend, Machine, Policy, RunConfig, RunReport, run};

use crate::common::{FOR_EVER, FROM_THE_GRAVE, MILLI, eventually, succeeds};

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
