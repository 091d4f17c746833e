//! Snapshots (part 2D).

mod common;

use common::{Cluster, Snapshots, ms, passes_everywhere};
use labapi::Raft as _;

#[test]
fn the_saved_state_stays_small() {
    passes_everywhere(25, || {
        let cluster = Cluster::new(3, Snapshots::EveryTenCommands);
        for command in 0..100_u8 {
            cluster.agree(&[command; 8], 3);
            for server in 0..3 {
                let bytes = cluster.persister(server).raft_state_bytes();
                assert!(bytes < 700, "N10: {bytes} bytes saved");
            }
        }
    });
}

#[test]
fn a_server_that_was_away_gets_the_snapshot() {
    passes_everywhere(50, || {
        let mut cluster = Cluster::new(3, Snapshots::EveryTenCommands);
        cluster.agree(b"first", 3);
        for round in 0..4_u8 {
            let away = (cluster.leader() + usize::from(round) % 3) % 3;
            cluster.disconnect(away);
            for command in 0..25 {
                cluster.agree(&[round, command], 2);
            }
            cluster.connect(away);
            cluster.agree(&[round], 3);
        }
    });
}

/// N6: one snapshot is enough, however many heartbeats pass.
#[test]
fn a_snapshot_is_sent_once() {
    passes_everywhere(25, || {
        let mut cluster = Cluster::new(3, Snapshots::EveryTenCommands);
        cluster.agree(b"first", 3);
        let away = (cluster.leader() + 1) % 3;
        cluster.crash(away);
        for command in 0..25_u8 {
            cluster.agree(&[command], 2);
        }
        let sent = cluster.network.hold(|message| {
            message.direction() == labrpc_host::Direction::Request
                && message.method().method == "install_snapshot"
        });
        cluster.start_server(away);
        cluster.connect(away);
        let held = sent.wait(1, ms(5000)).expect("N6: it needs the snapshot");
        sent.release(held[0].message().call()).expect("it is held");
        cluster.agree(b"last", 3);
        labrt::thread::sleep(ms(1000));
        assert!(sent.list().is_empty(), "N6: sent again");
    });
}

#[test]
fn all_crash_and_go_on_from_their_snapshots() {
    passes_everywhere(50, || {
        let mut cluster = Cluster::new(3, Snapshots::EveryTenCommands);
        let mut index = 0;
        for round in 0..3_u8 {
            for command in 0..13 {
                index = cluster.agree(&[round, command], 3);
            }
            (0..3).for_each(|server| cluster.crash(server));
            cluster.heal();
        }
        assert!(index < cluster.agree(b"last", 3), "N3: nothing committed is lost");
    });
}

#[test]
fn a_snapshot_of_what_is_dropped_already_is_ignored() {
    passes_everywhere(10, || {
        let cluster = Cluster::new(3, Snapshots::EveryTenCommands);
        for command in 0..25_u8 {
            cluster.agree(&[command], 3);
        }
        for index in [0, 5, 19] {
            cluster.raft(0).snapshot(index, b"older".to_vec());
            assert_ne!(cluster.persister(0).snapshot(), b"older", "N9: index {index}");
        }
        cluster.agree(b"last", 3);
    });
}
