//! Elections (part 2A).

mod common;

use common::{Cluster, Snapshots, ms, passes_everywhere};
use labrt::thread;

#[test]
fn a_leader_is_elected_and_stays() {
    passes_everywhere(50, || {
        let cluster = Cluster::new(3, Snapshots::Never);
        let leader = cluster.leader();
        let before = cluster.state(leader);
        thread::sleep(ms(3000));
        assert_eq!(cluster.state(leader), before, "E1: heartbeats keep the others quiet");
    });
}

#[test]
fn a_lost_leader_is_replaced_and_its_return_disturbs_nobody() {
    passes_everywhere(50, || {
        let mut cluster = Cluster::new(3, Snapshots::Never);
        let first = cluster.leader();
        cluster.disconnect(first);
        let second = cluster.leader();
        cluster.connect(first);
        thread::sleep(ms(300));
        assert_eq!(cluster.leader(), second, "R2: the old leader steps down");
        cluster.disconnect(second);
        cluster.disconnect((second + 1) % 3);
        thread::sleep(ms(2000));
        cluster.assert_no_leader();
        cluster.connect((second + 1) % 3);
        cluster.leader();
    });
}

#[test]
fn seven_servers_elect_again_and_again() {
    passes_everywhere(25, || {
        let mut cluster = Cluster::new(7, Snapshots::Never);
        for round in 0..6 {
            let leader = cluster.leader();
            let lost = [leader, (leader + 1 + round) % 7, (leader + 3) % 7];
            lost.iter().for_each(|&server| cluster.disconnect(server));
            cluster.leader();
            lost.iter().for_each(|&server| cluster.connect(server));
        }
        cluster.leader();
    });
}

#[test]
fn a_server_alone_is_a_majority() {
    passes_everywhere(5, || {
        let cluster = Cluster::new(1, Snapshots::EveryTenCommands);
        cluster.leader();
        for command in 0..30_u8 {
            assert_eq!(cluster.agree(&[command], 1), u64::from(command) + 1, "C2: one of one");
        }
    });
}
