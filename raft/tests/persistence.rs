//! What survives a crash (part 2C).

mod common;

use std::sync::Arc;

use common::{Cluster, Snapshots, ms, passes, passes_everywhere, virtual_time};
use labapi::{Persister, Raft as _};
use labrt::{channel, thread};
use raft::Raft;

#[test]
fn all_crash_and_go_on() {
    passes_everywhere(50, || {
        let mut cluster = Cluster::new(3, Snapshots::Never);
        for round in 0..3_u8 {
            for command in 0..5 {
                cluster.agree(&[round, command], 3);
            }
            (0..3).for_each(|server| cluster.crash(server));
            cluster.heal();
        }
        assert_eq!(cluster.agree(b"last", 3), 16, "P1: nothing was lost");
    });
}

#[test]
fn leaders_crash_one_after_the_other() {
    passes_everywhere(50, || {
        let mut cluster = Cluster::new(5, Snapshots::Never);
        for command in 0..8_u8 {
            cluster.agree(&[command], 3);
            let leader = cluster.leader();
            cluster.crash(leader);
            if command % 2 == 1 {
                cluster.heal();
            }
        }
        cluster.heal();
        cluster.agree(b"last", 5);
    });
}

#[test]
fn a_term_is_remembered_and_a_leadership_is_not() {
    passes_everywhere(20, || {
        let mut cluster = Cluster::new(3, Snapshots::Never);
        let leader = cluster.leader();
        let term = cluster.state(leader).expect("it is up").term;
        (0..3).for_each(|server| cluster.start_server(server));
        for server in 0..3 {
            let state = cluster.state(server).expect("it is up");
            assert!(!state.is_leader, "P2: a restarted server is a follower");
            assert!(term <= state.term, "P1: the term survives");
        }
    });
}

/// P3: a server must not begin a new life with promises of the old one forgotten.
#[test]
fn an_unreadable_state_is_an_error() {
    let outcome = labrt_host::run(&virtual_time(1), || {
        let persister = Persister::with(b"not what was saved", b"");
        Raft::make(Vec::new(), 0, Arc::new(persister), channel::unbounded().0);
    });
    let failure = outcome.result.expect_err("the state cannot be read");
    assert!(failure.message.contains("P3: the saved state cannot be read back"), "{failure}");
}

#[test]
fn a_fresh_server_saves_nothing_before_it_has_seen_a_term() {
    passes(&virtual_time(1), || {
        let cluster = Cluster::new(3, Snapshots::Never);
        (0..3).for_each(|server| assert_eq!(cluster.persister(server).raft_state(), b"", "P2"));
        thread::sleep(ms(2000));
        (0..3).for_each(|server| assert_ne!(cluster.persister(server).raft_state(), b"", "P1"));
    });
}
