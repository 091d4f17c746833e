//! Snapshots by size, and what is found in them after a restart (part 3B).
#![allow(clippy::disallowed_types)] // Saves are counted by the host: no lab thread is to wait for it.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Cluster, ms, passes};
use labapi::{KvClerk as _, SaveObserver};
use labrpc_host::{Delay, Duplicates};
use labrt::thread;

const SNAPSHOT_ABOVE: usize = 1000;

#[test]
fn the_saved_state_stays_small() {
    passes(10, || {
        let mut cluster = Cluster::new(3, Some(SNAPSHOT_ABOVE));
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        (0..200).for_each(|number: u32| clerk.put("k", &number.to_string()));
        thread::sleep(ms(500));
        for server in 0..3 {
            let (state, snapshot) = (
                cluster.persister(server).raft_state_bytes(),
                cluster.persister(server).snapshot_bytes(),
            );
            assert!(state < 2 * SNAPSHOT_ABOVE, "K8: server {server} has saved {state} bytes");
            assert!(0 < snapshot && snapshot < 200, "K6: a snapshot of {snapshot} bytes");
        }
    });
}

#[test]
fn without_a_limit_there_are_none() {
    passes(5, || {
        let mut cluster = Cluster::new(3, None);
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        (0..100).for_each(|_| clerk.append("k", "some bytes to be kept in the log for ever"));
        thread::sleep(ms(500));
        let bytes = [0, 1, 2].map(|server| cluster.persister(server).snapshot_bytes());
        assert_eq!(bytes, [0; 3], "K8: nobody was to make one");
    });
}

#[test]
fn servers_that_restart_have_map_and_duplicate_table() {
    passes(20, || {
        let mut cluster = Cluster::new(3, Some(SNAPSHOT_ABOVE));
        // What is sent twice arrives the second time after the restart.
        let delay = Delay::fixed(ms(3000));
        cluster.network.set_duplicates(Some(Duplicates { per_mille: 500, delay }));
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        let expected: String = (0..100).map(|number| format!("{number} ")).collect();
        for number in 0..100 {
            clerk.append("k", &format!("{number} "));
        }
        (0..3).for_each(|server| cluster.crash(server));
        (0..3).for_each(|server| cluster.start(server));
        assert_eq!(clerk.get("k"), expected, "K8: the map is back");
        thread::sleep(ms(4000));
        assert_eq!(clerk.get("k"), expected, "K3: and the table of what was applied");
    });
}

#[test]
fn a_server_that_was_away_gets_a_snapshot() {
    passes(20, || {
        let mut cluster = Cluster::new(3, Some(SNAPSHOT_ABOVE));
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        clerk.put("first", "1");
        let away = (cluster.leader() + 1) % 3;
        cluster.crash(away);
        (0..100).for_each(|number: u32| clerk.put("k", &number.to_string()));
        cluster.start(away);
        thread::sleep(ms(1000));
        cluster.crash((away + 1) % 3); // Now the majority needs it.
        assert_eq!(clerk.get("first"), "1", "K8: what only the snapshot holds");
        assert_eq!(clerk.get("k"), "99", "K8: and what came later");
    });
}

/// Counts saves.
#[derive(Default)]
struct Saves(AtomicUsize);

impl SaveObserver for Saves {
    fn saved(&self, _raft_state: &[u8], _snapshot: &[u8]) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_server_far_behind_catches_up_without_a_snapshot_per_command() {
    const COMMANDS: u32 = 400;
    passes(5, || {
        let mut cluster = Cluster::new(3, None);
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        (0..COMMANDS).for_each(|number| clerk.put("k", &number.to_string()));
        let behind = cluster.persister(0).raft_state_bytes();
        assert!(8 * SNAPSHOT_ABOVE < behind, "a long log is there to be applied again: {behind}");

        // After a restart nothing is applied, and the saved state is over the limit at once.
        cluster.snapshot_above = Some(SNAPSHOT_ABOVE);
        let saves = [0, 1, 2].map(|server| {
            let saves = Arc::new(Saves::default());
            cluster.observe(server, saves.clone());
            saves
        });
        (0..3).for_each(|server| cluster.start(server));
        assert_eq!(clerk.get("k"), (COMMANDS - 1).to_string(), "all of it was applied");
        thread::sleep(ms(500));
        for (server, saves) in saves.iter().enumerate() {
            let bytes = cluster.persister(server).raft_state_bytes();
            assert!(bytes < 2 * SNAPSHOT_ABOVE, "K8: server {server} has saved {bytes} bytes");
            let saves = saves.0.load(Ordering::Relaxed);
            assert!(saves < COMMANDS as usize / 4, "K8: server {server} has saved {saves} times");
        }
    });
}
