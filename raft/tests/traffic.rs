//! How many calls and bytes it takes (rules B3, B4, E9, K10), and how little time. With
//! `--no-capture` each test prints the largest figures seen.

#![allow(clippy::disallowed_types)] // What the runs come to is compared outside of them.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::{Cluster, POLICIES, Snapshots, ms, passes_everywhere};
use labrt::thread;
use labrt::time::Instant;

/// Keeps the largest of the figures that the runs come to.
struct Largest {
    what: &'static str,
    limit: u64,
    seen: AtomicU64,
}

impl Largest {
    const fn of(what: &'static str, limit: u64) -> Self {
        Self { what, limit, seen: AtomicU64::new(0) }
    }

    #[track_caller]
    fn add(&self, figure: u64) {
        self.seen.fetch_max(figure, Ordering::Relaxed);
        assert!(figure <= self.limit, "{}: {figure}, at most {} are fine", self.what, self.limit);
    }

    fn print(&self) {
        let seen = self.seen.load(Ordering::Relaxed);
        println!("{:50} {seen:>7} of {:>7}", self.what, self.limit);
    }
}

const SEEDS: u64 = 20 * POLICIES.len() as u64;

#[test]
fn elections_starts_and_idling_take_few_calls() {
    static ELECTION: Largest = Largest::of("calls of the first election", 30);
    static STARTS: Largest = Largest::of("calls of 12 starts, to all having applied", 42);
    static IDLE: Largest = Largest::of("calls of an idle second", 60);
    passes_everywhere(SEEDS, || {
        let cluster = Cluster::new(3, Snapshots::Never);
        let leader = cluster.leader();
        ELECTION.add(cluster.dispatched_count());

        let before = cluster.dispatched_count();
        for command in 1..=12_u8 {
            cluster.start(leader, &[command; 4]).expect("nobody disturbs the leader");
        }
        assert!(cluster.wait_applied(12, 3, ms(2000)), "C4: applied soon");
        STARTS.add(cluster.dispatched_count() - before);

        let before = cluster.dispatched_count();
        thread::sleep(ms(1000));
        IDLE.add(cluster.dispatched_count() - before);
    });
    ELECTION.print();
    STARTS.print();
    IDLE.print();
}

#[test]
fn a_command_is_sent_about_once_to_each_peer() {
    static BYTES: Largest = Largest::of("bytes of 10 commands of 5000 bytes to 2 peers", 120_000);
    passes_everywhere(SEEDS, || {
        let cluster = Cluster::new(3, Snapshots::Never);
        cluster.agree(b"first", 3);
        let before = cluster.network.total_bytes();
        for command in 0..10 {
            cluster.agree(&[command; 5000], 3);
        }
        BYTES.add(cluster.network.total_bytes() - before);
    });
    BYTES.print();
}

#[test]
fn a_burst_of_starts_is_no_flood() {
    static CALLS: Largest = Largest::of("calls of 50 starts to 4 peers", 4 * 50 + 50);
    static BYTES: Largest = Largest::of("bytes of 50 starts of 1000 bytes to 4 peers", 350_000);
    passes_everywhere(SEEDS, || {
        let cluster = Cluster::new(5, Snapshots::Never);
        cluster.agree(b"first", 5);
        let leader = cluster.leader();
        let before = (cluster.network.total_count(), cluster.network.total_bytes());
        for command in 0..50 {
            cluster.start(leader, &[command; 1000]).expect("nobody disturbs the leader");
        }
        assert!(cluster.wait_applied(51, 5, ms(2000)), "C4: applied soon");
        CALLS.add(cluster.network.total_count() - before.0);
        BYTES.add(cluster.network.total_bytes() - before.1);
    });
    CALLS.print();
    BYTES.print();
}

#[test]
fn a_burst_of_starts_is_no_flood_on_an_unreliable_network() {
    static CALLS: Largest = Largest::of("calls of 50 starts, unreliable", 700);
    static BYTES: Largest = Largest::of("bytes of 50 starts of 1000 bytes, unreliable", 900_000);
    passes_everywhere(SEEDS, || {
        let cluster = Cluster::new(5, Snapshots::Never);
        cluster.agree(b"first", 5);
        cluster.network.set_reliable(false);
        let leader = cluster.leader();
        let before = (cluster.network.total_count(), cluster.network.total_bytes());
        for command in 0..50 {
            let _ = cluster.start(leader, &[command; 1000]);
            thread::sleep(ms(1));
        }
        thread::sleep(ms(1000));
        CALLS.add(cluster.network.total_count() - before.0);
        BYTES.add(cluster.network.total_bytes() - before.1);
    });
    CALLS.print();
    BYTES.print();
}

/// K10: an operation does not wait for a heartbeat.
#[test]
fn a_leader_commits_at_once() {
    static MICROS: Largest = Largest::of("microseconds of 20 commands, one by one", 20_000);
    passes_everywhere(SEEDS, || {
        let cluster = Cluster::new(3, Snapshots::Never);
        let leader = cluster.leader();
        let begun = Instant::now();
        for command in 0..20 {
            let index = cluster.start(leader, &[command]).expect("nobody disturbs it").index;
            while cluster.applied(leader) < index {
                thread::sleep(std::time::Duration::from_micros(100));
            }
        }
        MICROS.add(begun.elapsed().as_micros() as u64);
    });
    MICROS.print();
}
