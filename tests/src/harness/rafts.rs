//! A cluster of Rafts, each below a service of the harness: making it, and what can be done to its
//! servers from outside.

use std::sync::Arc;

use labrpc_host::Delay;
use labrt::channel::bounded;
use labrt::thread;
use labrt::time::Duration;
use parking_lot::Mutex;

use super::applied::Applied;
use super::applier::{Applier, Service};
use super::cluster::{ClusterOf, Net, Shared, network};
use super::referee::{Referee, Standing};
use super::server::Made;
use super::submission::{RaftServer, Submission};
use crate::check::wire::Snapshots;

/// How long a message is on its way under the virtual clock, at least and at most. Without it a
/// command would be committed in the moment in which it is given, and a client that waits for
/// nothing would never let time pass.
const LATENCY_MIN: Duration = Duration::from_micros(100);
const LATENCY_MAX: Duration = Duration::from_millis(2);

/// The Rafts of a test.
pub(crate) type Cluster = ClusterOf<dyn RaftServer, Rafts>;

/// What only a cluster of Rafts has.
pub(crate) struct Rafts {
    submission: Submission,
    service: Service,
    applied: Arc<Applied>,
    /// Which servers are to hear each other, crashed ones included.
    connected: Mutex<Vec<bool>>,
}

impl Cluster {
    /// Makes a cluster, starts all servers and connects all of them. Long delays are on: a call
    /// that reaches nobody fails after up to 7 s.
    pub(super) fn new(
        submission: Submission,
        referee: Arc<Referee>,
        servers: usize,
        net: Net,
        service: Service,
    ) -> Self {
        let network = network(net, Delay::uniform(LATENCY_MIN, LATENCY_MAX));
        network.set_long_delays(true);
        let snapshots = match service {
            Service::Plain => Snapshots::Never,
            Service::Snapshotting => Snapshots::Told,
        };
        let applied = Arc::new(Applied::new(servers));
        let connected = Mutex::new(vec![false; servers]);
        let rafts = Rafts { submission, service, applied, connected };
        let cluster = Self::of(rafts, servers, network, snapshots, referee);
        cluster.all().for_each(|server| cluster.start_server(server));
        cluster.all().for_each(|server| cluster.connect(server));
        cluster
    }

    /// The server `steps` after `server`, round and round.
    pub(crate) fn after(&self, server: usize, steps: usize) -> usize {
        (server + steps) % self.len()
    }

    /// What the service above each server was delivered.
    pub(crate) fn applied(&self) -> &Arc<Applied> {
        &self.shared.kind.applied
    }

    /// Crashes `server`: cuts it off, ends its threads at once, keeps what it has saved. Does
    /// nothing to one that is down.
    pub(crate) fn crash(&self, server: usize) {
        self.disconnect(server);
        self.end_life(server);
    }

    /// Starts `server` from what its last life saved, after crashing that if it still goes on.
    /// It is not connected.
    pub(crate) fn start_server(&self, server: usize) {
        self.crash(server);
        self.begin_life(server, |life, saved| {
            let begun = self.applied().begin_life(server, life, &saved.snapshot());
            begun.unwrap_or_else(|violation| self.referee().fail(violation));
            let Shared { kind, checkers, referee, .. } = &*self.shared;
            let (make_raft, service) = (kind.submission.make_raft, kind.service);
            let (checkers, referee) = (checkers.clone(), referee.clone());
            let applied = kind.applied.clone();
            move |peers, persister| {
                let (apply, deliveries) = bounded(0);
                let raft = make_raft(peers, server, persister, apply);
                let made = Made { server: Arc::downgrade(&raft), services: raft.services() };
                let applier =
                    Applier { server, life, service, raft, deliveries, applied, checkers, referee };
                thread::Builder::new()
                    .name("service".to_owned())
                    .spawn(move || applier.run())
                    .expect("a run gives threads");
                made
            }
        });
    }

    /// Starts `server` as [`Cluster::start_server`] does, and connects it.
    pub(crate) fn restart(&self, server: usize) {
        self.start_server(server);
        self.connect(server);
    }

    /// Connects `server` with all servers that are connected, both ways.
    pub(crate) fn connect(&self, server: usize) {
        self.shared.kind.connected.lock()[server] = true;
        self.link(&[server], &self.connected(), true);
        self.referee().see(server, |seen| seen.standing = Standing::Connected);
    }

    /// Cuts `server` off from all servers, both ways. It is not told.
    pub(crate) fn disconnect(&self, server: usize) {
        self.shared.kind.connected.lock()[server] = false;
        self.link(&[server], &self.everyone(), false);
        self.referee().see(server, |seen| {
            if seen.standing == Standing::Connected {
                seen.standing = Standing::CutOff;
            }
        });
    }

    /// The servers that are connected.
    pub(crate) fn connected(&self) -> Vec<usize> {
        self.all().filter(|server| self.is_connected(*server)).collect()
    }

    pub(crate) fn is_connected(&self, server: usize) -> bool {
        self.shared.kind.connected.lock()[server]
    }

    /// Tells every server that it is no longer needed.
    pub(crate) fn kill_all(&self) {
        self.tell_all("kill", |raft| raft.kill());
    }
}
