//! What a server answers, asked directly: Figure 2 and Figure 13, receiver implementation.

mod common;

use common::{Cluster, Snapshots, ms, passes, virtual_time};
use labrt::thread;
use raft::{AppendEntriesArgs, Conflict, Entry, InstallSnapshotArgs, RaftClient, RequestVoteArgs};

/// A server whose peers cannot reach it, and the way to ask it. All terms here are so high that
/// its own elections do not come near.
struct Asked {
    cluster: Cluster,
    client: RaftClient,
}

impl Asked {
    fn new() -> Self {
        let mut cluster = Cluster::new(3, Snapshots::Never);
        (0..3).for_each(|server| cluster.disconnect(server));
        let end = cluster.network.make_end("tester").expect("a fresh name");
        cluster.network.connect("tester", "server 0").expect("it was just made");
        cluster.network.enable("tester", true).expect("it was just made");
        Self { cluster, client: RaftClient::new(end) }
    }

    fn vote(
        &self,
        term: u64,
        candidate_id: usize,
        last_log_index: u64,
        last_log_term: u64,
    ) -> bool {
        let args = RequestVoteArgs { term, candidate_id, last_log_index, last_log_term };
        self.client.request_vote(&args).expect("a reliable network").vote_granted
    }

    /// Entries of these terms after `prev`, an index and its term.
    fn append(
        &self,
        term: u64,
        prev: (u64, u64),
        terms: &[u64],
        commit: u64,
    ) -> Result<(), Option<Conflict>> {
        let entry = |&term: &u64| Entry { term, command: vec![term as u8] };
        let args = AppendEntriesArgs {
            term,
            leader_id: 1,
            prev_log_index: prev.0,
            prev_log_term: prev.1,
            entries: terms.iter().map(entry).collect(),
            leader_commit: commit,
        };
        let reply = self.client.append_entries(&args).expect("a reliable network");
        if reply.success { Ok(()) } else { Err(reply.conflict) }
    }

    fn install(&self, term: u64, index: u64, index_term: u64) {
        let commands: Vec<_> = (0..index).map(|_| vec![7_u8]).collect();
        let args = InstallSnapshotArgs {
            term,
            leader_id: 1,
            last_included_index: index,
            last_included_term: index_term,
            data: labgob::to_bytes(&commands).expect("lists of bytes can be encoded"),
        };
        self.client.install_snapshot(&args).expect("a reliable network");
    }

    /// How far the server has applied, once it has had the time.
    fn applied(&self) -> u64 {
        thread::sleep(ms(1));
        self.cluster.applied(0)
    }
}

fn asked(body: impl FnOnce(Asked) + Send + 'static) {
    passes(&virtual_time(1), || body(Asked::new()));
}

#[test]
fn one_vote_a_term_crash_or_not() {
    asked(|mut server| {
        assert!(server.vote(100, 1, 0, 0), "the first who asks");
        assert!(server.vote(100, 1, 0, 0), "the same again: the reply may have been lost");
        assert!(!server.vote(100, 2, 0, 0), "E5: another one");
        server.cluster.start_server(0);
        assert!(!server.vote(100, 2, 0, 0), "E5, P1: another one, after a crash");
        assert!(!server.vote(99, 1, 0, 0), "E10: a lower term");
        assert!(server.vote(101, 2, 0, 0), "E3: a new term, a new vote");
    });
}

#[test]
fn votes_go_to_logs_that_are_up_to_date() {
    asked(|server| {
        server.append(100, (0, 0), &[50, 60], 0).expect("an empty log agrees with everything");
        assert!(!server.vote(101, 1, 9, 59), "E6: longer, but of an older last term");
        assert!(!server.vote(102, 1, 1, 60), "E6: of the same last term, but shorter");
        assert!(server.vote(103, 1, 2, 60), "E6: the same");
        assert!(server.vote(104, 1, 1, 61), "E6: shorter, but of a newer last term");
    });
}

#[test]
fn a_conflict_is_told_by_its_term_and_first_index() {
    asked(|server| {
        let too_short = |next_index| Err(Some(Conflict::TooShort { next_index }));
        assert_eq!(server.append(100, (4, 4), &[5], 0), too_short(1), "B1: nothing is here");
        server.append(100, (0, 0), &[4, 5, 5, 5], 0).expect("an empty log agrees");
        assert_eq!(server.append(100, (9, 9), &[], 0), too_short(5), "A3, B1");
        let of_term = Err(Some(Conflict::Term { term: 5, first_index: 2 }));
        assert_eq!(server.append(100, (4, 6), &[], 0), of_term, "A4, B2: heartbeats, too (A1)");
        assert_eq!(server.append(99, (4, 5), &[], 4), Err(None), "A6: a lower term");
        assert_eq!(server.applied(), 0, "A6: and nothing else happens");
    });
}

#[test]
fn the_log_is_cut_only_where_it_differs() {
    asked(|server| {
        server.append(100, (0, 0), &[4, 4, 4, 4], 0).expect("an empty log agrees");
        server.append(100, (0, 0), &[4, 4], 0).expect("an older message");
        server.append(100, (4, 4), &[], 0).expect("A2: what follows is still here");
        server.append(100, (1, 4), &[4, 5], 0).expect("index 3 differs");
        let too_short = Conflict::TooShort { next_index: 4 };
        assert_eq!(server.append(100, (4, 4), &[], 0), Err(Some(too_short)), "A2: 4 is gone");
        server.append(100, (3, 5), &[], 0).expect("A2: 3 was replaced");
    });
}

#[test]
fn only_what_a_message_vouches_for_is_committed() {
    asked(|server| {
        server.append(100, (0, 0), &[4, 4, 4, 4], 0).expect("an empty log agrees");
        server.append(101, (1, 4), &[4], 9).expect("the logs agree");
        assert_eq!(server.applied(), 2, "A5: 3 and 4 may be left over");
        server.append(101, (4, 4), &[], 1).expect("the logs agree");
        assert_eq!(server.applied(), 2, "A7: an older message");
        server.append(101, (4, 4), &[], 9).expect("the logs agree");
        assert_eq!(server.applied(), 4, "A5: all of it");
    });
}

#[test]
fn a_snapshot_replaces_what_it_covers_and_only_that() {
    asked(|server| {
        server.append(100, (0, 0), &[7, 7, 7, 7, 7], 2).expect("an empty log agrees");
        assert_eq!(server.applied(), 2, "C4");
        server.install(100, 4, 7);
        assert_eq!(server.applied(), 4, "N8: the snapshot is delivered");
        server.append(100, (5, 7), &[], 5).expect("N5: index 5 is still here");
        assert_eq!(server.applied(), 5, "N8: what follows the snapshot");
        server.install(100, 3, 7);
        assert_eq!(server.applied(), 5, "N4: an older snapshot");
        server.append(100, (1, 7), &[7, 7, 7, 7, 7], 6).expect("N7: its beginning is covered");
        assert_eq!(server.applied(), 6, "the rest is new");
        server.install(101, 20, 9);
        assert_eq!(server.applied(), 20, "N1: a snapshot of what is not here");
        let too_short = Conflict::TooShort { next_index: 21 };
        assert_eq!(server.append(101, (21, 9), &[], 0), Err(Some(too_short)), "N1, B1");
    });
}

#[test]
fn a_snapshot_survives_a_crash_with_the_log_behind_it() {
    asked(|mut server| {
        server.append(100, (0, 0), &[7; 6], 2).expect("an empty log agrees");
        server.install(100, 4, 7);
        server.cluster.start_server(0);
        assert_eq!(server.applied(), 4, "N3: the snapshot is delivered first");
        server.append(100, (6, 7), &[], 6).expect("N2: the log continues the snapshot");
        assert_eq!(server.applied(), 6, "N2: and is delivered behind it");
    });
}
