//! A key/value service that goes on as long as a majority of its servers does (lab part 3).
//!
//! Each server holds the whole map, and a [`Raft`](raft::Raft) that gives all servers the same
//! operations in the same order. It is linearizable: to its clients it looks like one map on one
//! machine that does one operation at a time. IDs such as "K3" are the rules of the student guide;
//! each is kept in one place, and that place names it.
//!
//! | part | file | what it holds |
//! |---|---|---|
//! | | `rpc.rs` | what a clerk asks, and what it is answered |
//! | 3A | `clerk.rs` | the client: whom to ask, and under which number (K7) |
//! | | `kv_server.rs` | the handle: make, services, state, kill |
//! | 3A | `server.rs` | the handler: through the log, and back when it was applied (K1, K9) |
//! | 3A | `waiters.rs` | who waits for which operation (K2, K4) |
//! | 3A | `apply.rs` | the apply loop, the one writer (K5) |
//! | 3A | `store.rs` | the map, and who has had what applied (K3, K6) |
//! | 3B | `snapshot.rs` | when a snapshot is made, and what it holds (K8) |
//! | | `timing.rs` | durations |
//!
//! # The way of an operation
//! ```text
//!   clerk ── RPC ──> handler ── Raft::start ──> the log, on a majority of servers
//!                      │                                        │
//!                      │ waits                                  v
//!                      └──<── answer ──<── apply loop <── the apply channel, on every server
//! ```
//!
//! A handler that has put an operation into the log waits until the apply loop has come to that
//! very operation, and answers with what it gave. If this server stops leading first, or nothing
//! comes for a while, the clerk is told to ask elsewhere. It then cannot know whether its operation
//! is still going to be applied, so it sends the same request, under the same number, until it is
//! told that it was; and what arrives twice is applied once.

mod apply;
mod clerk;
mod kv_server;
mod rpc;
mod server;
mod snapshot;
mod store;
mod timing;
mod waiters;

pub use crate::clerk::Clerk;
pub use crate::kv_server::KvServer;
pub use crate::rpc::{KvClient, KvRpc, Operation, Reply, Request, RequestId};
