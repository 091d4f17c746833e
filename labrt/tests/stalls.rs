//! Threads that are stalled before they take a lock or send: who is, when, and for how long.
#![allow(missing_docs)]

use labrt::channel::unbounded;
use labrt::sync::{Arc, Mutex, RwLock};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{FailureKind, Machine, Operation, RunConfig, Stalls, find_divergence, now, run};

const SECOND: Duration = Duration::from_secs(1);
const ALWAYS: Stalls = Stalls { one_in: 1, longest: Duration::from_secs(2) };

/// How long `work` takes on a machine, a hundred times, while `stalls` are on.
fn time_of(stalls: Stalls, work: impl Fn() + Send + 'static) -> Duration {
    let outcome = run(&RunConfig::virtual_time(1), move || {
        let machine = Machine::new("server 0");
        machine.stall(Some(stalls));
        let begin = now();
        machine.call("work", move || (0..100).for_each(|_| work())).expect("it does not crash");
        now() - begin
    });
    outcome.unwrap()
}

#[test]
fn a_thread_is_stalled_before_it_takes_a_lock() {
    let lock = Mutex::new(());
    let mutex = time_of(ALWAYS, move || drop(lock.lock()));
    assert!(80 * SECOND < mutex && mutex < 120 * SECOND, "a second on average: {mutex:?}");
    let lock = RwLock::new(());
    let read = time_of(ALWAYS, move || drop(lock.read()));
    assert!(80 * SECOND < read && read < 120 * SECOND, "a second on average: {read:?}");
    let lock = RwLock::new(());
    let write = time_of(ALWAYS, move || drop(lock.write()));
    assert!(80 * SECOND < write && write < 120 * SECOND, "a second on average: {write:?}");
}

#[test]
fn a_thread_is_stalled_before_it_sends() {
    let outcome = run(&RunConfig::virtual_time(1), || {
        let (sender, receiver) = unbounded();
        let machine = Machine::new("server 0");
        machine.stall(Some(ALWAYS));
        let sends = move || (0..100).for_each(|_| sender.send(()).expect("somebody receives"));
        machine.call("work", sends).expect("it does not crash");
        (receiver.len(), now())
    });
    let (sent, time) = outcome.unwrap();
    assert_eq!(sent, 100);
    assert!(80 * SECOND < time && time < 120 * SECOND, "a second on average: {time:?}");
}

#[test]
fn one_in_so_many_is() {
    let lock = Mutex::new(());
    let seldom = Stalls { one_in: 10, ..ALWAYS };
    let time = time_of(seldom, move || drop(lock.lock()));
    assert!(3 * SECOND < time && time < 25 * SECOND, "ten times a second on average: {time:?}");
}

#[test]
fn a_thread_that_holds_a_lock_is_not() {
    let locks = (Mutex::new(()), Mutex::new(()));
    let time = time_of(ALWAYS, move || {
        let _outer = locks.0.lock();
        for _ in 0..100 {
            drop(locks.1.lock());
        }
    });
    assert!(time < 120 * SECOND, "before the outer lock only: {time:?}");
}

#[test]
fn nobody_is_on_other_machines_or_when_it_is_over() {
    let outcome = run(&RunConfig::virtual_time(1), || {
        let lock = Arc::new(Mutex::new(0));
        let theirs = lock.clone();
        let machine = Machine::new("server 0");
        machine.stall(Some(ALWAYS));
        *lock.lock() += 1;
        Machine::new("server 1").call("work", || drop(Mutex::new(()).lock())).expect("it is up");
        machine.stall(None);
        machine.call("work", move || *theirs.lock() += 1).expect("it does not crash");
        let sum = *lock.lock();
        (now(), sum)
    });
    let (time, sum) = outcome.unwrap();
    assert_eq!(sum, 2);
    assert!(time < Duration::from_millis(1), "{time:?}");
}

#[test]
fn others_take_the_lock_meanwhile() {
    let outcome = run(&RunConfig::virtual_time(1), || {
        let lock = Arc::new(Mutex::new(Vec::new()));
        let (theirs, machine) = (lock.clone(), Machine::new("server 0"));
        machine.stall(Some(ALWAYS));
        let stalled = machine.spawn("stalled", move || theirs.lock().push("stalled"));
        thread::sleep(Duration::from_micros(10));
        lock.lock().push("main");
        stalled.join().expect("it ends");
        lock.lock().clone()
    });
    assert_eq!(outcome.unwrap(), ["main", "stalled"]);
}

#[test]
fn a_crash_ends_a_thread_that_is_stalled() {
    let outcome = run(&RunConfig::virtual_time(1), || {
        let lock = Arc::new(Mutex::new(false));
        let (theirs, machine) = (lock.clone(), Machine::new("server 0"));
        machine.stall(Some(ALWAYS));
        drop(machine.spawn("stalled", move || *theirs.lock() = true));
        thread::sleep(Duration::from_micros(10));
        machine.crash();
        thread::sleep(10 * SECOND);
        let taken = *lock.lock();
        (machine.live_threads(), taken)
    });
    assert_eq!(outcome.unwrap(), (0, false));
}

#[test]
fn a_report_says_who_is_stalled() {
    let outcome = run(&RunConfig::virtual_time(1), || {
        let machine = Machine::new("server 0");
        machine.stall(Some(ALWAYS));
        drop(machine.spawn("stalled", || drop(Mutex::new(()).lock())));
        thread::sleep(Duration::from_micros(10));
        labrt_host::fail("the test is over");
    });
    let failure = outcome.result.expect_err("it was told to fail");
    assert_eq!(failure.kind, FailureKind::Host);
    let waits = failure.threads.iter().find(|thread| thread.name == "stalled");
    let waits = waits.and_then(|thread| thread.waits.as_ref()).expect("it waits");
    assert_eq!(waits.operation, Operation::Stall);
    assert!(failure.to_string().contains("'stalled' of machine 'server 0' is stalled at"));
}

#[test]
fn the_seed_decides() {
    for seed in 0..4 {
        let divergence = find_divergence(&RunConfig::virtual_time(seed), || {
            let (lock, machine) = (Arc::new(Mutex::new(0)), Machine::new("server 0"));
            machine.stall(Some(Stalls { one_in: 3, ..ALWAYS }));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let lock = lock.clone();
                    machine.spawn("worker", move || (0..20).for_each(|_| *lock.lock() += 1))
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
        });
        assert_eq!(divergence, None, "seed {seed}");
    }
}

#[test]
fn under_the_real_clock_nothing_happens() {
    let outcome = run(&RunConfig::real_time(1), || {
        let machine = Machine::new("server 0");
        machine.stall(Some(Stalls { longest: Duration::from_secs(3600), ..ALWAYS }));
        machine.call("work", || drop(Mutex::new(()).lock()))
    });
    assert_eq!(outcome.unwrap(), Ok(()));
}
