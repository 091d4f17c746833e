//! Random numbers that labrt does not give.

use std::collections::HashMap;

use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::run;
use rand::RngExt;

use crate::common::{config, in_child, is_child, printed};

/// Iterates a `HashMap` and draws from rand's own generator; the order of events depends on both.
fn program() {
    let total = Arc::new(Mutex::new(0_u64));
    let map: HashMap<u64, u64> = (0..50).map(|key| (key, key * key)).collect();
    let mut threads = Vec::new();
    for (key, value) in map {
        let total = total.clone();
        threads.push(thread::spawn(move || {
            thread::sleep(Duration::from_millis(key + rand::rng().random_range(0..50)));
            *total.lock() += value;
        }));
    }
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}

fn hash(seed: u64) -> u64 {
    let outcome = run(&config(seed), program);
    let hash = outcome.report.event_hash;
    outcome.unwrap();
    hash
}

#[test]
fn map_order_and_foreign_generators_are_decided_by_the_seed() {
    let first = hash(1);
    assert_eq!(first, hash(1), "the same seed, the same events");
    assert_ne!(first, hash(2), "another seed, other events");
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let alone = [hash(3), hash(4)];
    for _ in 0..5 {
        let other = std::thread::spawn(|| hash(4));
        assert_eq!(hash(3), alone[0], "the run here");
        assert_eq!(other.join().ok(), Some(alone[1]), "the run there");
    }
}

#[test]
fn another_process_sees_the_same_events() {
    const NAME: &str = "random::another_process_sees_the_same_events";
    if is_child(NAME) {
        println!("hash={}", hash(5));
        return;
    }
    let here = hash(5);
    for _ in 0..2 {
        let output = in_child(NAME, &[]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(printed(&text, "hash"), here.to_string(), "the hash of the other process");
    }
}

#[test]
fn outside_a_run_the_numbers_are_the_systems() {
    let numbers: [u64; 2] = [rand::rng().random(), rand::rng().random()];
    assert_ne!(numbers[0], numbers[1], "the system's numbers differ");
}
