//! What the runtime costs, beside its bars: `cargo bench -p labrt --bench engine`.
//!
//! CPU seconds of the process, not wall time: the machine may be busy with other things. One line
//! of arguments chooses: `step`, `spawn`, `lock`, `memory`; none means all.

use std::hint::black_box;
use std::time::Instant;

use labrt::sync::{Arc, Condvar, Mutex};
use labrt::thread;
use labrt_host::{Policy, RunConfig, run};

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wants = |name: &str| chosen.is_empty() || chosen.iter().any(|arg| arg == name);
    if wants("step") {
        step();
    }
    if wants("spawn") {
        spawn();
    }
    if wants("lock") {
        lock();
    }
    if wants("memory") {
        memory();
    }
}

/// CPU seconds of the process so far.
#[cfg(unix)]
fn cpu_seconds() -> f64 {
    // SAFETY: `getrusage` fills the struct it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Where CPU time is not to be had, wall time stands in.
#[cfg(not(unix))]
fn cpu_seconds() -> f64 {
    static BEGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// A line of `/proc/self/status` in MiB; `None` where there is none.
fn status_mib(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Two threads hand a number to and fro over one mutex and one condition.
fn ping_pong(rounds: u64) {
    let shared = Arc::new((Mutex::new(0_u64), Condvar::new()));
    let theirs = shared.clone();
    let other = thread::spawn(move || {
        for round in 0..rounds {
            let mut number = theirs.0.lock();
            while *number != 2 * round + 1 {
                theirs.1.wait(&mut number);
            }
            *number += 1;
            theirs.1.notify_one();
        }
    });
    for round in 0..rounds {
        let mut number = shared.0.lock();
        *number += 1;
        shared.1.notify_one();
        while *number != 2 * round + 2 {
            shared.1.wait(&mut number);
        }
    }
    other.join().expect("the other side of the ping-pong does not panic");
}

fn step() {
    for (name, policy) in [
        ("every operation", Policy::EveryOperation),
        ("one in 8", Policy::Sometimes { one_in: 8 }),
        ("blocking only", Policy::BlockingOnly),
        ("PCT, depth 3", Policy::Pct { depth: 3, operations: 10_000_000 }),
    ] {
        let mut steps = 0;
        let nanos = median(
            (0..5)
                .map(|seed| {
                    let begin = cpu_seconds();
                    let outcome =
                        run(&RunConfig::virtual_time(seed).policy(policy), || ping_pong(200_000));
                    let spent = cpu_seconds() - begin;
                    steps = outcome.report.steps;
                    outcome.unwrap();
                    spent * 1e9 / steps as f64
                })
                .collect(),
        );
        println!(
            "step   {name:16} {nanos:6.1} ns CPU a step ({steps} steps)   bar 60 ns; shuttle 200 to 300 ns"
        );
    }
}

fn spawn() {
    let before = status_mib("VmRSS");
    let begin = cpu_seconds();
    let outcome = run(&RunConfig::virtual_time(1), || {
        for _ in 0..1_000_000 {
            thread::spawn(|| ()).join().expect("an empty thread does not panic");
        }
    });
    let nanos = (cpu_seconds() - begin) * 1e9 / 1e6;
    let stacks = outcome.report.live_max;
    outcome.unwrap();
    let grown = status_mib("VmRSS").zip(before).map_or(f64::NAN, |(after, before)| after - before);
    println!(
        "spawn  one million spawn and join: {nanos:.0} ns CPU each, {stacks} alive at most, memory grew {grown:.1} MiB   bar 600 ns, flat; shuttle dies after some 32,000"
    );
}

fn lock() {
    const TIMES: u32 = 20_000_000;
    fn each(mut operation: impl FnMut()) -> f64 {
        let begin = Instant::now();
        for _ in 0..TIMES {
            operation();
        }
        begin.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
    }
    fn pair(place: &str) {
        let ours = Mutex::new(0_u64);
        let theirs = parking_lot::Mutex::new(0_u64);
        let mut ratios = Vec::new();
        let (mut our_nanos, mut their_nanos) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            let our = each(|| *black_box(&ours).lock() += 1);
            let their = each(|| *black_box(&theirs).lock() += 1);
            ratios.push(our / their);
            our_nanos.push(our);
            their_nanos.push(their);
        }
        println!(
            "lock   uncontended, {place}: {:.2} ns, parking_lot {:.2} ns, ratio {:.3} (median of 9 pairs)   bar 1.10",
            median(our_nanos),
            median(their_nanos),
            median(ratios),
        );
    }
    pair("in no run");
    run(&RunConfig::real_time(1), || pair("in a real-clock run")).unwrap();
}

/// 200 simulations, each with 80 threads that wait for something.
fn memory() {
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(201));
    let simulations: Vec<_> = (0..200)
        .map(|seed| {
            let barrier = barrier.clone();
            std::thread::spawn(move || {
                run(&RunConfig::virtual_time(seed), move || {
                    let shared = Arc::new((Mutex::new(false), Condvar::new()));
                    let waiting: Vec<_> = (0..79)
                        .map(|_| {
                            let shared = shared.clone();
                            thread::spawn(move || {
                                shared.1.wait_while(&mut shared.0.lock(), |over| !*over)
                            })
                        })
                        .collect();
                    thread::sleep(labrt::time::Duration::from_millis(10));
                    // All alive: the OS threads meet, twice, with the measurement between.
                    barrier.wait();
                    barrier.wait();
                    *shared.0.lock() = true;
                    shared.1.notify_all();
                    for thread in waiting {
                        thread.join().expect("a waiting thread does not panic");
                    }
                })
                .unwrap();
            })
        })
        .collect();
    barrier.wait();
    let resident = status_mib("VmRSS").unwrap_or(f64::NAN);
    barrier.wait();
    for simulation in simulations {
        simulation.join().expect("a simulation does not panic");
    }
    println!("memory 200 simulations of 80 live threads: {resident:.1} MiB resident   bar 100 MB");
}
