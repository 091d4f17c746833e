//! One seed, one history.

mod common;

use std::sync::Arc;

use common::{Lab, ms};
use labrpc_host::{Delay, Duplicates, Event};
use labrt::thread;
use labrt_host::{Backend, RunConfig};
use parking_lot::Mutex;

/// Everything at once: losses, reordering, duplicates, latency, switches thrown, a crash.
fn storm(config: &RunConfig) -> (u64, Vec<String>) {
    let outcome = labrt_host::run(config, || {
        let mut lab = Lab::new();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        lab.network.tap(move |event: &Event<'_>| {
            written.lock().push(format!("{:?} {:?} {:?}", event.at, event.stage, event.message));
        });
        lab.network.set_reliable(false);
        lab.network.set_long_reordering(true);
        lab.network.set_latency(Delay::uniform(ms(0), ms(3)));
        lab.network.set_duplicates(Some(Duplicates {
            per_mille: 300,
            delay: Delay::uniform(ms(0), ms(500)),
        }));
        let callers: Vec<_> = (0..5)
            .map(|i| {
                let client = lab.client(&format!("end{i}"));
                thread::spawn(move || {
                    (0..20).filter(|j| client.handler2(&(100 * i + j)).is_ok()).count()
                })
            })
            .collect();
        for i in 0..10 {
            thread::sleep(ms(150));
            lab.network.enable(&format!("end{}", i % 5), i % 3 == 0).expect("it exists");
            if i == 6 {
                lab.machine.crash();
                lab.restart();
            }
        }
        let replies: usize =
            callers.into_iter().map(|caller| caller.join().expect("no panic")).sum();
        let mut lines = std::mem::take(&mut *lines.lock());
        lines.push(format!("{replies} replies, {:?}", lab.network));
        lines
    });
    (
        outcome.report.event_hash,
        outcome.result.unwrap_or_else(|failure| panic!("the run failed: {failure}")),
    )
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let (first, second) = (storm(&RunConfig::virtual_time(7)), storm(&RunConfig::virtual_time(7)));
    assert_eq!(first.1, second.1, "the same messages at the same times");
    assert_eq!(first.0, second.0, "the same event hash");
}

#[test]
fn another_seed_gives_another() {
    let (first, second) = (storm(&RunConfig::virtual_time(7)), storm(&RunConfig::virtual_time(8)));
    assert_ne!(first.0, second.0, "the same event hash for two seeds");
    assert_ne!(first.1, second.1, "the same messages for two seeds");
}

#[test]
fn what_carries_the_threads_makes_no_difference() {
    for seed in 0..5 {
        let config = RunConfig::virtual_time(seed);
        let (first, second) = (storm(&config), storm(&config.clone().backend(Backend::OsThreads)));
        assert_eq!(first.1, second.1, "seed {seed}: the same messages at the same times");
        assert_eq!(first.0, second.0, "seed {seed}: the same event hash");
    }
}
