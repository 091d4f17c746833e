//! Replication, backing up, commit and delivery (part 2B).

mod common;

use common::{Cluster, Snapshots, ms, passes_everywhere};
use labrt::thread;

#[test]
fn commands_are_agreed_upon_in_order() {
    passes_everywhere(50, || {
        let cluster = Cluster::new(3, Snapshots::Never);
        cluster.leader();
        for command in 1..=20_u8 {
            assert_eq!(cluster.agree(&[command], 3), u64::from(command), "C7: the next index");
        }
    });
}

#[test]
fn a_burst_of_more_than_fits_a_message_arrives() {
    passes_everywhere(25, || {
        let cluster = Cluster::new(3, Snapshots::Never);
        let leader = cluster.leader();
        for command in 0..250_u8 {
            cluster.start(leader, &[command]).expect("nobody disturbs the leader");
        }
        assert!(cluster.wait_applied(250, 3, ms(2000)), "C4: all of it is applied soon");
    });
}

#[test]
fn nothing_is_committed_without_a_majority() {
    passes_everywhere(25, || {
        let mut cluster = Cluster::new(5, Snapshots::Never);
        cluster.agree(b"first", 5);
        let leader = cluster.leader();
        (1..=3).for_each(|distance| cluster.disconnect((leader + distance) % 5));
        let lost = cluster.start(leader, b"lost").expect("it does not know yet").index;
        thread::sleep(ms(2000));
        assert_eq!(cluster.applied_count(lost), 0, "C2: two of five hold it");
        (1..=3).for_each(|distance| cluster.connect((leader + distance) % 5));
        cluster.agree(b"last", 5);
    });
}

#[test]
fn a_cut_off_leader_rejoins_and_takes_over_the_others_log() {
    passes_everywhere(50, || {
        let mut cluster = Cluster::new(3, Snapshots::Never);
        cluster.agree(b"first", 3);
        let old = cluster.leader();
        cluster.disconnect(old);
        for command in 0..60_u8 {
            cluster.start(old, &[b'x', command]).expect("it does not know that it is cut off");
        }
        cluster.agree(b"second", 2);
        let new = cluster.leader();
        cluster.disconnect(new);
        cluster.connect(old);
        cluster.agree(b"third", 2);
        cluster.connect(new);
        let last = cluster.agree(b"last", 3);
        for command in (1..=last).filter_map(|index| cluster.command(index)) {
            assert_ne!(command[0], b'x', "C2: only the cut off leader held it");
        }
    });
}

/// Each back-up of 50 entries of several terms takes a few messages, not one for each (B1 to B3).
#[test]
fn a_leader_backs_up_over_whole_terms() {
    passes_everywhere(25, || {
        let mut cluster = Cluster::new(5, Snapshots::Never);
        cluster.agree(b"first", 5);
        for round in 0..4_u8 {
            let leader = cluster.leader();
            (2..=4).for_each(|distance| cluster.disconnect((leader + distance) % 5));
            for command in 0..50 {
                let _ = cluster.start(leader, &[b'x', round, command]);
            }
            thread::sleep(ms(200));
            (0..=1).for_each(|distance| cluster.disconnect((leader + distance) % 5));
            (2..=4).for_each(|distance| cluster.connect((leader + distance) % 5));
            for command in 0..20 {
                cluster.agree(&[round, command], 3);
            }
            (0..=1).for_each(|distance| cluster.connect((leader + distance) % 5));
        }
        let before = cluster.network.total_count();
        cluster.agree(b"last", 5);
        let count = cluster.network.total_count() - before;
        assert!(count < 120, "B3: {count} calls to bring two servers back");
    });
}
