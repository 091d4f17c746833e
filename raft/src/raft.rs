//! The handle: what the service above sees of a server (parts 2A to 2D).
//!
//! None of its methods waits. Rules C7, P1, P2, N9, S2, S5, K10.

use std::fmt;

use labapi::{ApplyMsg, NotLeader, Persister, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;
use labrt::sync::Arc;
use labrt::thread;

use crate::log::Entry;
use crate::rpc::{RaftClient, RaftRpc};
use crate::server::Server;
use crate::state::{RaftState, Role};

/// A Raft server. See [`labapi::Raft`] for what its methods promise.
///
/// A handle: the state is shared with the server's threads, which keep it alive until
/// [`kill`](labapi::Raft::kill), or the crash of the machine.
#[derive(Clone)]
pub struct Raft {
    server: Arc<Server>,
}

impl labapi::Raft for Raft {
    /// Starts the server's three threads, from what was saved (P2, S1, S2).
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let mut state = RaftState::new(me, peers.len(), persister);
        state.restore();
        let peers = peers.into_iter().map(RaftClient::new).collect();
        let server = Arc::new(Server::new(peers, state));

        let (ticker, replicator, applier) = (server.clone(), server.clone(), server.clone());
        spawn("ticker", move || ticker.run_ticker());
        spawn("replicator", move || replicator.run_replicator());
        spawn("applier", move || applier.run_applier(&apply));
        Self { server }
    }

    fn services(&self) -> Vec<Service> {
        vec![Arc::clone(&self.server).into_service()]
    }

    /// Appends to the log, if this server leads, and has the replicator send it at once. Figure
    /// 2, "Leaders". Rules C7, P1, K10.
    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        let mut state = self.server.lock();
        if state.killed || state.role() != Role::Leader {
            return Err(NotLeader); // C7: and nothing happened
        }
        let term = state.current_term;
        let index = state.log.append(Entry { term, command });
        state.persist(); // P1: before the leader counts itself
        let me = state.me;
        state.match_index[me] = index;
        if state.advance_commit_index() {
            self.server.wake_applier(&mut state); // Alone, a server is a majority.
        }
        self.server.wake_replicator(); // K10
        Ok(Started { index, term })
    }

    fn state(&self) -> State {
        let state = self.server.lock();
        State { term: state.current_term, is_leader: state.role() == Role::Leader }
    }

    fn snapshot(&self, index: u64, data: Vec<u8>) {
        self.server.lock().take_snapshot(index, data);
    }

    /// Tells all threads to end, and wakes those that wait (S5). Threads that wait for a reply end
    /// when they have it, or know that none comes.
    fn kill(&self) {
        self.server.lock().killed = true;
        self.server.ticker.notify_all();
        self.server.replicator.notify_all();
        self.server.applier.notify_all();
    }
}

/// Starts a thread with a name, which reports then use.
#[track_caller]
fn spawn(name: &str, body: impl FnOnce() + Send + 'static) {
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    started.expect("S1: a server needs its threads");
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft").finish_non_exhaustive()
    }
}
