//! The state of a server as Figure 2 lists it, and the three transitions between roles
//! (part 2A). Rules E3, E8, E12, L2.

use std::collections::BTreeSet;

use labapi::Persister;
use labrt::sync::Arc;
use labrt::time::Instant;

use crate::log::{EntryId, Log};
use crate::persist::EncodedState;
use crate::progress::Progress;
use crate::timing;

/// What a server is at the moment. Paper §5.1, Figure 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers, and waits for a leader.
    Follower,
    /// Wants to lead, and collects votes.
    Candidate,
    /// Sends its log to the others.
    Leader,
}

/// Everything that the threads of a server share (L1). Always under the lock of
/// [`Server`](crate::server::Server).
///
/// What the fields must fulfil whenever the lock is free stands in `invariants.rs`.
pub(crate) struct RaftState {
    /// The number of this server, from 0.
    pub(crate) me: usize,
    /// How many servers the cluster has, this one included.
    pub(crate) server_count: usize,

    // Persistent on all servers: whoever changes one of these calls `persist` before the lock is
    // released (P1).
    /// The latest term that this server has seen. Never falls.
    pub(crate) current_term: u64,
    /// Who has this server's vote of the current term (E5, E8).
    pub(crate) voted_for: Option<usize>,
    /// The log. The first index is 1.
    pub(crate) log: Log,
    /// What stands for the log up to its base; empty if the base is 0. Figure 13.
    pub(crate) snapshot: Vec<u8>,

    // Volatile on all servers.
    /// Entries up to and including this one are committed. Never falls (A7). Whoever moves it
    /// wakes the applier before the lock is released (C4).
    pub(crate) commit_index: u64,
    /// Entries up to and including this one were delivered. Written by the applier only.
    pub(crate) last_applied: u64,
    /// Written by the three `become_...` only.
    role: Role,
    /// When this server loses patience with its leader, or with its own candidacy (E1, E2).
    pub(crate) election_deadline: Instant,
    /// Set once, by `kill`. Every thread ends when it sees it (S5).
    pub(crate) killed: bool,

    // Volatile on candidates.
    /// Who has voted for this server in the current term, itself included.
    pub(crate) votes: BTreeSet<usize>,

    // Volatile on leaders: one of each for each server, reset by every election (E12).
    /// Index of the next entry to send: a guess (C5), moved forward as soon as an entry is sent.
    pub(crate) next_index: Vec<u64>,
    /// Index of the highest entry known to be replicated: a measurement (C5). The leader's own
    /// slot holds its last index.
    pub(crate) match_index: Vec<u64>,
    /// Whether to send more at once, or to wait for an answer first.
    pub(crate) progress: Vec<Progress>,

    /// Where the persistent part is saved.
    pub(crate) persister: Arc<Persister>,
    /// How it is encoded for that.
    pub(crate) encoded: EncodedState,
    /// The persistent part as it was saved last. For `invariants.rs` (P1).
    pub(crate) saved: Persistent,
    /// The commit index that the applier was last woken for. For `invariants.rs` (C4).
    pub(crate) announced_commit: u64,
}

/// The persistent part of the state, in brief: if this is the same, so is the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Persistent {
    current_term: u64,
    voted_for: Option<usize>,
    base: EntryId,
    last: EntryId,
}

impl RaftState {
    /// The state of a server that has seen nothing yet: a follower of term 0 (P2).
    pub(crate) fn new(me: usize, server_count: usize, persister: Arc<Persister>) -> Self {
        Self {
            me,
            server_count,
            current_term: 0,
            voted_for: None,
            log: Log::default(),
            snapshot: Vec::new(),
            commit_index: 0,
            last_applied: 0,
            role: Role::Follower,
            election_deadline: Instant::now() + timing::election_timeout(),
            killed: false,
            votes: BTreeSet::new(),
            next_index: Vec::new(),
            match_index: Vec::new(),
            progress: Vec::new(),
            persister,
            encoded: EncodedState::default(),
            saved: Persistent::default(),
            announced_commit: 0,
        }
    }

    /// What this server is at the moment.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// The numbers of the other servers.
    pub(crate) fn peers(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.me;
        (0..self.server_count).filter(move |&server| server != me)
    }

    /// Whether so many servers are more than half of all, those that cannot be reached included
    /// (E7).
    pub(crate) fn is_majority(&self, count: usize) -> bool {
        self.server_count < 2 * count
    }

    /// The persistent part, in brief.
    pub(crate) fn persistent(&self) -> Persistent {
        Persistent {
            current_term: self.current_term,
            voted_for: self.voted_for,
            base: self.log.base(),
            last: self.log.last(),
        }
    }

    /// Looks at the term of a message: a higher one than ours makes us a follower in it, whatever
    /// we were. Called first with every request and every reply, so that what is done with the
    /// message is done in its term. Paper §5.1; Figure 2, "Rules for Servers". Rule E3.
    pub(crate) fn observe_term(&mut self, term: u64) {
        if self.current_term < term {
            self.become_follower(term);
        }
    }

    /// Follower in `term`, with a vote to give if the term is new. Paper §5.1, §5.2. Rules E3,
    /// E11, L2.
    pub(crate) fn become_follower(&mut self, term: u64) {
        assert!(self.current_term <= term, "L3: term falls from {} to {term}", self.current_term);
        if self.role == Role::Leader {
            self.reset_election_deadline(); // A leader waits for nobody; the wait begins here.
        }
        self.role = Role::Follower;
        if self.current_term < term {
            self.current_term = term;
            self.voted_for = None; // E3: the vote was one of the old term
            self.persist(); // P1
        }
    }

    /// Candidate in a new term, with its own vote. Paper §5.2. Rules E2, E8, L2.
    pub(crate) fn become_candidate(&mut self) {
        assert_ne!(self.role, Role::Leader, "E2: a leader does not stand for election");
        self.role = Role::Candidate;
        self.current_term += 1;
        self.voted_for = Some(self.me);
        self.votes = BTreeSet::from([self.me]);
        self.persist(); // P1
    }

    /// Leader of the current term, which knows nothing about the others' logs yet. Paper §5.2,
    /// §5.3. Rules E7, E12.
    pub(crate) fn become_leader(&mut self) {
        assert_eq!(self.role, Role::Candidate, "L5: only a candidate wins an election");
        assert!(self.is_majority(self.votes.len()), "E7: votes of {:?} only", self.votes);
        self.role = Role::Leader;
        // E12: every time, since the logs may have changed since we last led.
        self.next_index = vec![self.log.last_index() + 1; self.server_count];
        self.match_index = vec![0; self.server_count];
        self.match_index[self.me] = self.log.last_index();
        self.progress = vec![Progress::new(Instant::now()); self.server_count];
    }
}
