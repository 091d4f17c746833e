//! A key/value service that goes on as long as a majority of its servers does (lab part 3). Yours
//! to write, on top of your Raft.
//!
//! It is to be linearizable: to its clients it looks like one map on one machine that does one
//! operation at a time. IDs such as "K3" are the rules of the student guide,
//! `docs/student-guide.md`.
//!
//! | part | file | what it holds |
//! |---|---|---|
//! | | `rpc.rs` | what a clerk asks, and what it is answered |
//! | 3A | `clerk.rs` | the client (K3, K7) |
//! | 3A | `server.rs` | the handle, the handler, and the apply loop (K1 to K6, K9, K10) |
//! | 3B | `snapshot.rs` | when a snapshot is made, and what it holds (K8) |
//!
//! Files, messages and private types are a proposal; change them as you like. What must stay is what
//! the framework sees: [`KvServer`], [`Clerk`] and their traits.

// The skeleton holds more than it uses. Take this line out when part 3A passes.
#![allow(dead_code)]

mod clerk;
mod rpc;
mod server;
mod snapshot;

pub use crate::clerk::Clerk;
pub use crate::rpc::{KvClient, KvRpc, Operation, Reply, Request};
pub use crate::server::KvServer;
