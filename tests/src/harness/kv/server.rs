//! One key/value server in one of its lives.

use std::sync::{Arc, Weak};

use labapi::Persister;
use labrpc_host::{Network, Server as NetworkServer};
use labrt::channel::bounded;
use labrt::thread;
use labrt_host::Machine;

use super::submission::{MakeServer, Server};
use crate::check::wire::Checkers;
use crate::harness::server::{ends, name};

/// A running server.
#[derive(Clone)]
pub(crate) struct KvLife {
    machine: Machine,
    /// Weak: the server belongs to its machine, and ends there.
    server: Weak<dyn Server>,
    persister: Arc<Persister>,
}

impl KvLife {
    /// Starts server `me` of `servers` from what `persister` holds. It stands in the network
    /// afterwards, with all its ends disabled.
    pub(crate) fn begin(
        (make_server, network, checkers): (MakeServer, &Network, &Checkers),
        me: usize,
        servers: usize,
        life: u32,
        persister: Persister,
        snapshot_above: Option<usize>,
    ) -> Self {
        let machine = Machine::new(name(me));
        let peers = ends(network, &machine, me, servers, life);
        let persister = Arc::new(checkers.begin_life(me, &machine, persister));
        let given = persister.clone();
        let made = machine.call("make", move || {
            let server = make_server(peers, me, given, snapshot_above);
            let (known, services) = (Arc::downgrade(&server), server.services());
            thread::Builder::new()
                .name("owner".to_owned())
                .spawn(move || own(&server))
                .expect("a run gives threads");
            (known, services)
        });
        let (server, services) = made.expect("a machine that was just made has not crashed");

        let installed = NetworkServer::new(&machine, services)
            .unwrap_or_else(|error| labrt_host::fail(error.to_string()));
        network.add_server(&name(me), installed);
        Self { machine, server, persister }
    }

    /// Runs `question` with the server, on its machine. `None` if the machine has crashed.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        question: impl FnOnce(&dyn Server) -> T + Send + 'static,
    ) -> Option<T> {
        let server = self.server.clone();
        let answer =
            self.machine.call(what, move || server.upgrade().map(|server| question(&*server)));
        answer.ok().flatten()
    }

    /// Ends this life at once, and gives what it has saved. Nothing that is left of it can reach
    /// that any more.
    pub(crate) fn crash(self) -> Persister {
        self.machine.crash();
        self.persister.copy()
    }

    /// What it has saved, to be measured.
    pub(crate) fn persister(&self) -> &Persister {
        &self.persister
    }
}

/// Keeps a server alive until its machine ends.
fn own(_server: &Arc<dyn Server>) {
    let (_kept, never) = bounded::<()>(0);
    let _ = never.recv();
}
