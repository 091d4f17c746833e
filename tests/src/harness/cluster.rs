//! Making a cluster, and what can be done to its servers from outside.

use std::sync::Arc;

use labapi::Persister;
use labrpc_host::{Delay, Network};
use labrt::time::Duration;
use labrt_host::{Clock, clock, random};
use parking_lot::Mutex;
use rand::rngs::ChaCha8Rng;

use super::applied::Applied;
use super::applier::Service;
use super::claims::Claims;
use super::referee::{LastSeen, Referee, Standing};
use super::server::{Life, Site, end_name};
use super::submission::Submission;
use crate::check::wire::{Checkers, Snapshots};

/// How long a message is on its way under the virtual clock, at least and at most. The real clock
/// needs no such model: there, threads take their time. Without it a command would be committed
/// in the moment in which it is given, and a client that waits for nothing would never let time
/// pass.
const LATENCY_MIN: Duration = Duration::from_micros(100);
const LATENCY_MAX: Duration = Duration::from_millis(2);

/// What the network between the servers is like. Long delays are always on: a call that reaches
/// nobody fails after up to 7 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    /// No message is lost; each arrives as soon as the machine, or the model of one, allows.
    Reliable,
    /// Requests wait up to 26 ms; a tenth of the requests and a tenth of the replies are lost.
    Unreliable,
}

/// The servers of a test. A handle: clones are the same cluster.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) site: Site,
    pub(super) random: Mutex<ChaCha8Rng>,
    pub(super) claims: Claims,
    slots: Mutex<Vec<Slot>>,
}

/// Where a server stands, in whatever life.
#[derive(Default)]
struct Slot {
    life: Option<Life>,
    /// The number of the present life, or of the last one; the first is 1.
    lives: u32,
    /// What the last life left, while there is no present one.
    saved: Persister,
    connected: bool,
}

impl Cluster {
    /// Makes a cluster, starts all servers and connects all of them.
    pub(super) fn new(
        submission: Submission,
        referee: Arc<Referee>,
        servers: usize,
        net: Net,
        service: Service,
    ) -> Self {
        let network = Network::new();
        network.set_reliable(net == Net::Reliable);
        network.set_long_delays(true);
        if clock() == Some(Clock::Virtual) {
            network.set_latency(Delay::uniform(LATENCY_MIN, LATENCY_MAX));
        }
        referee.note(|notes| notes.servers = vec![LastSeen::default(); servers]);
        let applied = Arc::new(Applied::new(servers));
        let snapshots = match service {
            Service::Plain => Snapshots::Never,
            Service::Snapshotting => Snapshots::Told,
        };
        let checkers = Checkers::attach(&network, servers, snapshots, referee.clone());
        referee.ask_checkers(&checkers);
        let cluster = Self {
            shared: Arc::new(Shared {
                site: Site { submission, network, service, applied, checkers, referee },
                random: Mutex::new(random::stream("scenario")),
                claims: Claims::default(),
                slots: Mutex::new((0..servers).map(|_| Slot::default()).collect()),
            }),
        };
        cluster.all().for_each(|server| cluster.start_server(server));
        cluster.all().for_each(|server| cluster.connect(server));
        cluster
    }

    /// How many servers there are, whatever became of them.
    pub(crate) fn len(&self) -> usize {
        self.shared.slots.lock().len()
    }

    /// The numbers of all servers.
    pub(crate) fn all(&self) -> std::ops::Range<usize> {
        0..self.len()
    }

    /// The server `steps` after `server`, round and round.
    pub(crate) fn after(&self, server: usize, steps: usize) -> usize {
        (server + steps) % self.len()
    }

    pub(crate) fn network(&self) -> &Network {
        &self.shared.site.network
    }

    pub(crate) fn referee(&self) -> &Referee {
        &self.shared.site.referee
    }

    /// What happens from now on is not judged.
    pub(crate) fn close_checkers(&self) {
        self.shared.site.checkers.close();
    }

    /// Crashes `server`: cuts it off, ends its threads at once, keeps what it has saved. Does
    /// nothing to one that is down.
    pub(crate) fn crash(&self, server: usize) {
        self.disconnect(server);
        let (life, number) = {
            let slot = &mut self.shared.slots.lock()[server];
            (slot.life.take(), slot.lives)
        };
        let Some(life) = life else { return };
        let saved = life.crash();
        self.shared.slots.lock()[server].saved = saved;
        for to in self.all() {
            self.expect(self.network().delete_end(&end_name(server, to, number)));
        }
        self.shared.site.referee.see(server, |seen| seen.standing = Standing::Crashed);
    }

    /// Starts `server` from what its last life saved, after crashing that if it still goes on.
    /// It is not connected.
    pub(crate) fn start_server(&self, server: usize) {
        self.crash(server);
        let (saved, life) = {
            let slot = &mut self.shared.slots.lock()[server];
            slot.lives += 1;
            (slot.saved.copy(), slot.lives)
        };
        let referee = &self.shared.site.referee;
        referee.see(server, |seen| {
            *seen = LastSeen { standing: Standing::CutOff, ..LastSeen::default() };
        });
        let life = Life::begin(&self.shared.site, server, self.len(), life, saved);
        self.shared.slots.lock()[server].life = Some(life);
    }

    /// Starts `server` as [`Cluster::start_server`] does, and connects it.
    pub(crate) fn restart(&self, server: usize) {
        self.start_server(server);
        self.connect(server);
    }

    /// Connects `server` with all servers that are connected, both ways.
    pub(crate) fn connect(&self, server: usize) {
        self.shared.slots.lock()[server].connected = true;
        for other in self.connected() {
            self.enable(server, other, true);
            self.enable(other, server, true);
        }
        self.shared.site.referee.see(server, |seen| seen.standing = Standing::Connected);
    }

    /// Cuts `server` off from all servers, both ways. It is not told.
    pub(crate) fn disconnect(&self, server: usize) {
        self.shared.slots.lock()[server].connected = false;
        for other in self.all() {
            self.enable(server, other, false);
            self.enable(other, server, false);
        }
        self.shared.site.referee.see(server, |seen| {
            if seen.standing == Standing::Connected {
                seen.standing = Standing::CutOff;
            }
        });
    }

    fn enable(&self, from: usize, to: usize, enabled: bool) {
        let life = {
            let slot = &self.shared.slots.lock()[from];
            slot.life.is_some().then_some(slot.lives)
        };
        if let Some(life) = life {
            self.expect(self.network().enable(&end_name(from, to, life), enabled));
        }
    }

    /// A misuse of the network by the harness is a mistake of the harness.
    fn expect<T>(&self, result: Result<T, labrpc_host::NetworkError>) -> T {
        result.unwrap_or_else(|error| panic!("the harness misused the network: {error}"))
    }

    /// The servers that are connected.
    pub(crate) fn connected(&self) -> Vec<usize> {
        self.all().filter(|server| self.is_connected(*server)).collect()
    }

    pub(crate) fn is_connected(&self, server: usize) -> bool {
        self.shared.slots.lock()[server].connected
    }

    pub(crate) fn is_up(&self, server: usize) -> bool {
        self.shared.slots.lock()[server].life.is_some()
    }

    /// Tells every server that it is no longer needed.
    pub(crate) fn kill_all(&self) {
        for life in self.all().filter_map(|server| self.life(server)) {
            life.ask("kill", |raft| raft.kill());
        }
    }

    /// The present life of `server`.
    pub(super) fn life(&self, server: usize) -> Option<Life> {
        self.shared.slots.lock()[server].life.clone()
    }

    /// The size of the largest saved Raft state of any server, crashed ones included; in bytes.
    pub(crate) fn saved_state_bytes_max(&self) -> (usize, usize) {
        let slots = self.shared.slots.lock();
        let sizes = slots.iter().map(|slot| match &slot.life {
            Some(life) => life.raft_state_bytes(),
            None => slot.saved.raft_state_bytes(),
        });
        sizes.enumerate().map(|(server, bytes)| (bytes, server)).max().unwrap_or_default()
    }
}
