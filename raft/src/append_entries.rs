//! The follower: taking over the leader's log (part 2B).
//!
//! Figure 2, AppendEntries, receiver implementation; paper §5.3. Rules A1 to A7, B1, B2, E1, E10,
//! E11, P1.

use crate::log::{Entry, EntryId};
use crate::rpc::{AppendEntriesArgs, AppendEntriesReply, Conflict};
use crate::server::Server;
use crate::state::{RaftState, Role};

impl Server {
    /// Handles AppendEntries. A heartbeat goes the same way as everything else (A1).
    pub(crate) fn handle_append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        let mut state = self.lock();
        state.observe_term(args.term);
        let refusal = |state: &RaftState, conflict| AppendEntriesReply {
            term: state.current_term,
            success: false,
            conflict,
        };

        if args.term < state.current_term {
            return refusal(&state, None); // E10, A6: and nothing else happens
        }
        state.follow_leader(args.term);
        let prev = EntryId { index: args.prev_log_index, term: args.prev_log_term };
        if let Some(conflict) = state.conflict_at(prev) {
            return refusal(&state, Some(conflict));
        }

        let last_index = args.last_index();
        state.merge(prev.index, args.entries);
        if state.follow_commit_index(args.leader_commit, last_index) {
            self.wake_applier(&mut state);
        }
        AppendEntriesReply { term: state.current_term, success: true, conflict: None }
    }
}

impl RaftState {
    /// The leader of `term`, which is ours, has spoken. Paper §5.2. Rules E1, E11.
    pub(crate) fn follow_leader(&mut self, term: u64) {
        assert_eq!(self.current_term, term, "E10: a leader of another term");
        assert_ne!(self.role(), Role::Leader, "E7: a second leader in term {term}");
        self.become_follower(term); // E11
        self.reset_election_deadline(); // E1
    }

    /// What is here in place of the leader's entry `prev`; `None` if it is that entry. Paper §5.3.
    /// Rules A3, A4, B1, B2, N7.
    fn conflict_at(&self, prev: EntryId) -> Option<Conflict> {
        if self.log.last_index() < prev.index {
            return Some(Conflict::TooShort { next_index: self.log.last_index() + 1 }); // A3, B1
        }
        if prev.index < self.log.base().index {
            return None; // N7: the snapshot covers it, so it was committed, and is the same
        }
        let term = self.log.term_at(prev.index);
        if term == prev.term {
            return None; // A4
        }
        let first_index = self.log.first_index_of_term_at(prev.index);
        Some(Conflict::Term { term, first_index }) // B2
    }

    /// Takes over the entries that follow `prev_log_index`. The log is cut only where an entry
    /// really differs: the message may be an old one, and what follows its entries newer than it
    /// (S4). Paper §5.3. Rules A2, P1.
    fn merge(&mut self, prev_log_index: u64, entries: Vec<Entry>) {
        let mut changed = false;
        for (index, entry) in (prev_log_index + 1..).zip(entries) {
            if index <= self.log.base().index {
                continue; // the snapshot covers it
            }
            if index <= self.log.last_index() {
                if self.log.term_at(index) == entry.term {
                    continue; // A2: it is here
                }
                assert!(self.commit_index < index, "A2: committed entry {index} overwritten");
                self.log.truncate_from(index);
            }
            self.log.append(entry);
            changed = true;
        }
        if changed {
            self.persist(); // P1: before the reply leaves
        }
    }
}
