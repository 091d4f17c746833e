//! Raft: a replicated log that a majority of servers keeps alive (lab part 2).
//!
//! "Paper" is Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm
//! (Extended Version)*; its Figure 2 and Figure 13 are what is built here. IDs such as "E3" are
//! the rules of the student guide; each is kept in one place, and that place names it.
//!
//! | part | file | what it holds |
//! |---|---|---|
//! | | `raft.rs` | the handle: make, start, state, snapshot, kill |
//! | | `server.rs` | what the threads of a server share: peers, the lock, whom to wake |
//! | | `state.rs` | the state of Figure 2, and the three transitions between roles |
//! | | `log.rs` | entries, and the index below which a snapshot stands for them |
//! | | `rpc.rs`, `timing.rs` | arguments and replies; durations |
//! | 2A | `election.rs` | the ticker, and both sides of RequestVote |
//! | 2B | `replication.rs`, `progress.rs` | the leader: sending, replies, backing up |
//! | 2B | `append_entries.rs` | the follower |
//! | 2B | `commit.rs`, `apply.rs` | counting replicas; delivering without the lock |
//! | 2C | `persist.rs` | what survives a crash |
//! | 2D | `snapshot.rs` | dropping the log's beginning, and both sides of InstallSnapshot |
//! | | `invariants.rs` | what holds whenever the lock is free, checked in debug builds |
//!
//! # Threads
//! Each server has three threads for life (rules S1, S2): the *ticker* starts elections, the
//! *replicator* sends as leader, the *applier* delivers. Besides these, one short thread for each
//! RPC that this server sends (S3), and one that the network gives to each that it handles.
//!
//! All of them share one `RaftState` under one lock. Nothing that waits
//! happens under it (L4): a thread takes the lock, decides, builds what is to be sent or
//! delivered, releases the lock, and only then sends. When it is back, it checks again what it
//! believed before (L5).
//!
//! ```text
//!   ticker      waits for the election deadline ── start_election ──> a thread for each RequestVote
//!   replicator  waits for news or a heartbeat ──── next_messages ───> a thread for each message
//!   applier     waits for commit_index to move ─── next_delivery ───> the apply channel
//! ```

mod append_entries;
mod apply;
mod commit;
mod election;
mod invariants;
mod log;
mod persist;
mod progress;
mod raft;
mod replication;
mod rpc;
mod server;
mod snapshot;
mod state;
mod timing;

pub use labapi::{ApplyMsg, NotLeader, Persister, Started, State};

pub use crate::log::{Entry, EntryId};
pub use crate::raft::Raft;
pub use crate::rpc::{
    AppendEntriesArgs, AppendEntriesReply, Conflict, InstallSnapshotArgs, InstallSnapshotReply,
    RaftClient, RaftRpc, RequestVoteArgs, RequestVoteReply,
};
