//! The messages between servers: Figure 2, and Figure 13 without chunks (parts 2A, 2B, 2D).
//!
//! Keep the names of the fields: the battery reads them in the messages on the wire, and can then
//! tell you which rule was broken, and by which message. You may add fields, for example for fast
//! back-up (B1 to B3). What a message holds must be `Serialize` and `Deserialize`; it travels as
//! bytes, so nothing is ever shared between servers.

use serde::{Deserialize, Serialize};

use crate::log::Entry;

labrpc::service! {
    /// What Raft servers ask of each other.
    pub trait RaftRpc {
        /// A candidate asks for a vote. Paper §5.2.
        fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply;
        /// A leader sends entries, or none as a heartbeat. Paper §5.3.
        fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply;
        /// A leader sends a snapshot in place of entries that it has dropped. Paper §7.
        fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply;
    }
    /// Sends to one peer. `client.request_vote(&args)` waits, and gives the reply or
    /// [`labrpc::RpcError::NoReply`], which is part of life.
    pub client RaftClient;
}

/// Arguments of the RequestVote RPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's current term, for the candidate to update itself.
    pub term: u64,
    /// Whether the candidate has the vote.
    pub vote_granted: bool,
}

/// Arguments of the AppendEntries RPC. A heartbeat is one without entries (A1).
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// Reply of the AppendEntries RPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppendEntriesReply {
    /// The follower's current term, for the leader to update itself.
    pub term: u64,
    /// Whether the follower had the entry at `prev_log_index`, with its term.
    pub success: bool,
}

/// Arguments of the InstallSnapshot RPC. The snapshot is sent whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstallSnapshotReply {
    /// The follower's current term, for the leader to update itself.
    pub term: u64,
}
