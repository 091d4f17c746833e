//! The handle: what whoever runs a server sees of it (parts 3A and 3B). Rules K8, S5.

use std::fmt;

use labapi::{Persister, Raft as _, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::bounded;
use labrt::sync::{Arc, Mutex};
use labrt::thread;
use raft::Raft;

use crate::rpc::KvRpc;
use crate::server::{KvState, Server};
use crate::snapshot;
use crate::waiters::Waiters;

/// How many deliveries may wait for the apply loop. With none, Raft and the apply loop take turns
/// for each command, and a machine that is slow to switch between threads lets a server fall behind
/// whose log can then not be cut (K8).
const DELIVERIES_WAITING_MAX: usize = 64;

/// A server of the service. See [`labapi::KvServer`] for what its methods promise.
#[derive(Clone)]
pub struct KvServer {
    server: Arc<Server>,
}

impl labapi::KvServer for KvServer {
    /// Starts the server's Raft and its apply loop, from the snapshot that was saved last (K8).
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        snapshot_above: Option<usize>,
    ) -> Self {
        let store = snapshot::decode(&persister.snapshot());
        let (apply, deliveries) = bounded(DELIVERIES_WAITING_MAX);
        let server = Arc::new(Server {
            raft: Raft::make(peers, me, Arc::clone(&persister), apply),
            state: Mutex::new(KvState { store, waiters: Waiters::default(), snapshot_index: 0 }),
            persister,
            snapshot_above,
        });

        let looping = Arc::clone(&server);
        thread::Builder::new()
            .name("apply loop".to_owned())
            .spawn(move || looping.run_apply_loop(&deliveries))
            .expect("K5: a server needs its apply loop");
        Self { server }
    }

    fn services(&self) -> Vec<Service> {
        let mut services = self.server.raft.services();
        services.push(Arc::clone(&self.server).into_service());
        services
    }

    fn state(&self) -> State {
        self.server.raft.state()
    }

    /// Ends the Raft; that closes the apply channel, which ends the apply loop, which sends away
    /// those that wait (S5).
    fn kill(&self) {
        self.server.raft.kill();
    }
}

impl fmt::Debug for KvServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvServer").finish_non_exhaustive()
    }
}
