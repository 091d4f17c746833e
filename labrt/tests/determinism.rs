//! The same binary, program and seed give the same events: twice in a process, in two processes,
//! in debug and release, on coroutines and on OS threads. And the policies find what they should.
#![allow(missing_docs)]

use std::process::Command;
use std::sync::atomic::{AtomicU64 as StdU64, Ordering::SeqCst};

use labrt::channel::{Select, TryRecvError, bounded, unbounded};
use labrt::rand::{self, SliceRandom};
use labrt::sync::atomic::AtomicU64;
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt_host::{
    Backend, EventKind, FailureKind, Machine, Policy, RunConfig, Trace, event, find_divergence, run,
};

const MILLI: Duration = Duration::from_millis(1);

const POLICIES: [Policy; 5] = [
    Policy::Seeded,
    Policy::EveryOperation,
    Policy::Sometimes { one_in: 4 },
    Policy::BlockingOnly,
    Policy::Pct { depth: 3, operations: 1000 },
];

/// A program that uses everything: locks, conditions, channels of all kinds, atomics, timers,
/// random numbers, threads, crashes.
fn everything() -> u64 {
    let sum = Arc::new(AtomicU64::new(0));
    let shared = Arc::new((Mutex::new(0_u64), Condvar::new(), RwLock::new(0_u64)));
    let (unbounded_in, unbounded_out) = unbounded::<u64>();
    let (bounded_in, bounded_out) = bounded::<u64>(2);
    let (by_hand_in, by_hand_out) = bounded::<u64>(0);
    let servers: Vec<Machine> =
        (0..3).map(|number| Machine::new(format!("server {number}"))).collect();
    for (number, server) in (0_u64..).zip(&servers) {
        let (sum, shared) = (sum.clone(), shared.clone());
        let (to_all, to_some, by_hand) =
            (unbounded_in.clone(), bounded_in.clone(), by_hand_in.clone());
        server.dispatch("main", move || {
            let theirs = shared.clone();
            let waiter = thread::spawn(move || {
                let mut value = theirs.0.lock();
                theirs.1.wait_while_for(&mut value, |value| *value < 20, MILLI * 30);
                theirs.1.wait_for(&mut value, MILLI);
                *value
            });
            for round in 0..10 {
                thread::sleep(MILLI * rand::random_range(1..4));
                *shared.0.lock() += 1;
                shared.1.notify_one();
                sum.fetch_add(*shared.2.read(), SeqCst);
                *shared.2.write() += round;
                let _ = to_all.send(number);
                let _ = to_some.send_timeout(number, MILLI);
                let _ = by_hand.try_send(number);
                let mut order = [0, 1, 2, 3];
                order.shuffle(&mut rand::rng());
                sum.fetch_add(order[0], SeqCst);
            }
            let _ = waiter.join();
            let _ = by_hand.send(number + 10);
        });
    }
    drop((unbounded_in, bounded_in, by_hand_in));
    let victim = servers[0].clone();
    event::after(MILLI * 9, move || victim.crash());
    servers[1].crash_at_step(150);
    let receivers = [unbounded_out, bounded_out, by_hand_out];
    let mut open = vec![0, 1, 2];
    let deadline = Instant::now() + MILLI * 100;
    let mut seen = 0_u64;
    while !open.is_empty() && Instant::now() < deadline {
        let mut select = Select::new();
        for number in &open {
            select.recv(&receivers[*number]);
        }
        let Ok(ready) = select.ready_timeout(MILLI) else { continue };
        match receivers[open[ready]].try_recv() {
            Ok(value) => seen = seen.wrapping_mul(31).wrapping_add(value),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => drop(open.remove(ready)),
        }
    }
    let answers: Vec<_> =
        servers.iter().map(|server| server.call("value", rand::random::<u32>).is_ok()).collect();
    assert_eq!(answers, [false, false, true], "two have crashed");
    seen ^ sum.load(SeqCst)
}

fn fingerprint(config: &RunConfig) -> (u64, u64, u64, Duration) {
    let outcome = run(config, everything);
    let report = outcome.report;
    (outcome.unwrap(), report.event_hash, report.steps, report.elapsed)
}

#[test]
fn twice_in_a_process() {
    for policy in POLICIES {
        for seed in 0..10 {
            let config = RunConfig::virtual_time(seed).policy(policy);
            assert_eq!(fingerprint(&config), fingerprint(&config), "{policy:?}, seed {seed}");
        }
    }
}

#[test]
fn on_coroutines_and_on_os_threads() {
    for policy in POLICIES {
        for seed in 0..4 {
            let config = RunConfig::virtual_time(seed).policy(policy);
            let threads = config.clone().backend(Backend::OsThreads);
            assert_eq!(fingerprint(&config), fingerprint(&threads), "{policy:?}, seed {seed}");
        }
    }
}

#[test]
fn with_and_without_a_trace() {
    let config = RunConfig::virtual_time(5);
    assert_eq!(
        fingerprint(&config),
        fingerprint(&config.clone().trace(Trace::On)),
        "looking changes nothing"
    );
}

#[test]
fn several_at_once_do_not_disturb_each_other() {
    let alone: Vec<_> = (0..8).map(|seed| fingerprint(&RunConfig::virtual_time(seed))).collect();
    let together: Vec<_> = (0..8)
        .map(|seed| std::thread::spawn(move || fingerprint(&RunConfig::virtual_time(seed))))
        .collect();
    for (seed, (alone, together)) in alone.into_iter().zip(together).enumerate() {
        let together = together.join().expect("the run succeeds");
        assert_eq!(alone, together, "seed {seed}");
    }
}

#[test]
fn another_seed_gives_another() {
    let mut hashes: Vec<u64> =
        (0..50).map(|seed| fingerprint(&RunConfig::virtual_time(seed)).1).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 50, "50 seeds, 50 histories");
}

#[test]
fn another_policy_gives_another() {
    let mut hashes: Vec<u64> = POLICIES[1..]
        .iter()
        .map(|policy| fingerprint(&RunConfig::virtual_time(1).policy(*policy)).1)
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 4, "4 policies, 4 histories");
}

const CHILD: &str = "LABRT_DETERMINISM_CHILD";

fn all_in_one() -> String {
    let prints: Vec<_> = POLICIES
        .iter()
        .flat_map(|policy| {
            (0..5).map(|seed| fingerprint(&RunConfig::virtual_time(seed).policy(*policy)))
        })
        .collect();
    format!("{prints:?}")
}

#[test]
fn in_two_processes() {
    if std::env::var_os(CHILD).is_some() {
        println!("fingerprint {}", all_in_one());
        return;
    }
    let myself = std::env::current_exe().expect("the test has a path");
    let child = Command::new(myself)
        .args(["in_two_processes", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("the test can be started again");
    let output = String::from_utf8_lossy(&child.stdout).into_owned();
    let theirs =
        output.lines().find_map(|line| line.split_once("fingerprint ")).map(|found| found.1);
    assert_eq!(theirs, Some(all_in_one().as_str()), "the other process:\n{output}");
}

/// What seed 7 gives, in every build and on every platform. It may change with the engine, and
/// then every recorded seed means another history: a change to make knowingly.
const EXPECTED: [(Policy, u64); 2] = [
    (Policy::EveryOperation, 16268732758576087801),
    (Policy::Pct { depth: 3, operations: 1000 }, 1987714820604311398),
];

#[test]
fn in_debug_and_release() {
    let found = EXPECTED
        .map(|(policy, _)| (policy, fingerprint(&RunConfig::virtual_time(7).policy(policy)).1));
    assert_eq!(found, EXPECTED, "the history that is written down");
}

mod divergence {
    use super::*;

    #[test]
    fn of_a_clean_program_is_none() {
        for policy in POLICIES {
            let divergence =
                find_divergence(&RunConfig::virtual_time(3).policy(policy), everything);
            assert_eq!(divergence, None, "{policy:?}");
        }
    }

    #[test]
    fn of_a_static_counter_is_found_at_its_first_step() {
        static RUNS: StdU64 = StdU64::new(0);
        let line = line!() + 7;
        let divergence =
            find_divergence(&RunConfig::virtual_time(3).policy(Policy::BlockingOnly), || {
                let lock = Mutex::new(());
                drop(lock.lock());
                thread::yield_now();
                if RUNS.fetch_add(1, SeqCst) % 2 == 1 {
                    thread::sleep(MILLI);
                }
                drop(lock.lock());
            });
        let divergence = divergence.expect("the second run sleeps");
        let (first, second) =
            (divergence.first.expect("a lock"), divergence.second.expect("a sleep"));
        assert_eq!((first.kind, first.place.line()), (EventKind::Lock, line + 2), "{divergence}");
        assert_eq!((second.kind, second.place.line()), (EventKind::Sleep, line), "{divergence}");
        assert_eq!((first.task, first.at_nanos), (second.task, second.at_nanos), "{divergence}");
        let text = divergence.to_string();
        let expected = format!(
            "two runs of the same seed part at step {}\n  the first   {first}\n  the second  {second}\n\
             means   something outside labrt decided: a foreign clock, generator, thread or address",
            divergence.step
        );
        assert_eq!(text, expected, "the message");
    }

    #[test]
    fn of_a_run_that_ends_sooner_is_found() {
        static RUNS: StdU64 = StdU64::new(0);
        let divergence = find_divergence(&RunConfig::virtual_time(3), || {
            thread::sleep(MILLI);
            if RUNS.fetch_add(1, SeqCst).is_multiple_of(2) {
                thread::yield_now();
            }
        });
        let divergence = divergence.expect("the second run is shorter");
        assert_eq!(
            divergence.first.map(|event| event.kind),
            Some(EventKind::Yield),
            "{divergence}"
        );
        assert_eq!(divergence.second, None, "{divergence}");
    }
}

mod policies {
    use super::*;

    /// In how many of `seeds` runs the program fails.
    fn found(policy: Policy, seeds: u64, program: fn()) -> usize {
        (0..seeds)
            .filter(|seed| {
                let outcome = run(&RunConfig::virtual_time(*seed).policy(policy), program);
                match outcome.result {
                    Ok(()) => false,
                    Err(failure) => {
                        assert_eq!(
                            failure.kind,
                            FailureKind::Panic,
                            "{policy:?}, seed {seed}: {failure}"
                        );
                        true
                    }
                }
            })
            .count()
    }

    /// Reads under the lock, writes under the lock, and lets go of it in between.
    fn lost_update_over_a_lock() {
        let value = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let value = value.clone();
                thread::spawn(move || {
                    let seen = *value.lock();
                    *value.lock() = seen + 1;
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("it returns");
        }
        assert_eq!(*value.lock(), 2, "an update is lost");
    }

    fn lost_update_over_an_atomic() {
        let value = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let value = value.clone();
                thread::spawn(move || {
                    let seen = value.load(SeqCst);
                    value.store(seen + 1, SeqCst);
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("it returns");
        }
        assert_eq!(value.load(SeqCst), 2, "an update is lost");
    }

    #[test]
    fn every_operation_finds_lost_updates_and_blocking_only_none() {
        for program in [lost_update_over_a_lock, lost_update_over_an_atomic] {
            let often = found(Policy::EveryOperation, 1000, program);
            assert!(300 < often, "at every operation: {often} of 1000 seeds");
            let sometimes = found(Policy::Sometimes { one_in: 4 }, 1000, program);
            assert!(20 < sometimes && sometimes < often, "at one in four: {sometimes}");
            let never = found(Policy::BlockingOnly, 1000, program);
            assert_eq!(never, 0, "where threads block there is nothing to find");
            let seeded = found(Policy::Seeded, 1000, program);
            assert!(0 < seeded && seeded < often, "drawn from the seed: {seeded}");
        }
    }

    /// Fails if `first` stops in its first part, then `second` begins and stops in the middle,
    /// and then `first` goes on alone for a while: two stops at the right places and none between.
    fn ordering_of_depth_three() {
        let shared: Arc<[AtomicU64; 3]> = Arc::default();
        let theirs = shared.clone();
        let first = thread::spawn(move || {
            let [first_is_busy, second_is_busy, second_moves] = &*theirs;
            let own = AtomicU64::new(0);
            first_is_busy.store(1, SeqCst);
            for _ in 0..30 {
                own.fetch_add(1, SeqCst);
            }
            first_is_busy.store(0, SeqCst);
            if second_is_busy.load(SeqCst) == 1 {
                let before = second_moves.load(SeqCst);
                for _ in 0..30 {
                    own.fetch_add(1, SeqCst);
                }
                assert_ne!(before, second_moves.load(SeqCst), "the second stands still");
            }
        });
        let second = thread::spawn(move || {
            let [first_is_busy, second_is_busy, second_moves] = &*shared;
            if first_is_busy.load(SeqCst) == 1 {
                second_is_busy.store(1, SeqCst);
                for _ in 0..60 {
                    second_moves.fetch_add(1, SeqCst);
                }
                second_is_busy.store(0, SeqCst);
            }
        });
        for thread in [first, second] {
            thread.join().expect("it returns");
        }
    }

    #[test]
    fn priorities_find_deep_orderings_more_often_than_chance() {
        let chance = found(Policy::EveryOperation, 2000, ordering_of_depth_three);
        let priorities =
            found(Policy::Pct { depth: 3, operations: 150 }, 2000, ordering_of_depth_three);
        assert!(chance < priorities, "{priorities} of 2000 seeds, by chance {chance}");
        assert!(0 < priorities, "it is found at all");
    }

    #[test]
    fn priorities_without_changes_let_one_thread_run_to_its_wait() {
        let never =
            found(Policy::Pct { depth: 1, operations: 100 }, 500, lost_update_over_an_atomic);
        assert_eq!(never, 0, "depth 1 changes nothing between two operations");
    }
}
