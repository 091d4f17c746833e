//! The contract of the lab: what a Raft and a key/value service are given, and what they must
//! offer to be tested.
//!
//! The battery knows a submission only through the traits here. `raft` and `kvraft` re-export
//! what they need of it.
//!
//! | given to a server | what it is |
//! |---|---|
//! | [`Persister`] | what survives a crash |
//! | `Vec<ClientEnd>` (`labrpc`) | the way to each peer, by server number, from 0 |
//! | `Sender<ApplyMsg>` (`labrt`) | where what is committed is delivered |
//!
//! | asked of a submission | what it is |
//! |---|---|
//! | [`Raft`] | make, start, state, snapshot, kill |
//! | [`KvServer`], [`KvClerk`] | a replicated key/value service and its client |
//!
//! Two countings meet here. **Server numbers begin at 0, log indexes begin at 1**: the first
//! command that a fresh cluster commits has index 1.
//!
//! # What is not here
//! Anything that tells a submission which clock, seed or scheduling policy it runs under, or that
//! reaches the network, the other servers or the run itself: that is the hosts' side,
//! `labrt-host` and `labrpc-host`, which student manifests do not list. A test of this crate
//! proves that a submission cannot name them.

#![forbid(unsafe_code)]

mod apply_msg;
mod kv;
mod persister;
mod raft;

pub use apply_msg::ApplyMsg;
pub use kv::{KvClerk, KvServer};
pub use persister::{Persister, SaveObserver};
pub use raft::{NotLeader, Raft, Started, State};
