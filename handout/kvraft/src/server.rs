//! The server: the handle, the handler of the clerks' requests, and the apply loop (part 3A).
//! Rules K1 to K6, K9, K10, L4, L7.

use std::fmt;

use labapi::{ApplyMsg, Persister, Raft as _, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::{Receiver, bounded};
use labrt::sync::{Arc, Mutex};
use raft::Raft;

use crate::rpc::{KvRpc, Reply, Request};

/// A server of the service. See [`labapi::KvServer`] for what its methods promise.
#[derive(Clone)]
pub struct KvServer {
    server: Arc<Server>,
}

/// What the threads of a server share.
struct Server {
    raft: Raft,
    state: Mutex<KvState>,
    /// For the size of the saved Raft state (K8).
    persister: Arc<Persister>,
    /// From how many bytes of saved Raft state on a snapshot is due; `None`: never (K8).
    snapshot_above: Option<usize>,
    /// What Raft has committed, for the apply loop.
    deliveries: Receiver<ApplyMsg>,
}

/// What is under the lock.
struct KvState {
    // 3A: the map; what was applied for each client (K3, K6); who waits for what (K2, K4).
}

impl labapi::KvServer for KvServer {
    /// 3A: start the apply loop here, in a thread of its own (K5). 3B: begin with the snapshot
    /// that `persister` holds (K8).
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        snapshot_above: Option<usize>,
    ) -> Self {
        // Some may wait, so that Raft and the apply loop need not take turns for each command.
        let (apply, deliveries) = bounded(64);
        let server = Server {
            raft: Raft::make(peers, me, Arc::clone(&persister), apply),
            state: Mutex::new(KvState {}),
            persister,
            snapshot_above,
            deliveries,
        };
        Self { server: Arc::new(server) }
    }

    fn services(&self) -> Vec<Service> {
        let mut services = self.server.raft.services();
        services.push(Arc::clone(&self.server).into_service());
        services
    }

    fn state(&self) -> State {
        self.server.raft.state()
    }

    fn kill(&self) {
        self.server.raft.kill();
    }
}

impl KvRpc for Server {
    /// The handler. The network calls it in a thread of its own, many at a time.
    fn operate(&self, _request: Request) -> Reply {
        panic!("not implemented yet: the handler of requests, part 3A")
    }
}

impl fmt::Debug for KvServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvServer").finish_non_exhaustive()
    }
}
