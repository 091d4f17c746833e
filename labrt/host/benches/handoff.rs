//! What an echo over a pooled thread costs, beside what two bare threads need to hand a token
//! over and back; and what the real clock adds to condition variables and channels. Prints CPU
//! and wall time a round trip, free and pinned to one core.
//!
//! Free, an echo costs a small part of the bare hand-off: each side looks at its token for a
//! moment before it sleeps, and the answer comes within that moment. Pinned, and on a busy
//! machine, there is nothing to see, the looks stop, and the echo costs two wake-ups as bare
//! threads do.
//!
//! `cargo bench -p labrt-host --bench handoff [-- ROUNDS]`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use labrt_host::RunConfig;
use labrt_host::dispatch::{Current, current};
use labrt_host::real::{self, RealMachine, RealRun, RealThread};
use parking_lot::{Condvar, Mutex};

const ROUNDS: u32 = 100_000;
/// What an echo may cost, in hand-offs and back.
const BAR: f64 = 1.3;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

/// Runs the pinned half in a process of its own: threads that the pool already has are not pinned.
const PINNED: &str = "--pinned";

fn main() {
    let rounds = std::env::args().find_map(|it| it.parse().ok()).unwrap_or(ROUNDS);
    if std::env::args().any(|it| it == PINNED) {
        match pin::to_one_core() {
            true => table("pinned to one core", rounds),
            false => println!("pinned to one core: not on this system"),
        }
        return;
    }
    println!("a round trip, {rounds} in a row: CPU us, wall us (the bar: {BAR} of bare)");
    table("free", rounds);
    let program = std::env::current_exe().expect("a benchmark knows its own path");
    let pinned = std::process::Command::new(program).args([PINNED, &rounds.to_string()]).status();
    assert!(pinned.is_ok_and(|status| status.success()), "the pinned half runs");
}

fn table(title: &str, rounds: u32) {
    println!("{title}");
    group(
        rounds,
        &[
            ("bare hand-off and back, thread::park", &bare),
            ("echo: dispatch, complete_last", &|n| echo(n, Last::Yes)),
            ("echo: dispatch, complete", &|n| echo(n, Last::No)),
            ("spawn and join", &spawn_join),
        ],
    );
    group(
        rounds,
        &[
            ("parking_lot condition variable", &|n| condition(n, Through::Bare)),
            ("the same, on a lab thread", &|n| condition(n, Through::Lab)),
        ],
    );
    group(
        rounds,
        &[
            ("crossbeam channel", &|n| channel(n, Through::Bare)),
            ("the same, on a lab thread", &|n| channel(n, Through::Lab)),
        ],
    );
}

/// Measures all in turn, so that what else the machine does meets them alike; the cheapest of
/// three counts. The first is the measure of the others.
fn group(rounds: u32, runs: &[(&str, &dyn Fn(u32))]) {
    let mut costs = vec![Cost { cpu: Duration::MAX, wall: Duration::MAX }; runs.len()];
    for _ in 0..3 {
        for ((_, run), cost) in runs.iter().zip(&mut costs) {
            *cost = measure(rounds, run).min(*cost);
        }
    }
    for ((what, _), cost) in runs.iter().zip(&costs) {
        row(what, *cost, costs[0]);
    }
}

fn row(what: &str, cost: Cost, bare: Cost) {
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    println!(
        "  {what:<40} {:>8.2} {:>8.2}   {:.2} and {:.2} of the first",
        micros(cost.cpu),
        micros(cost.wall),
        ratio(cost.cpu, bare.cpu),
        ratio(cost.wall, bare.wall),
    );
}

fn measure(rounds: u32, run: &dyn Fn(u32)) -> Cost {
    let (cpu, wall) = (cpu::process(), Instant::now());
    run(rounds);
    Cost { cpu: (cpu::process() - cpu) / rounds, wall: wall.elapsed() / rounds }
}

/// Two threads, two flags, `thread::park`: a futex under Linux.
fn bare(rounds: u32) {
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let wait = |flag: &AtomicBool| {
        while !flag.swap(false, SeqCst) {
            std::thread::park();
        }
    };
    let caller = std::thread::current();
    let server = {
        let flags = flags.clone();
        std::thread::spawn(move || {
            for _ in 0..rounds {
                wait(&flags[0]);
                flags[1].store(true, SeqCst);
                caller.unpark();
            }
        })
    };
    for _ in 0..rounds {
        flags[0].store(true, SeqCst);
        server.thread().unpark();
        wait(&flags[1]);
    }
    server.join().expect("the server thread does not panic");
}

#[derive(Clone, Copy)]
enum Last {
    Yes,
    No,
}

fn echo(rounds: u32, last: Last) {
    in_run(move |thread| {
        let machine = RealMachine::new(thread.run(), 0, "server");
        for round in 0..rounds {
            let (completer, completion) = real::oneshot();
            real::dispatch(&machine, "echo", move || match last {
                Last::Yes => completer.complete_last(here(), round),
                Last::No => completer.complete(round),
            });
            assert_eq!(completion.wait(thread), Some(round), "the echo");
        }
    });
}

fn spawn_join(rounds: u32) {
    in_run(move |thread| {
        for round in 0..rounds {
            let handle = real::spawn(thread.run(), None, "echo".to_owned(), move || round);
            assert_eq!(handle.join(Some(thread)).ok(), Some(round), "the echo");
        }
    });
}

#[derive(Clone, Copy)]
enum Through {
    Bare,
    Lab,
}

/// Two threads take turns on one lock and one condition variable.
fn condition(rounds: u32, through: Through) {
    let turns = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let play = move |mine: u32| {
        let mut turn = turns.0.lock();
        while *turn < 2 * rounds {
            while *turn % 2 != mine && *turn < 2 * rounds {
                match through {
                    Through::Bare => turns.1.wait(&mut turn),
                    Through::Lab => drop(real::condvar_wait(here(), &turns.1, &mut turn, None)),
                }
            }
            *turn += 1;
            turns.1.notify_one();
        }
    };
    two_threads(through, play);
}

/// Two threads send each other a token.
fn channel(rounds: u32, through: Through) {
    let (to, from): (Vec<_>, Vec<_>) = (0..2).map(|_| unbounded::<u32>()).unzip();
    let play = move |mine: u32| {
        let (to, from) = (&to[1 - mine as usize], &from[mine as usize]);
        for round in 0..rounds {
            let is_first = mine == 0 && round == 0;
            match through {
                _ if is_first => {}
                Through::Bare => drop(from.recv().expect("connected")),
                Through::Lab => drop(real::recv(here(), from, None).expect("connected")),
            }
            match through {
                Through::Bare => to.send(round).expect("connected"),
                Through::Lab => real::send(here(), to, round, None).expect("connected"),
            }
        }
    };
    two_threads(through, play);
}

fn two_threads(through: Through, play: impl Fn(u32) + Clone + Send + 'static) {
    let other = play.clone();
    match through {
        Through::Bare => {
            let other = std::thread::spawn(move || other(1));
            play(0);
            other.join().expect("no panic");
        }
        Through::Lab => in_run(move |thread| {
            let body = move || other(1);
            let other = real::spawn(thread.run(), None, "other".to_owned(), body);
            play(0);
            other.join(Some(thread)).expect("no panic");
        }),
    }
}

fn in_run(main: impl FnOnce(&RealThread) + Send + 'static) {
    let outcome = RealRun::start(&RunConfig::real_time(1), || main(here()));
    outcome.result.expect("the run succeeds");
}

fn here<'a>() -> &'a RealThread {
    match current() {
        Current::Real(thread) => thread,
        _ => panic!("not on a lab thread"),
    }
}

#[cfg(unix)]
mod cpu {
    use std::time::Duration;

    /// User and system time of all threads so far.
    pub(crate) fn process() -> Duration {
        // SAFETY: all zeroes is a valid `rusage`, and `getrusage` only writes to it.
        let usage = unsafe {
            let mut usage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_SELF, &mut usage);
            usage
        };
        let of = |time: libc::timeval| {
            Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
        };
        of(usage.ru_utime) + of(usage.ru_stime)
    }
}

#[cfg(not(unix))]
mod cpu {
    /// Not known here: 1 ns a call, so that the ratios stay finite.
    pub(crate) fn process() -> std::time::Duration {
        use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static CALLS: AtomicU64 = AtomicU64::new(0);
        std::time::Duration::from_millis(CALLS.fetch_add(1, Relaxed))
    }
}

#[cfg(target_os = "linux")]
mod pin {
    /// Pins the calling thread, and the threads it starts, to one core.
    pub(crate) fn to_one_core() -> bool {
        // SAFETY: all zeroes is an empty set, and the calls only read or write that set.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            let core = libc::sched_getcpu().max(0) as usize;
            libc::CPU_SET(core, &mut set);
            libc::sched_setaffinity(0, size_of_val(&set), &set) == 0
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod pin {
    pub(crate) fn to_one_core() -> bool {
        false
    }
}
