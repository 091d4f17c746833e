//! What the linearizability checker costs: CPU time of one thread, steps and memory.
//!
//! `cargo bench -p lab-tests --bench linearizability`; with `--profile dev`, as the battery is
//! built for students.

#[path = "workload.rs"]
mod workload;

use std::time::Duration;

use lab_tests::linearizability::{
    Budget, Effort, History, KvInput, KvModel, Operation, Verdict, check_measured,
};
use workload::{FIFTY_CLIENTS, Fault, Workload};

/// Porcupine's own history of 50 clients with a violation, in Go, on two threads; and the lab's
/// bar for such a one.
const PEER_VIOLATION: &str = "porcupine, c50-bad, two threads: 48 ms; bar 50 ms";
const SEEDS: u64 = 20;
/// For what takes long to make or to judge.
const FEW_SEEDS: u64 = 5;

fn main() {
    let lab = Workload { clients: 15, keys: 15, ..FIFTY_CLIENTS };
    let one_key = Workload { clients: 15, keys: 1, puts_percent: 0, ..FIFTY_CLIENTS };
    let many_keys = Workload { operations: 100_000, keys: 1_000, ..FIFTY_CLIENTS };
    println!("CPU time of one thread, {SEEDS} or {FEW_SEEDS} seeds: median, worst\n");
    row(
        "50 clients, 10 keys, 2,000 operations, stale read",
        SEEDS,
        Fault::StaleRead,
        FIFTY_CLIENTS,
    );
    println!("{:>10}{PEER_VIOLATION}", "");
    let fitting = Workload { operations: 1_700, ..FIFTY_CLIENTS };
    row("50 clients, 10 keys, 1,700 operations, linearizable", SEEDS, Fault::None, fitting);
    println!("{:>10}bar 200 ms", "");
    row("15 clients, 15 keys, 2,000 operations, linearizable", SEEDS, Fault::None, lab);
    row("15 clients, 15 keys, 2,000 operations, stale read", SEEDS, Fault::StaleRead, lab);
    row("15 clients, 1 key, no puts, linearizable", SEEDS, Fault::None, one_key);
    row("15 clients, 1 key, no puts, stale read", SEEDS, Fault::StaleRead, one_key);
    // What is hardest: appends that a put has wiped out were seen by nobody.
    let hardest = Workload { puts_percent: 10, ..one_key };
    for operations in [250, 500, 1_000] {
        let title = format!("15 clients, 1 key, puts, {operations} operations");
        row(&title, FEW_SEEDS, Fault::None, Workload { operations, ..hardest });
    }
    row("50 clients, 1,000 keys, 100,000 operations", FEW_SEEDS, Fault::None, many_keys);
    row(
        "50 clients, 1,000 keys, 100,000 operations, stale",
        FEW_SEEDS,
        Fault::StaleRead,
        many_keys,
    );
    one("one append after another, 20,000, a get each ten", &long_value(20_000));
    println!("\nresident memory at its peak, of this process: {}", peak_memory());
}

/// One client's appends to one key, so that values grow to 200 kB.
fn long_value(appends: u64) -> History<KvInput, String> {
    let mut value = String::new();
    let mut history = History::new();
    for number in 0..appends {
        let at = Duration::from_micros(10 * number);
        let piece = format!("x 0 {number} y");
        value.push_str(&piece);
        let (input, output) = match number % 10 {
            9 => (KvInput::get("k"), Some(value.clone())),
            _ => (KvInput::append("k", piece.as_str()), None),
        };
        if output.is_some() {
            value.truncate(value.len() - piece.len());
        }
        let (input, output) = (input, output.map(|_| value.clone()));
        history.push(Operation { client: 0, call: at, returned: Some(at), input, output });
    }
    history
}

fn row(title: &str, seeds: u64, fault: Fault, workload: Workload) {
    let mut runs: Vec<Run> =
        (0..seeds).map(|seed| measured(&workload.history(fault, seed))).collect();
    runs.sort_by_key(|run| run.cpu);
    print(title, &runs);
}

fn one(title: &str, history: &History<KvInput, String>) {
    print(title, &[measured(history)]);
}

struct Run {
    cpu: Duration,
    effort: Effort,
    answer: &'static str,
}

fn measured(history: &History<KvInput, String>) -> Run {
    let begin = cpu_time();
    let (verdict, effort) = check_measured(&KvModel, history, Budget::default());
    let cpu = cpu_time() - begin;
    let answer = match verdict {
        Verdict::Linearizable => "yes",
        Verdict::NotLinearizable(_) => "no",
        Verdict::GaveUp(_) => "gave up",
    };
    Run { cpu, effort, answer }
}

fn print(title: &str, runs: &[Run]) {
    let (median, worst) = (&runs[runs.len() / 2], &runs[runs.len() - 1]);
    println!(
        "{title:<52} {:>9.2} ms {:>9.2} ms  {:>9} steps, {:>7} KiB visited, worst in round {}",
        1e3 * median.cpu.as_secs_f64(),
        1e3 * worst.cpu.as_secs_f64(),
        worst.effort.steps,
        worst.effort.visited_bytes_max / 1024,
        worst.effort.rounds
    );
    for answer in ["yes", "no", "gave up"] {
        let count = runs.iter().filter(|run| run.answer == answer).count();
        if 0 < count {
            println!("{:>10}{answer}: {count}", "");
        }
    }
}

#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Wall time, where the CPU time of a thread is not to be had.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static BEGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGIN.get_or_init(std::time::Instant::now).elapsed()
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("not known here".to_owned(), |size| size.trim().to_owned())
}
