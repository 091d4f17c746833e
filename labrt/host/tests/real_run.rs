//! Runs under the real clock: how they end, what they report, and what they share.

mod real_common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use labrt_host::real::{self, RealMachine, RealOutcome};
use labrt_host::{Failure, FailureKind, Limits, RunConfig};
use parking_lot::Mutex;
use rand::Rng;
use real_common::{here, in_run, outcome};

const FOR_EVER: Duration = Duration::from_secs(3600);

fn config() -> RunConfig {
    RunConfig::real_time(1)
}

fn failure<T: std::fmt::Debug>(outcome: RealOutcome<T>) -> Failure {
    outcome.result.expect_err("the run fails")
}

#[test]
fn result_of_main_comes_back() {
    let outcome = outcome(config(), |thread| {
        let handle = real::spawn(thread.run(), None, "two".to_owned(), || 2);
        handle.join(Some(thread)).expect("it returns") + 1
    });
    assert_eq!(outcome.result.expect("main returns"), 3, "main's result");
    assert_eq!((outcome.spawned, outcome.leaked), (2, 0), "main and another, both ended");
}

#[test]
fn panic_on_any_thread_fails_the_run_and_tells_all() {
    let begin = Instant::now();
    let outcome = outcome(config(), |thread| {
        let machine = RealMachine::new(thread.run(), 0, "server 3");
        let (completer, completion) = real::oneshot::<()>();
        real::dispatch(&machine, "handler", || guilty_function(4));
        completion.wait(thread); // for ever: only the failure ends it
        drop(completer);
    });
    assert!(begin.elapsed() < Duration::from_secs(20), "the run stops at once");
    let failure = failure(outcome);
    assert_eq!(failure.kind, FailureKind::Panic, "{failure}");
    assert_eq!(failure.thread.as_deref(), Some("handler"), "{failure}");
    assert_eq!(failure.machine.as_deref(), Some("server 3"), "{failure}");
    assert!(failure.message.starts_with("index 4 is beyond the end"), "{failure}");
    assert!(failure.message.contains("real_run.rs:"), "{failure}");
    assert!(failure.at < Duration::from_secs(20), "{failure}");
    let backtrace = failure.backtrace.expect("frames");
    assert!(backtrace.contains("guilty_function"), "{backtrace}");
    assert!(!backtrace.contains("panic_with_hook"), "{backtrace}");
}

#[inline(never)]
fn guilty_function(index: u32) {
    panic!("index {index} is beyond the end");
}

#[test]
fn panic_of_main_fails_the_run() {
    let failure = failure(outcome(config(), |_| panic!("no leader")));
    assert_eq!(failure.thread.as_deref(), Some("main"), "{failure}");
    assert!(failure.message.starts_with("no leader"), "{failure}");
}

#[test]
fn panic_on_a_crashed_machine_is_no_failure() {
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "victim");
        let of_thread = machine.clone();
        let handle = real::spawn(thread.run(), Some(&machine), "late".to_owned(), move || {
            of_thread.crash(); // and what was shared is gone
            panic!("the apply channel is disconnected");
        });
        assert!(handle.join(Some(thread)).is_err(), "it unwound");
    });
}

#[test]
fn unwinding_without_a_panic_fails_the_run_too() {
    let failure = failure(outcome(config(), |_| std::panic::resume_unwind(Box::new("odd"))));
    assert_eq!(failure.kind, FailureKind::Panic, "{failure}");
    assert!(failure.message.starts_with("odd"), "{failure}");
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let bad = std::thread::spawn(|| {
        (0..20)
            .map(|round| {
                failure(outcome(config(), move |thread| {
                    let machine = RealMachine::new(thread.run(), 0, "bad");
                    real::dispatch(&machine, "sleeper", || real::sleep(here(), FOR_EVER));
                    panic!("round {round}");
                }))
            })
            .collect::<Vec<_>>()
    });
    let good = in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "good");
        let mut sum = 0_u64;
        for round in 0..5000_u64 {
            let (completer, completion) = real::oneshot();
            real::dispatch(&machine, "echo", move || completer.complete_last(here(), round));
            sum += completion.wait(thread).expect("an answer");
        }
        sum
    });
    assert_eq!(good, 4999 * 5000 / 2, "every echo of the good run came back");
    for (round, failure) in bad.join().expect("no panic outside").into_iter().enumerate() {
        assert!(failure.message.starts_with(&format!("round {round}\n")), "{failure}");
    }
}

#[test]
fn threads_left_over_end_with_main() {
    let begin = Instant::now();
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "server");
        for _ in 0..50 {
            real::dispatch(&machine, "sleeper", || real::sleep(here(), FOR_EVER));
            let body = || real::sleep(here(), FOR_EVER);
            real::spawn(thread.run(), None, "sleeper".to_owned(), body);
        }
    });
    assert!(begin.elapsed() < Duration::from_secs(2), "no grace was needed: {:?}", begin.elapsed());
}

#[test]
fn a_thread_that_never_looks_is_counted_as_leaked() {
    let release = Arc::new(AtomicBool::new(false));
    let seen = release.clone();
    let outcome = outcome(config(), move |thread| {
        let (begun, begins) = real::oneshot();
        let machine = RealMachine::new(thread.run(), 0, "server");
        real::dispatch(&machine, "deaf", move || {
            begun.complete(());
            while !seen.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        begins.wait(thread).expect("it begins");
    });
    release.store(true, SeqCst);
    outcome.result.expect("main returned");
    assert_eq!(outcome.leaked, 1, "the deaf thread");
}

#[test]
fn wall_limit_ends_the_run() {
    let limits = Limits { wall: Duration::from_millis(50), ..Limits::default() };
    let failure = failure(outcome(config().limits(limits), |thread| real::sleep(thread, FOR_EVER)));
    assert_eq!(failure.kind, FailureKind::WallLimit, "{failure}");
}

#[test]
fn a_wait_after_complete_last_wakes_the_waiter_first() {
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "server");
        let (completer, completion) = real::oneshot();
        let (back, wait_for_it) = real::oneshot();
        real::dispatch(&machine, "not the last thing", move || {
            completer.complete_last(here(), 1);
            let seen: Option<()> = wait_for_it.wait(here());
            assert!(seen.is_some(), "the caller goes on");
        });
        assert_eq!(completion.wait(thread), Some(1), "woken by the handler's wait");
        back.complete(());
    });
}

#[test]
fn thread_limit_ends_the_run() {
    let limits = Limits { live_threads: 10, ..Limits::default() };
    let failure = failure(outcome(config().limits(limits), |thread| {
        loop {
            let body = || real::sleep(here(), FOR_EVER);
            real::spawn(thread.run(), None, "one more".to_owned(), body);
            thread.check();
        }
    }));
    assert_eq!(failure.kind, FailureKind::TooManyThreads, "{failure}");
    assert!(failure.message.contains("the limit is 10"), "{failure}");
}

#[test]
fn a_thread_that_the_system_refuses_ends_the_run() {
    let limits = Limits { stack_bytes: usize::MAX / 4, ..Limits::default() };
    let failure = failure(outcome(config().limits(limits), |_| ()));
    assert_eq!(failure.kind, FailureKind::TooManyThreads, "{failure}");
}

#[test]
fn os_threads_are_used_again() {
    // Larger than what the other tests of this process take, so that the pool has it for us.
    let limits = Limits { stack_bytes: 3 << 20, ..Limits::default() };
    let outcome = outcome(config().limits(limits), |thread| {
        let machine = RealMachine::new(thread.run(), 0, "server");
        let carriers: std::collections::HashSet<_> = (0..1000)
            .map(|_| {
                let (completer, completion) = real::oneshot();
                let id = || std::thread::current().id();
                real::dispatch(&machine, "who", move || completer.complete_last(here(), id()));
                completion.wait(thread).expect("an answer")
            })
            .collect();
        carriers.len()
    });
    // Others may borrow one now and then.
    let carriers = outcome.result.expect("main returns");
    assert!(carriers < 100, "1000 jobs, one after the other, on {carriers} OS threads");
}

#[test]
fn a_job_never_waits_for_a_worker() {
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "server");
        let (last, first) = real::oneshot::<u32>();
        // Each waits for the next: only if all have a thread does the first get its value.
        let mut completer = last;
        for _ in 0..200 {
            let (next, completion) = real::oneshot::<u32>();
            let before = std::mem::replace(&mut completer, next);
            real::dispatch(&machine, "link", move || {
                if let Some(value) = completion.wait(here()) {
                    before.complete(value + 1);
                }
            });
        }
        completer.complete(0);
        assert_eq!(first.wait(thread), Some(200), "through 200 threads");
    });
}

#[test]
fn timers_run_in_the_order_of_their_deadlines() {
    let outcome = outcome(config(), |thread| {
        let order = Arc::new(Mutex::new(Vec::new()));
        for millis in [39, 33, 37, 33, 31, 38, 33] {
            let (order, delay) = (order.clone(), Duration::from_millis(millis));
            // The deadline lies between these two.
            let earliest = Instant::now() + delay;
            let latest = Arc::new(Mutex::new(None));
            let told = latest.clone();
            real::after(thread.run(), delay, move || order.lock().push((earliest, told)));
            *latest.lock() = Some(Instant::now() + delay);
        }
        // An action may arm another.
        let (completer, completion) = real::oneshot();
        real::after(thread.run(), Duration::from_millis(60), move || {
            real::after(here().run(), Duration::from_millis(5), move || completer.complete(()));
        });
        completion.wait(thread).expect("the last timer");
        let order: Vec<_> = order.lock().iter().map(|(from, to)| (*from, *to.lock())).collect();
        order
    });
    let order = outcome.result.expect("main returns");
    assert_eq!(order.len(), 7, "each ran once");
    for pair in order.windows(2) {
        let (earliest, latest) = (pair[0].0, pair[1].1.expect("it was armed"));
        assert!(earliest <= latest, "an action ran before one that was due earlier");
    }
    assert!(Duration::ZERO < outcome.timer_lateness_max, "no timer is never late");
}

#[test]
fn timers_of_a_run_that_is_over_are_silent() {
    static RAN: AtomicU32 = AtomicU32::new(0);
    struct Owned;
    impl Drop for Owned {
        fn drop(&mut self) {
            RAN.fetch_add(100, SeqCst);
        }
    }
    in_run(|thread| {
        let owned = Owned;
        real::after(thread.run(), FOR_EVER, move || {
            let _owned = &owned;
            RAN.fetch_add(1, SeqCst);
        });
    });
    assert_eq!(RAN.load(SeqCst), 100, "the action was dropped and not run");
}

#[test]
fn panic_of_a_timer_fails_the_run() {
    let failure = failure(outcome(config(), |thread| {
        real::after(thread.run(), Duration::ZERO, || panic!("in the network"));
        real::sleep(thread, FOR_EVER);
    }));
    assert!(failure.message.starts_with("in the network"), "{failure}");
}

#[test]
fn a_run_that_is_over_is_freed() {
    let run = in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "server");
        let of_hook = machine.clone();
        machine.on_crash(move || assert!(of_hook.is_crashed(), "by the end of the run"));
        real::dispatch(&machine, "sleeper", || real::sleep(here(), FOR_EVER));
        real::after(thread.run(), FOR_EVER, || here().check());
        Arc::downgrade(thread.run())
    });
    // The threads have ended, but the last may still hold what it was made of.
    let begin = Instant::now();
    while run.upgrade().is_some() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the run is still held");
        std::thread::yield_now();
    }
}

#[test]
fn a_completer_dropped_gives_none() {
    in_run(|thread| {
        let (completer, completion) = real::oneshot::<u32>();
        drop(completer);
        assert!(completion.is_done(), "it will never come");
        assert_eq!(completion.wait(thread), None, "it will never come");
    });
}

#[test]
fn random_numbers_follow_seed_and_thread() {
    let draw = |seed| {
        let numbers = outcome(RunConfig::real_time(seed), |thread| {
            let of = |it: &real::RealThread| it.with_rng(|rng| rng.next_u64());
            let mine = of(thread);
            let other = real::spawn(thread.run(), None, "other".to_owned(), move || of(here()));
            (mine, other.join(Some(thread)).expect("a number"))
        });
        numbers.result.expect("main returns")
    };
    assert_eq!(draw(5), draw(5), "same seed, same numbers");
    assert_ne!(draw(5), draw(6), "another seed, others");
    assert_ne!(draw(5).0, draw(5).1, "each thread has its own");
}
