//! Raft: a replicated log that a majority of servers keeps alive (lab part 2). Yours to write.
//!
//! "Paper" is Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm
//! (Extended Version)*; Figure 2, and for part 2D Figure 13, say what to build. IDs such as "E3" are
//! the rules of the student guide, `docs/student-guide.md`.
//!
//! | part | file | what it holds |
//! |---|---|---|
//! | | `raft.rs` | the handle: make, start, state, snapshot, kill |
//! | | `server.rs` | what the threads of a server share: peers, and the state under its lock |
//! | | `rpc.rs` | arguments and replies, with the names of Figure 2 |
//! | | `state.rs` | the state of Figure 2 |
//! | 2A | `election.rs` | the ticker, and both sides of RequestVote |
//! | 2B | `log.rs` | entries |
//! | 2B | `append_entries.rs` | both sides of AppendEntries |
//! | 2B | `apply.rs` | delivering what is committed |
//! | 2C | `persist.rs` | what survives a crash |
//! | 2D | `snapshot.rs` | dropping the log's beginning, and both sides of InstallSnapshot |
//!
//! Files, private types and methods are a proposal; change them as you like. What must stay is what
//! the framework sees: [`Raft`] and its trait, and the messages' field names. Whatever says "not
//! implemented yet" is where to begin.

// The skeleton holds more than it uses. Take this line out when part 2B passes.
#![allow(dead_code)]

mod append_entries;
mod apply;
mod election;
mod log;
mod persist;
mod raft;
mod rpc;
mod server;
mod snapshot;
mod state;

pub use labapi::{ApplyMsg, NotLeader, Persister, Started, State};

pub use crate::log::Entry;
pub use crate::raft::Raft;
pub use crate::rpc::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftRpc, RequestVoteArgs, RequestVoteReply,
};
