//! What holds whenever the lock is free, and how the state may change from one such moment to
//! the next.
//!
//! Checked in debug builds, each time the lock is given back. A mistake is found in the critical
//! section that made it, not seconds later in another server.

use crate::log::EntryId;
use crate::state::{RaftState, Role};

/// What a critical section found when it began.
pub(crate) struct Observed {
    role: Role,
    current_term: u64,
    voted_for: Option<usize>,
    commit_index: u64,
    last_applied: u64,
    base: EntryId,
    last: EntryId,
}

impl Observed {
    /// Remembers the state at the beginning of a critical section; nothing in release builds.
    pub(crate) fn at_acquire(state: &RaftState) -> Option<Self> {
        cfg!(debug_assertions).then(|| Self {
            role: state.role(),
            current_term: state.current_term,
            voted_for: state.voted_for,
            commit_index: state.commit_index,
            last_applied: state.last_applied,
            base: state.log.base(),
            last: state.log.last(),
        })
    }

    /// Checks the state at the end of a critical section.
    ///
    /// # Panics
    /// With the broken rule, if anything does not hold.
    pub(crate) fn check_at_release(&self, state: &RaftState) {
        self.check_changes(state);
        check_indexes(state);
        check_duties(state);
        match state.role() {
            Role::Follower => (),
            Role::Candidate => check_candidate(state),
            Role::Leader => check_leader(state),
        }
        if (self.base, self.last) != (state.log.base(), state.log.last()) {
            check_terms_rise(state, self.commit_index);
        }
    }

    /// How the state may have changed.
    fn check_changes(&self, state: &RaftState) {
        assert!(self.current_term <= state.current_term, "L3: the term fell");
        assert!(self.commit_index <= state.commit_index, "A7: the commit index fell");
        assert!(self.last_applied <= state.last_applied, "C3: last applied fell");
        assert!(self.base.index <= state.log.base().index, "N4: the log's base fell");
        if self.current_term == state.current_term {
            if self.voted_for.is_some() {
                assert_eq!(self.voted_for, state.voted_for, "E5: a second vote in one term");
            }
            if self.role == Role::Leader {
                assert_eq!(state.role(), Role::Leader, "E11: a leader leads to its term's end");
                assert!(self.last.index <= state.log.last_index(), "A2: a leader's log shrank");
            }
        }
    }
}

/// Figure 2: applied entries are committed, committed ones are in the log or in the snapshot.
fn check_indexes(state: &RaftState) {
    let (base, last) = (state.log.base().index, state.log.last_index());
    assert!(state.last_applied <= state.commit_index, "C3: delivered before it is committed");
    assert!(state.commit_index <= last, "A5: committed beyond the log's end");
    assert!(base <= state.commit_index, "N1: the snapshot covers what is not committed");
}

/// What whoever changed something must have done before giving the lock back.
fn check_duties(state: &RaftState) {
    assert_eq!(state.saved, state.persistent(), "P1: changed, and not saved");
    assert_eq!(state.announced_commit, state.commit_index, "C4: moved, and the applier not told");
}

/// Paper §5.2.
fn check_candidate(state: &RaftState) {
    assert_eq!(state.voted_for, Some(state.me), "E8: a candidate votes for itself");
    assert!(!state.is_majority(state.votes.len()), "E7: elected, and still a candidate");
}

/// Paper §5.3: what a leader believes of the others.
fn check_leader(state: &RaftState) {
    let last_index = state.log.last_index();
    assert_eq!(state.voted_for, Some(state.me), "E8: a leader has its own vote");
    assert_eq!(state.match_index[state.me], last_index, "P1: the leader's own log");
    for peer in state.peers() {
        let (next_index, match_index) = (state.next_index[peer], state.match_index[peer]);
        assert!(match_index < next_index, "B3: backed up below what server {peer} has");
        assert!(next_index <= last_index + 1, "C5: sent beyond the log's end");
    }
}

/// Paper §5.3: terms rise along the log. Looked at only from `first` on: what was committed
/// before has not changed.
fn check_terms_rise(state: &RaftState, first: u64) {
    let base = state.log.base();
    let known = (first.max(base.index) - base.index) as usize;
    let mut term = state.log.term_at(base.index + known as u64);
    for entry in &state.log.entries()[known..] {
        assert!(term <= entry.term, "A2: term {} in the log after term {term}", entry.term);
        term = entry.term;
    }
    assert!(term <= state.current_term, "E3: an entry of term {term}, which is still to come");
}
