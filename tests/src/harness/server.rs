//! One server in one of its lives: a machine, a Raft on it, and the ends that it sends through.

use std::sync::{Arc, Weak};

use labapi::Persister;
use labrpc::ClientEnd;
use labrpc_host::{EndSpec, Network, Server};
use labrt::channel::bounded;
use labrt::thread;
use labrt_host::Machine;

use super::applied::Applied;
use super::applier::{Applier, Service};
use super::referee::Referee;
use super::submission::{RaftServer, Submission};
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

/// What every life of every server is made of.
pub(crate) struct Site {
    pub(crate) submission: Submission,
    pub(crate) network: Network,
    pub(crate) service: Service,
    pub(crate) applied: Arc<Applied>,
    pub(crate) checkers: Checkers,
    pub(crate) referee: Arc<Referee>,
}

/// A running server.
#[derive(Clone)]
pub(crate) struct Life {
    machine: Machine,
    /// Weak: the Raft belongs to its machine, and ends there.
    raft: Weak<dyn RaftServer>,
    persister: Arc<Persister>,
}

impl Life {
    /// Starts server `me` of `servers` from what `persister` holds. It stands in the network
    /// afterwards, with all its ends disabled.
    ///
    /// The Raft is made before anybody can reach it.
    pub(crate) fn begin(
        site: &Site,
        me: usize,
        servers: usize,
        life: u32,
        persister: Persister,
    ) -> Self {
        if let Err(violation) = site.applied.begin_life(me, life, &persister.snapshot()) {
            site.referee.fail(violation);
        }
        let machine = Machine::new(name(me));
        let peers = ends(&site.network, &machine, me, servers, life);
        let persister = Arc::new(site.checkers.begin_life(me, &machine, persister));

        let make_raft = site.submission.make_raft;
        let (service, applied) = (site.service, site.applied.clone());
        let (checkers, referee) = (site.checkers.clone(), site.referee.clone());
        let given = persister.clone();
        let made = machine.call("make", move || {
            let (apply, deliveries) = bounded(0);
            let raft = make_raft(peers, me, given, apply);
            let services = raft.services();
            let known = Arc::downgrade(&raft);
            let applier =
                Applier { server: me, life, service, raft, deliveries, applied, checkers, referee };
            thread::Builder::new()
                .name("service".to_owned())
                .spawn(move || applier.run())
                .expect("a run gives threads");
            (known, services)
        });
        let (raft, services) = made.expect("a machine that was just made has not crashed");

        let server = Server::new(&machine, services)
            .unwrap_or_else(|error| labrt_host::fail(error.to_string()));
        site.network.add_server(&name(me), server);
        Self { machine, raft, persister }
    }

    /// Runs `question` with the Raft, on its machine. `None` if the machine has crashed.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        question: impl FnOnce(&dyn RaftServer) -> T + Send + 'static,
    ) -> Option<T> {
        let raft = self.raft.clone();
        let answer = self.machine.call(what, move || raft.upgrade().map(|raft| question(&*raft)));
        answer.ok().flatten()
    }

    /// Ends this life at once, and gives what it has saved. Nothing that is left of it can reach
    /// that any more.
    pub(crate) fn crash(self) -> Persister {
        self.machine.crash();
        self.persister.copy()
    }

    /// The machine that it runs on.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    pub(crate) fn raft_state_bytes(&self) -> usize {
        self.persister.raft_state_bytes()
    }
}

/// Makes fresh ends from server `me` to every server, itself included; disabled.
pub(super) fn ends(
    network: &Network,
    machine: &Machine,
    me: usize,
    servers: usize,
    life: u32,
) -> Vec<ClientEnd> {
    let end = |to| {
        let end_name = end_name(me, to, life);
        let end = network.make_end(EndSpec::new(&end_name).on(machine))?;
        network.connect(&end_name, &name(to))?;
        Ok::<_, labrpc_host::NetworkError>(end)
    };
    (0..servers)
        .map(|to| end(to).unwrap_or_else(|error| labrt_host::fail(error.to_string())))
        .collect()
}
