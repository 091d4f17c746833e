//! Making a cluster of key/value servers, and what can be done to them from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use labapi::{Persister, State};
use labrpc_host::{Delay, Network};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Clock, clock, now, random};
use parking_lot::Mutex;
use rand::RngExt;
use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::rngs::ChaCha8Rng;

use super::server::KvLife;
use super::submission::KvSubmission;
use crate::check::wire::{Checkers, Snapshots};
use crate::harness::claims::Claims;
use crate::harness::server::end_name;
use crate::harness::{Broken, LastSeen, Net, Referee, Standing, Violation, seconds, servers};
use crate::linearizability::{History, KvInput, Recorder};

/// How long a message between servers is on its way under the virtual clock, at least and at most.
/// The real clock needs no such model: there, threads take their time.
const LATENCY_MIN: Duration = Duration::from_micros(500);
const LATENCY_MAX: Duration = Duration::from_millis(2);

/// How long one between a client and a server is, for each client that there is at a time, in a
/// reliable network. Clients share the machine that a real cluster runs on, so each of many is
/// slower; this keeps the number of operations near that of the classic battery. An unreliable
/// network delays enough of its own.
const CLIENT_LATENCY_MIN: Duration = Duration::from_millis(1);
const CLIENT_LATENCY_MAX: Duration = Duration::from_millis(4);

/// How long the servers have to elect a leader.
const ELECTION_LIMIT: Duration = Duration::from_secs(5);

/// What a cluster is to be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KvSetup {
    pub(crate) servers: usize,
    pub(crate) net: Net,
    /// From how many bytes of saved Raft state on a snapshot is due.
    pub(crate) snapshot_above: Option<usize>,
    /// How many clients there will be at a time.
    pub(crate) clients: u32,
}

/// The servers of a test. A handle: clones are the same cluster.
#[derive(Clone)]
pub(crate) struct KvCluster {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) submission: KvSubmission,
    /// What all clients asked and were told, and when.
    pub(super) recorder: Recorder<KvInput, String>,
    pub(super) client_count: AtomicUsize,
    /// Operations that are over.
    pub(super) operation_count: AtomicU64,
    pub(super) client_latency: Option<Delay>,
    network: Network,
    checkers: Checkers,
    referee: Arc<Referee>,
    claims: Claims,
    random: Mutex<ChaCha8Rng>,
    snapshot_above: Option<usize>,
    slots: Mutex<Vec<Slot>>,
}

/// Where a server stands, in whatever life.
#[derive(Default)]
struct Slot {
    life: Option<KvLife>,
    /// The number of the present life, or of the last one; the first is 1.
    lives: u32,
    /// What the last life left, while there is no present one.
    saved: Persister,
}

impl KvCluster {
    /// Makes a cluster, starts all servers and connects all of them.
    pub(in crate::harness) fn new(
        submission: KvSubmission,
        referee: Arc<Referee>,
        setup: KvSetup,
    ) -> Self {
        let network = Network::new();
        network.set_reliable(setup.net == Net::Reliable);
        let is_virtual = clock() == Some(Clock::Virtual);
        if is_virtual {
            network.set_latency(Delay::uniform(LATENCY_MIN, LATENCY_MAX));
        }
        let client_latency = (is_virtual && setup.net == Net::Reliable).then(|| {
            Delay::uniform(CLIENT_LATENCY_MIN * setup.clients, CLIENT_LATENCY_MAX * setup.clients)
        });
        referee.note(|notes| notes.servers = vec![LastSeen::default(); setup.servers]);
        // The service makes its snapshots where nobody sees it.
        let checkers =
            Checkers::attach(&network, setup.servers, Snapshots::Hidden, referee.clone());
        referee.ask_checkers(&checkers);
        let cluster = Self {
            shared: Arc::new(Shared {
                submission,
                checkers,
                recorder: Recorder::new(),
                client_count: AtomicUsize::new(0),
                operation_count: AtomicU64::new(0),
                client_latency,
                network,
                referee,
                claims: Claims::default(),
                random: Mutex::new(random::stream("scenario")),
                snapshot_above: setup.snapshot_above,
                slots: Mutex::new((0..setup.servers).map(|_| Slot::default()).collect()),
            }),
        };
        cluster.all().for_each(|server| cluster.start_server(server));
        cluster.connect_all();
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

    /// All of them, in a list.
    pub(crate) fn everyone(&self) -> Vec<usize> {
        self.all().collect()
    }

    pub(crate) fn network(&self) -> &Network {
        &self.shared.network
    }

    pub(crate) fn referee(&self) -> &Referee {
        &self.shared.referee
    }

    /// How many operations of clients are over.
    pub(crate) fn operation_count(&self) -> u64 {
        self.shared.operation_count.load(Ordering::Relaxed)
    }

    /// What all clients asked and were told, and when.
    pub(crate) fn history(&self) -> History<KvInput, String> {
        self.shared.recorder.history()
    }

    /// What happens from now on is not judged.
    pub(in crate::harness) fn close_checkers(&self) {
        self.shared.checkers.close();
    }

    /// Crashes `server`: cuts it off, ends its threads at once, keeps what it has saved. Does
    /// nothing to one that is down.
    pub(crate) fn crash(&self, server: usize) {
        self.link(&[server], &self.everyone(), false);
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
        self.referee().see(server, |seen| seen.standing = Standing::Crashed);
    }

    /// Starts `server` from what its last life saved, after crashing that if it still goes on.
    /// Clients reach it; it is not connected to the other servers.
    pub(crate) fn start_server(&self, server: usize) {
        self.crash(server);
        let (saved, life) = {
            let slot = &mut self.shared.slots.lock()[server];
            slot.lives += 1;
            (slot.saved.copy(), slot.lives)
        };
        self.referee().see(server, |seen| {
            *seen = LastSeen { standing: Standing::CutOff, ..LastSeen::default() };
        });
        let make = (self.shared.submission.make_server, self.network(), &self.shared.checkers);
        let above = self.shared.snapshot_above;
        let life = KvLife::begin(make, server, self.len(), life, saved, above);
        self.shared.slots.lock()[server].life = Some(life);
    }

    /// Connects every server with every other.
    pub(crate) fn connect_all(&self) {
        self.link(&self.everyone(), &self.everyone(), true);
        self.all().for_each(|server| self.stand(server, Standing::Connected));
    }

    /// Connects the servers of each side with each other, and with none of the other side. Clients
    /// reach whom they reached before.
    pub(crate) fn partition(&self, one: &[usize], other: &[usize]) {
        self.divide(&[one, other]);
    }

    /// The same, with any number of sides.
    pub(crate) fn divide(&self, sides: &[&[usize]]) {
        for (number, side) in sides.iter().enumerate() {
            sides[..number].iter().for_each(|other| self.link(side, other, false));
            self.link(side, side, true);
            let majority = self.len() < 2 * side.len();
            let standing = if majority { Standing::Connected } else { Standing::CutOff };
            side.iter().for_each(|server| self.stand(*server, standing));
        }
    }

    fn stand(&self, server: usize, standing: Standing) {
        self.referee().see(server, |seen| {
            if seen.standing != Standing::Crashed {
                seen.standing = standing;
            }
        });
    }

    /// Enables or disables all ends between two groups, both ways.
    fn link(&self, group: &[usize], others: &[usize], enabled: bool) {
        for &one in group {
            for &other in others {
                self.enable(one, other, enabled);
                self.enable(other, one, enabled);
            }
        }
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
    pub(super) fn expect<T>(&self, result: Result<T, labrpc_host::NetworkError>) -> T {
        result.unwrap_or_else(|error| panic!("the harness misused the network: {error}"))
    }

    /// What the Raft of `server` says of itself; `None` if it is down.
    pub(crate) fn state(&self, server: usize) -> Option<State> {
        let state = self.life(server)?.ask("state", |server| server.state())?;
        self.shared.claims.observe(self.referee(), server, state);
        Some(state)
    }

    /// The server of `among` that leads in the highest term. They have five seconds to elect one.
    pub(crate) fn leader_among(&self, among: &[usize]) -> usize {
        self.leader_within(ELECTION_LIMIT, among)
    }

    /// The same with another limit, for an election that not every server can win.
    pub(crate) fn leader_within(&self, limit: Duration, among: &[usize]) -> usize {
        let begin = now();
        while now() - begin < limit {
            let states = among.iter().filter_map(|server| Some((self.state(*server)?, *server)));
            let leaders = states.filter(|(state, _)| state.is_leader);
            if let Some((_, leader)) = leaders.max_by_key(|(state, _)| state.term) {
                return leader;
            }
            self.sleep_ms(20);
        }
        self.referee().fail(Violation::new(
            Broken::NoLeader,
            format!("a leader among {}, within {}", servers(among), seconds(limit)),
            format!("none of them claims to lead at {}", seconds(now())),
        ))
    }

    /// Asks all servers, so that a report can tell of them, and two leaders of a term are found.
    pub(crate) fn look_at_all(&self) {
        for server in self.all() {
            self.state(server);
        }
    }

    /// Tells every server that it is no longer needed.
    pub(crate) fn kill_all(&self) {
        for life in self.all().filter_map(|server| self.life(server)) {
            life.ask("kill", |server| server.kill());
        }
    }

    /// The size of the largest saved Raft state and of the largest saved snapshot of any server,
    /// crashed ones included, in bytes; with the server.
    pub(crate) fn saved_bytes_max(&self, of: impl Fn(&Persister) -> usize) -> (usize, usize) {
        let slots = self.shared.slots.lock();
        let sizes = slots.iter().map(|slot| match &slot.life {
            Some(life) => of(life.persister()),
            None => of(&slot.saved),
        });
        sizes.enumerate().map(|(server, bytes)| (bytes, server)).max().unwrap_or_default()
    }

    fn life(&self, server: usize) -> Option<KvLife> {
        self.shared.slots.lock()[server].life.clone()
    }

    /// Lets the cluster go on alone.
    pub(crate) fn sleep_ms(&self, millis: u64) {
        thread::sleep(Duration::from_millis(millis));
    }

    /// A number of `range`, which the seed decides.
    pub(crate) fn random<T: SampleUniform>(&self, range: impl SampleRange<T>) -> T {
        self.with_random(|random| random.random_range(range))
    }

    /// Draws from what the seed decides.
    pub(crate) fn with_random<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.shared.random.lock())
    }

    /// Whether something happens that does so `of_1000` times in a thousand.
    pub(crate) fn chance(&self, of_1000: u32) -> bool {
        self.random(0..1000) < of_1000
    }
}
