//! What the threads of a server share, and the handler of the clerks' requests (part 3A).
//! Rules K1, K2, K4, K9, K10, L4, L7.

use labapi::{Persister, Raft as _, Started, State};
use labrt::channel::RecvTimeoutError;
use labrt::sync::{Arc, Mutex};
use labrt::time::Instant;
use raft::Raft;

use crate::rpc::{KvRpc, Reply, Request};
use crate::store::Store;
use crate::timing;
use crate::waiters::{Ticket, Waiters};

/// One server: its handlers, each in a thread that the network gives it, and its apply loop.
pub(crate) struct Server {
    pub(crate) raft: Raft,
    pub(crate) state: Mutex<KvState>,
    /// For the size of the saved Raft state (K8).
    pub(crate) persister: Arc<Persister>,
    /// From how many bytes of saved Raft state on a snapshot is made; `None`: never (K8).
    pub(crate) snapshot_above: Option<usize>,
}

/// What is under the lock. This lock comes before Raft's (L7): whoever holds it may call `start`,
/// which never waits, and Raft does not know that it exists.
pub(crate) struct KvState {
    /// Written by the apply loop only (K5).
    pub(crate) store: Store,
    /// The index of the snapshot made last in this life; 0 before the first (K8).
    pub(crate) snapshot_index: u64,
    pub(crate) waiters: Waiters,
}

impl KvRpc for Server {
    /// Puts the operation into the log, reads as much as writes (K1), and waits until it was
    /// applied (K9).
    fn operate(&self, request: Request) -> Reply {
        match self.submit(&request) {
            Some((ticket, started)) => self.wait(&ticket, started.term),
            None => Reply::Retry,
        }
    }
}

impl Server {
    /// Starts agreement on a request, which Raft sends out at once (K10). `None` if this server
    /// does not lead.
    ///
    /// One critical section: the apply loop, which needs the same lock, cannot come to the request
    /// before somebody waits for it (K2).
    fn submit(&self, request: &Request) -> Option<(Ticket, Started)> {
        let command = labgob::to_bytes(request).expect("a request can be encoded");
        let mut state = self.state.lock();
        let started = self.raft.start(command).ok()?;
        Some((state.waiters.add(request.id), started))
    }

    /// Waits until the request was applied, or this server no longer leads the term in which it
    /// was started, or no answer is to be expected. In the latter two cases it may still be
    /// applied; the clerk asks elsewhere (K2).
    fn wait(&self, ticket: &Ticket, term: u64) -> Reply {
        let deadline = Instant::now() + timing::ANSWER_PATIENCE;
        loop {
            match ticket.answer.recv_timeout(timing::LEADERSHIP_CHECK_INTERVAL) {
                Ok(reply) => return reply,
                Err(RecvTimeoutError::Timeout)
                    if self.raft.state() == (State { term, is_leader: true })
                        && Instant::now() < deadline => {}
                Err(_) => break,
            }
        }
        self.state.lock().waiters.remove(ticket);
        Reply::Retry
    }
}
