//! The handle: what the service above sees of a server (parts 2A to 2D).
//!
//! None of its methods waits. Rules C7, P2, N9, S5.

use std::fmt;

use labapi::{ApplyMsg, NotLeader, Persister, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;
use labrt::sync::Arc;

use crate::rpc::{RaftClient, RaftRpc};
use crate::server::Server;
use crate::state::RaftState;

/// A Raft server. See [`labapi::Raft`] for what its methods promise.
///
/// A handle: the state is shared with the server's threads.
#[derive(Clone)]
pub struct Raft {
    server: Arc<Server>,
}

impl labapi::Raft for Raft {
    /// Starts server number `me`, from what was saved (P2).
    ///
    /// 2A: start the long-running threads here, each with a clone of the `Arc` (S1, S2):
    /// `labrt::thread::Builder::new().name("ticker".to_owned()).spawn(move || ...)`.
    /// 2B: whoever delivers needs `apply`.
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let peers = peers.into_iter().map(RaftClient::new).collect();
        let state = RaftState::new(me, persister);
        let server = Arc::new(Server::new(peers, state, apply));
        Self { server }
    }

    fn services(&self) -> Vec<Service> {
        vec![Arc::clone(&self.server).into_service()]
    }

    /// 2B: if this server leads, appends the command to the log and has it sent at once, without
    /// waiting for anybody (C7, P1, K10).
    fn start(&self, _command: Vec<u8>) -> Result<Started, NotLeader> {
        panic!("not implemented yet: Raft::start, part 2B")
    }

    /// 2A: the current term, and whether this server believes that it leads.
    fn state(&self) -> State {
        panic!("not implemented yet: Raft::state, part 2A")
    }

    /// 2D: the log up to and including `index` is no longer needed (N1, N2).
    fn snapshot(&self, _index: u64, _data: Vec<u8>) {
        panic!("not implemented yet: Raft::snapshot, part 2D")
    }

    /// Threads look at `killed` whenever they have the lock, and end (S5). One that waits on a
    /// condition variable has to be notified here.
    fn kill(&self) {
        self.server.state.lock().killed = true;
    }
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft").finish_non_exhaustive()
    }
}
