//! One server in one of its lives: a machine, what serves on it, and the ends that it sends through.

use std::sync::{Arc, Weak};

use labapi::Persister;
use labrpc::{ClientEnd, Service};
use labrpc_host::{EndSpec, Network, Server};
use labrt_host::{Machine, now};

use super::lateness::Looks;
use crate::check::wire::Checkers;

/// The name under which server `number` stands in the network; its machines bear it too.
pub(crate) fn name(number: usize) -> String {
    format!("server {number}")
}

/// The number of the server that a name in the network stands for.
pub(crate) fn number(name: &str) -> Option<usize> {
    name.strip_prefix("server ")?.parse().ok()
}

/// The name of the end through which server `from` sends to server `to` in its `life`.
///
/// Fresh in each life, so that nothing of an earlier one can ever be sent again.
pub(crate) fn end_name(from: usize, to: usize, life: u32) -> String {
    format!("server {from} -> server {to}, life {life}")
}

/// Which server, of how many, in which of its lives.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) me: usize,
    pub(super) servers: usize,
    pub(super) life: u32,
}

/// A server that was made on its machine, where a thread of its own keeps it.
pub(super) struct Made<S: ?Sized> {
    pub(super) server: Weak<S>,
    pub(super) services: Vec<Service>,
}

/// A running server.
pub(crate) struct Life<S: ?Sized> {
    machine: Machine,
    /// Weak: the server belongs to its machine, and ends there.
    server: Weak<S>,
    persister: Arc<Persister>,
    looks: Arc<Looks>,
}

impl<S: ?Sized + Send + Sync + 'static> Life<S> {
    /// Starts a server from what `persister` holds: `make` runs on its machine. It stands in the
    /// network afterwards, with all its ends disabled.
    ///
    /// The server is made before anybody can reach it.
    pub(super) fn begin(
        place: Place,
        network: &Network,
        checkers: &Checkers,
        persister: Persister,
        looks: Arc<Looks>,
        make: impl FnOnce(Vec<ClientEnd>, Arc<Persister>) -> Made<S> + Send + 'static,
    ) -> Self {
        let machine = Machine::new(name(place.me));
        let peers = ends(network, &machine, place);
        let persister = Arc::new(checkers.begin_life(place.me, &machine, persister));
        let given = persister.clone();
        let made = machine.call("make", move || make(peers, given));
        let Made { server, services } = made.expect("a machine that was just made has not crashed");

        let installed = Server::new(&machine, services)
            .unwrap_or_else(|error| labrt_host::fail(error.to_string()));
        network.add_server(&name(place.me), installed);
        Self { machine, server, persister, looks }
    }

    /// Runs `question` with the server, on its machine. `None` if the machine has crashed.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        question: impl FnOnce(&S) -> T + Send + 'static,
    ) -> Option<T> {
        let server = self.server.clone();
        let ask = move || {
            let began = now();
            (server.upgrade().map(|server| question(&*server)), began, now())
        };
        let called = now();
        let (answer, began, ended) = self.machine.call(what, ask).ok()?;
        // How long the question itself took is the server's doing; the way to it and back is not.
        self.looks.waited(called, began);
        self.looks.waited(ended, now());
        answer
    }

    /// Ends this life at once, and gives what it has saved. Nothing that is left of it can reach
    /// that any more.
    pub(super) fn crash(&self) -> Persister {
        self.machine.crash();
        self.persister.copy()
    }

    /// The machine that it runs on.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What it has saved, to be measured.
    pub(super) fn persister(&self) -> &Persister {
        &self.persister
    }
}

/// Makes fresh ends from a server to every server, itself included; disabled.
fn ends(network: &Network, machine: &Machine, place: Place) -> Vec<ClientEnd> {
    let end = |to| {
        let end_name = end_name(place.me, to, place.life);
        let end = network.make_end(EndSpec::new(&end_name).on(machine))?;
        network.connect(&end_name, &name(to))?;
        Ok::<_, labrpc_host::NetworkError>(end)
    };
    (0..place.servers)
        .map(|to| end(to).unwrap_or_else(|error| labrt_host::fail(error.to_string())))
        .collect()
}
