//! The messages between servers: Figure 2, and Figure 13 without chunks (parts 2A, 2B, 2D).
//!
//! The field names are those of the paper, and part of what is handed out: the battery reads them
//! in the messages on the wire.

use labrpc::RpcError;
use serde::{Deserialize, Serialize};

use crate::log::Entry;

labrpc::service! {
    /// What Raft servers ask of each other. Figure 2, Figure 13.
    pub trait RaftRpc {
        /// A candidate asks for a vote. Paper §5.2.
        fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply;
        /// A leader sends entries, or none as a heartbeat. Paper §5.3.
        fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply;
        /// A leader sends a snapshot in place of entries that it has dropped. Paper §7.
        fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply;
    }
    /// Sends to one peer.
    pub client RaftClient;
}

/// Arguments of the RequestVote RPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestVoteArgs {
    /// The candidate's term.
    pub term: u64,
    /// Who asks for the vote.
    pub candidate_id: usize,
    /// Index of the candidate's last log entry.
    pub last_log_index: u64,
    /// Term of that entry.
    pub last_log_term: u64,
}

/// Reply of the RequestVote RPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's current term, for the candidate to update itself (E3, E10).
    pub term: u64,
    /// Whether the candidate has the vote.
    pub vote_granted: bool,
}

/// Arguments of the AppendEntries RPC. A heartbeat is one without entries (A1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntriesArgs {
    /// The leader's term.
    pub term: u64,
    /// Who leads.
    pub leader_id: usize,
    /// Index of the entry just before `entries`.
    pub prev_log_index: u64,
    /// Term of that entry.
    pub prev_log_term: u64,
    /// What follows it.
    pub entries: Vec<Entry>,
    /// The leader's commit index.
    pub leader_commit: u64,
}

impl AppendEntriesArgs {
    /// The index of the last entry that this message vouches for: a follower that accepts it has
    /// the leader's log up to here, and not necessarily further (A5, C6).
    pub(crate) fn last_index(&self) -> u64 {
        self.prev_log_index + self.entries.len() as u64
    }
}

/// Reply of the AppendEntries RPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntriesReply {
    /// The follower's current term, for the leader to update itself (E3, E10).
    pub term: u64,
    /// Whether the follower had the entry at `prev_log_index`, and now has those that were sent.
    pub success: bool,
    /// If it had not: where the logs may part. `None` if the request was of a lower term.
    pub conflict: Option<Conflict>,
}

/// What a follower has in place of the entry that the leader expected. Paper §5.3, end. B1, B2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Conflict {
    /// Nothing: its log ends before.
    TooShort {
        /// The index after its last entry.
        next_index: u64,
    },
    /// An entry of another term.
    Term {
        /// That term.
        term: u64,
        /// The first index at which it has an entry of that term.
        first_index: u64,
    },
}

/// Arguments of the InstallSnapshot RPC. The snapshot is sent whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSnapshotArgs {
    /// The leader's term.
    pub term: u64,
    /// Who leads.
    pub leader_id: usize,
    /// Index of the last entry that the snapshot covers.
    pub last_included_index: u64,
    /// Term of that entry.
    pub last_included_term: u64,
    /// The snapshot, as the leader's service made it.
    pub data: Vec<u8>,
}

/// Reply of the InstallSnapshot RPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSnapshotReply {
    /// The follower's current term, for the leader to update itself (E3, E10).
    pub term: u64,
}

/// The reply, if one came. That none comes is part of life (R3); a message type that labgob
/// cannot carry is a mistake in this file.
pub(crate) fn received<R>(reply: Result<R, RpcError>) -> Option<R> {
    match reply {
        Ok(reply) => Some(reply),
        Err(RpcError::NoReply) => None,
        Err(mistake) => panic!("{mistake}"),
    }
}
