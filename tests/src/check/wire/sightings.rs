//! What each server was last seen as on the wire, for the text of a failure.

use super::{Index, Term};

/// What a server was last seen as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) role: Option<Role>,
    pub(crate) term: Term,
    /// The highest commit index that it sent, or that a leader told it for what it holds.
    pub(crate) commit: Option<Index>,
}

/// What a server acts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Follower,
    Candidate,
    Leader,
}

impl Sighting {
    /// It acts as `role` in `term`. Messages of earlier terms may come later.
    pub(super) fn acts(&mut self, role: Role, term: Term) {
        if self.term <= term {
            (self.role, self.term) = (Some(role), term);
        }
    }

    pub(super) fn commits(&mut self, index: Index) {
        self.commit = self.commit.max(Some(index));
    }
}
