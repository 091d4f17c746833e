//! How much an RPC costs: `cargo bench -p labrpc-host --bench echo`.
//!
//! Under the virtual clock: echo calls per second of CPU. Under the real clock: 100,000
//! sequential calls on one end, beside the same number of bare hand-offs between two OS threads
//! and back, measured beside it, free and pinned to one core. CPU time is the process's.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use labrpc_host::{Network, Server};
use labrt_host::{Limits, Machine, RunConfig};
use serde::{Deserialize, Serialize};

/// What the tests of the classic network print for it, on a machine like this one.
const GO_CPU: &str = "22 to 25 us CPU";
const GO_WALL: &str = "15.7 us wall";

const VIRTUAL_CALLS: u64 = 1_000_000;
const REAL_CALLS: u64 = 100_000;

#[derive(Serialize, Deserialize)]
struct Ping {
    number: u64,
}

labrpc::service! {
    /// Gives back what it got.
    trait Echo {
        /// Gives back what it got.
        fn echo(&self, args: Ping) -> Ping;
    }
    /// Calls an [`Echo`] server.
    client EchoClient;
}

struct Echoing;

impl Echo for Echoing {
    fn echo(&self, args: Ping) -> Ping {
        args
    }
}

/// What something took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Option<Duration>,
}

impl Cost {
    fn of(work: impl FnOnce()) -> Self {
        let (begun, cpu) = (Instant::now(), cpu_time());
        work();
        Self {
            wall: begun.elapsed(),
            cpu: cpu_time().zip(cpu).map(|(after, before)| after - before),
        }
    }

    fn per(self, count: u64) -> String {
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
        let cpu = self.cpu.map_or("?".to_owned(), |cpu| format!("{:.2}", micros(cpu)));
        format!("{cpu:>7} us CPU {:>7.2} us wall", micros(self.wall))
    }

    /// The lesser of each time.
    fn least(self, other: Self) -> Self {
        let cpu = self.cpu.zip(other.cpu).map(|(one, other)| one.min(other));
        Self { wall: self.wall.min(other.wall), cpu }
    }

    /// How many times the other's CPU time and wall time it took.
    fn ratio(self, other: Self) -> (f64, f64) {
        let wall = self.wall.as_secs_f64() / other.wall.as_secs_f64();
        let cpu = self
            .cpu
            .zip(other.cpu)
            .map_or(wall, |(one, other)| one.as_secs_f64() / other.as_secs_f64());
        (cpu, wall)
    }
}

/// The argument under which this program measures on one core only.
const PINNED: &str = "pinned";

fn main() {
    if std::env::args().any(|argument| argument == PINNED) {
        return match pin_to_one_core() {
            true => real_clock("pinned to one core"),
            false => println!("  pinned to one core: not on this platform"),
        };
    }
    virtual_clock();
    println!("real clock, {REAL_CALLS} sequential calls on one end; bar: at most 1.3 hand-offs");
    real_clock("free");
    // A process of its own: the pool's threads keep the cores they were born with.
    let program = std::env::current_exe().expect("this program has a path");
    let status = Command::new(program).arg(PINNED).status().expect("this program runs");
    assert!(status.success(), "the pinned half failed");
    println!("  the Go original, whose hand-offs need no kernel: {GO_CPU}, {GO_WALL}");
}

fn virtual_clock() {
    let limits = Limits { steps: u64::MAX, virtual_time: Duration::MAX, ..Limits::default() };
    let best = (0..5)
        .map(|seed| {
            let config = RunConfig::virtual_time(seed).limits(limits.clone());
            Cost::of(|| calls(&config, VIRTUAL_CALLS))
        })
        .min_by_key(|cost| cost.cpu.unwrap_or(cost.wall))
        .expect("five of them");
    let per_second = VIRTUAL_CALLS as f64 / best.cpu.unwrap_or(best.wall).as_secs_f64();
    println!(
        "virtual clock, {VIRTUAL_CALLS} sequential calls, best of 5 seeds: {}",
        best.per(VIRTUAL_CALLS)
    );
    println!("  {per_second:.0} per CPU second; bar: at least 500000");
}

fn real_clock(how: &str) {
    // In turn, so that a busy machine is unfair to neither.
    let mut best: Option<(Cost, Cost)> = None;
    for _ in 0..5 {
        let hand_off = Cost::of(|| hand_offs(REAL_CALLS));
        let rpc = Cost::of(|| calls(&RunConfig::real_time(1), REAL_CALLS));
        let (least_hand_off, least_rpc) = best.unwrap_or((hand_off, rpc));
        best = Some((hand_off.least(least_hand_off), rpc.least(least_rpc)));
    }
    let (hand_off, rpc) = best.expect("five of them");
    let (cpu, wall) = rpc.ratio(hand_off);
    println!("  {how}, least of 5 each");
    println!("    bare hand-off and back {}", hand_off.per(REAL_CALLS));
    println!(
        "    echo RPC               {}   {cpu:.2} times the CPU, {wall:.2} times the wall",
        rpc.per(REAL_CALLS)
    );
}

/// One caller, one server, one call after the other.
fn calls(config: &RunConfig, count: u64) {
    let outcome = labrt_host::run(config, move || {
        let network = Network::new();
        let machine = Machine::new("server");
        network.add_server(
            "server",
            Server::new(&machine, [Arc::new(Echoing).into_service()]).expect("one service"),
        );
        let end = network.make_end("client").expect("a fresh name");
        network.connect("client", "server").expect("it exists");
        network.enable("client", true).expect("it exists");
        let client = EchoClient::new(end);
        for number in 0..count {
            let reply = client.echo(&Ping { number }).expect("a reliable network");
            assert_eq!(reply.number, number, "the echo of another call");
        }
        assert_eq!(network.server_count("server"), Ok(count));
    });
    outcome.unwrap();
}

/// The least that two OS threads can do: one number goes over, and comes back.
fn hand_offs(count: u64) {
    let turn = Arc::new(AtomicUsize::new(0));
    let main = std::thread::current();
    let theirs = Arc::clone(&turn);
    let other = std::thread::spawn(move || {
        for _ in 0..count {
            await_turn(&theirs, 1);
            pass(&theirs, 0, &main);
        }
    });
    for _ in 0..count {
        pass(&turn, 1, other.thread());
        await_turn(&turn, 0);
    }
    other.join().expect("it does not panic");
}

fn await_turn(turn: &AtomicUsize, mine: usize) {
    while turn.load(Ordering::Acquire) != mine {
        std::thread::park();
    }
}

fn pass(turn: &AtomicUsize, to: usize, thread: &Thread) {
    turn.store(to, Ordering::Release);
    thread.unpark();
}

/// User and system time of the process.
#[cfg(unix)]
fn cpu_time() -> Option<Duration> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `usage` has room for what the call writes.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    Some(time(usage.ru_utime) + time(usage.ru_stime))
}

#[cfg(not(unix))]
fn cpu_time() -> Option<Duration> {
    None
}

/// From here on, this thread and those it starts share one core.
#[cfg(target_os = "linux")]
fn pin_to_one_core() -> bool {
    // SAFETY: a `cpu_set_t` of zeros is an empty set, and the call only reads it.
    unsafe {
        let core = libc::sched_getcpu().max(0) as usize;
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) == 0
    }
}

#[cfg(not(target_os = "linux"))]
fn pin_to_one_core() -> bool {
    false
}
