//! Loops and waits without a scheduling point.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrt::sync::Arc;
use labrt::sync::atomic::AtomicU64;
use labrt::thread;
use labrt_host::{Failure, FailureKind, run};

use crate::common::place;
use crate::common::{STUCK, assert_names_lines, assert_names_place, both_backends, config};

fn assert_stuck(failure: &Failure, thread: &str, place: &str, lines: u32) {
    assert_eq!(failure.kind, FailureKind::Stuck, "{failure}");
    assert_names_lines(failure, thread, place, lines);
    assert_stuck_at(failure, place, lines);
}

fn assert_stuck_at(failure: &Failure, place: &str, lines: u32) {
    assert_eq!(failure.kind, FailureKind::Stuck, "{failure}");
    assert_names_place(failure, place, lines);
    let backtrace = failure.backtrace.as_deref().unwrap_or_default();
    assert!(
        backtrace.contains("labrt/tests/safety_net/stuck.rs:"),
        "the calls are told: {failure}"
    );
}

#[test]
fn a_long_computation_with_scheduling_points_is_let_alone() {
    for backend in both_backends() {
        let outcome = run(&config(1).backend(backend), || {
            let done = AtomicU64::new(0);
            let begin = CpuTime::now();
            while begin.elapsed() < 2 * STUCK {
                (0..1000).for_each(|number| _ = black_box(number));
                done.fetch_add(1, labrt::sync::atomic::Ordering::SeqCst);
            }
        });
        outcome.unwrap();
    }
}

/// CPU time: a clock that the net does not touch.
struct CpuTime(Duration);

impl CpuTime {
    fn now() -> Self {
        Self(cpu_time())
    }

    fn elapsed(&self) -> Duration {
        cpu_time() - self.0
    }
}

fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `clock_gettime` fills the struct it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn a_loop_without_a_scheduling_point_fails_the_run() {
    for backend in both_backends() {
        let place = place!(4);
        let outcome = run(&config(2).backend(backend), || {
            let looping = thread::Builder::new().name("looping".to_owned()).spawn(|| {
                let (mut number, never) = (0_u64, AtomicBool::new(false));
                while !never.load(Ordering::Relaxed) {
                    number = black_box(number + 1);
                }
            });
            looping.expect("it starts").join().ok();
        });
        let failure = outcome.unwrap_failure();
        assert_stuck(&failure, "looping", &place, 3);
    }
}

#[test]
fn a_loop_that_allocates_fails_the_run_and_malloc_stays_usable() {
    let place = place!(4);
    for _ in 0..3 {
        let outcome = run(&config(3), || {
            loop {
                let mut words: Vec<Vec<u8>> = (0..100).map(|size| vec![0; size * 10]).collect();
                words.reverse();
                black_box(&words);
            }
        });
        assert_stuck(&outcome.unwrap_failure(), "main", &place, 4);
        let large: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        assert_eq!(large.len(), 10_000, "malloc works");
    }
}

#[test]
fn a_spin_on_a_std_atomic_fails_the_run() {
    for backend in both_backends() {
        let place = place!(4);
        let outcome = run(&config(4).backend(backend), || {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = flag.clone();
            let waiter = thread::spawn(move || while !theirs.load(Ordering::SeqCst) {});
            thread::sleep(Duration::from_secs(1));
            flag.store(true, Ordering::SeqCst);
            waiter.join().ok();
        });
        let failure = outcome.unwrap_failure();
        let name = place.rsplit_once('/').map_or(place.as_str(), |(_, name)| name);
        assert_stuck(&failure, name, &place, 1);
    }
}

#[test]
fn a_spin_on_the_labs_clock_fails_the_run() {
    let place = place!(3);
    let outcome = run(&config(5), || {
        let begin = labrt::time::Instant::now();
        while begin.elapsed() < Duration::from_secs(1) {}
    });
    assert_stuck(&outcome.unwrap_failure(), "main", &place, 1);
}

#[test]
fn a_wait_in_the_system_fails_the_run() {
    let place = place!(4);
    let outcome = run(&config(6), || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0");
        let listener = listener.expect("a port is free");
        listener.accept().ok();
    });
    assert_stuck(&outcome.unwrap_failure(), "main", &place, 1);
}

#[test]
fn a_loop_in_a_destructor_fails_the_run() {
    struct Loops;
    impl Drop for Loops {
        fn drop(&mut self) {
            loop {
                black_box(());
            }
        }
    }
    let outcome = run(&config(7), || {
        let server = labrt_host::Machine::new("server");
        let thread = server.spawn("looping", || {
            let _loops = Loops;
            thread::sleep(Duration::from_secs(60));
        });
        thread::sleep(Duration::from_secs(1));
        server.crash();
        drop(thread);
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::Stuck, "{failure}");
    assert_eq!(failure.thread.as_deref(), Some("looping"), "{failure}");
    assert_eq!(failure.machine.as_deref(), Some("server"), "{failure}");
}

#[test]
fn an_event_that_never_ends_fails_the_run() {
    let place = place!(3);
    let outcome = run(&config(8), || {
        labrt_host::event::after(Duration::from_secs(1), || {
            loop {
                black_box(());
            }
        });
        thread::sleep(Duration::from_secs(2));
    });
    let failure = outcome.unwrap_failure();
    assert_stuck_at(&failure, &place, 2);
    assert_eq!(failure.thread, None, "no lab thread did it: {failure}");
}
