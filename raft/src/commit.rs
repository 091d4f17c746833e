//! What is committed: the leader counts replicas, followers are told (part 2B).
//!
//! Paper §5.3, §5.4.2. Rules C1, C2, A5, A7. Whoever moves the commit index wakes the applier
//! (C4).

use crate::state::{RaftState, Role};

impl RaftState {
    /// Commits up to the highest index that a majority of all servers holds, if the entry there
    /// is of the current term. Returns whether `commit_index` moved; the caller then wakes the
    /// applier (C4).
    ///
    /// An older entry is never committed by counting: it follows a newer one of this term, or a
    /// later leader could still overwrite it. Paper §5.4.2, Figure 8. Rules C1, C2, A7.
    pub(crate) fn advance_commit_index(&mut self) -> bool {
        assert_eq!(self.role(), Role::Leader, "C2: only a leader counts replicas");
        let mut held = self.match_index.clone(); // its own slot holds its last index
        held.sort_unstable();
        let majority_index = held[(held.len() - 1) / 2];

        if majority_index <= self.commit_index {
            return false; // A7: never back
        }
        assert!(majority_index <= self.log.last_index(), "C5: acknowledged beyond the log's end");
        if self.log.term_at(majority_index) != self.current_term {
            return false; // C1
        }
        self.commit_index = majority_index;
        true
    }

    /// Follows the leader's commit index, as far as its message vouches for our log: what lies
    /// behind may be left over from another leader. Returns whether `commit_index` moved; the
    /// caller then wakes the applier (C4). Figure 2, AppendEntries, step 5. Rules A5, A7.
    pub(crate) fn follow_commit_index(&mut self, leader_commit: u64, vouched_index: u64) -> bool {
        let index = leader_commit.min(vouched_index); // A5
        if index <= self.commit_index {
            return false; // A7: an old message, or nothing new
        }
        self.commit_index = index;
        true
    }
}

#[cfg(test)]
mod tests {
    use labapi::Persister;
    use labrt::sync::Arc;

    use super::*;
    use crate::log::Entry;

    /// Server 0 of five: leader of term 2, with an entry of term 1 and one of term 2.
    fn leader() -> RaftState {
        let mut state = RaftState::new(0, 5, Arc::new(Persister::default()));
        state.log.append(Entry { term: 1, command: vec![] });
        state.become_follower(1);
        state.become_candidate();
        state.votes.extend([1, 2]);
        state.become_leader();
        state.match_index[0] = state.log.append(Entry { term: 2, command: vec![] });
        state
    }

    #[test]
    fn an_entry_of_an_older_term_is_not_committed_by_counting() {
        let mut state = leader();
        state.match_index[1..].fill(1);
        assert!(!state.advance_commit_index(), "C1: all five hold it, and may yet lose it");
    }

    #[test]
    fn an_entry_of_the_current_term_commits_those_before() {
        let mut state = leader();
        state.match_index[1] = 2;
        assert!(!state.advance_commit_index(), "C2: two of five");
        state.match_index[4] = 2;
        assert!(state.advance_commit_index(), "C2: three of five");
        assert_eq!(state.commit_index, 2, "C1: the older one follows");
        assert!(!state.advance_commit_index(), "A7: nothing new");
    }
}
