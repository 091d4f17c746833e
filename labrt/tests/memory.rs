//! Threads that have ended cost nothing. A process of its own: others would be measured with it.
#![allow(missing_docs)]

use labrt::channel::unbounded;
use labrt::thread;
use labrt_host::{RunConfig, run};

/// Kilobytes of memory in use by the process. Linux only.
fn resident_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_million_threads_one_after_another_need_no_more_memory_than_a_few() {
    let rounds: u32 = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    let outcome = run(&RunConfig::virtual_time(1), move || {
        let round = |number: u32| {
            let (sender, receiver) = unbounded();
            let thread = thread::spawn(move || sender.send(number));
            assert_eq!(receiver.recv(), Ok(number), "it works");
            thread.join().expect("it returns").expect("it was received");
        };
        (0..1_000).for_each(round);
        let before = resident_kilobytes();
        (0..rounds).for_each(round);
        (before, resident_kilobytes())
    });
    let report = outcome.report;
    let (before, after) = outcome.unwrap();
    assert_eq!(report.spawned, u64::from(rounds) + 1_001, "all of them ran");
    assert_eq!(report.live_max, 2, "one at a time");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after < before + 2_000, "{before} kB before, {after} kB after {rounds} threads");
    }
}
