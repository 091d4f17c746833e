//! What a Raft delivers to the service above it.

/// One thing a Raft delivers to its service: the next committed command, or a snapshot in place
/// of many.
///
/// A server delivers each index once, in order, without gaps (rule C3): after the command at
/// index `i` comes the one at `i + 1`, or a snapshot that ends beyond `i`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ApplyMsg {
    /// A committed log entry.
    Command {
        /// Its place in the log. The first is 1.
        index: u64,
        /// The bytes that were given to [`Raft::start`](crate::Raft::start).
        command: Vec<u8>,
    },
    /// A snapshot received from the leader or found at restart: the service replaces everything
    /// it has by this (Figure 13, rule N1).
    Snapshot {
        /// The index of the last entry it covers.
        index: u64,
        /// The term of that entry.
        term: u64,
        /// The bytes that were given to [`Raft::snapshot`](crate::Raft::snapshot), here or at
        /// another server.
        data: Vec<u8>,
    },
}

impl ApplyMsg {
    /// The log index of the command, or of the last entry that the snapshot covers.
    pub fn index(&self) -> u64 {
        match self {
            Self::Command { index, .. } | Self::Snapshot { index, .. } => *index,
        }
    }
}
