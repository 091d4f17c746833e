//! Making a cluster of key/value servers, and what can be done to them from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use labapi::State;
use labrpc_host::Delay;
use labrt::channel::bounded;
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Clock, clock, now};

use super::submission::{KvSubmission, Server};
use crate::check::wire::Snapshots;
use crate::harness::cluster::{ClusterOf, network};
use crate::harness::server::Made;
use crate::harness::{Broken, Net, Referee, Standing, Violation, seconds, servers};
use crate::linearizability::{History, KvInput, Recorder};

/// How long a message between servers is on its way under the virtual clock, at least and at most.
const LATENCY_MIN: Duration = Duration::from_micros(500);
const LATENCY_MAX: Duration = Duration::from_millis(2);

/// What one between a client and a server takes of that, for each client that there is at a time,
/// in a reliable network. Clients share the machine that a real cluster runs on, so each of many
/// is slower; and a real server that never cuts its log saves a longer one with every operation.
/// So the number of operations is near that of the classic battery. An unreliable network delays
/// enough of its own.
const CLIENT_SHARE: u32 = 1;
const CLIENT_SHARE_WITHOUT_SNAPSHOTS: u32 = 4;

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

/// The key/value servers of a test, and their clients.
pub(crate) type KvCluster = ClusterOf<dyn Server, Kv>;

/// What only a cluster of key/value servers has.
pub(crate) struct Kv {
    pub(super) submission: KvSubmission,
    /// What all clients asked and were told, and when.
    pub(super) recorder: Recorder<KvInput, String>,
    pub(super) client_count: AtomicUsize,
    /// Operations that are over.
    pub(super) operation_count: AtomicU64,
    pub(super) client_latency: Option<Delay>,
    snapshot_above: Option<usize>,
}

impl KvCluster {
    /// Makes a cluster, starts all servers and connects all of them.
    pub(in crate::harness) fn new(
        submission: KvSubmission,
        referee: Arc<Referee>,
        setup: KvSetup,
    ) -> Self {
        let network = network(setup.net, Delay::uniform(LATENCY_MIN, LATENCY_MAX));
        let is_modelled = clock() == Some(Clock::Virtual) && setup.net == Net::Reliable;
        let client_latency = is_modelled.then(|| {
            let share = match setup.snapshot_above {
                Some(_) => CLIENT_SHARE,
                None => CLIENT_SHARE_WITHOUT_SNAPSHOTS,
            };
            let times = share * setup.clients;
            Delay::uniform(LATENCY_MIN * times, LATENCY_MAX * times)
        });
        let kv = Kv {
            submission,
            recorder: Recorder::new(),
            client_count: AtomicUsize::new(0),
            operation_count: AtomicU64::new(0),
            client_latency,
            snapshot_above: setup.snapshot_above,
        };
        // The service makes its snapshots where nobody sees it.
        let cluster = Self::of(kv, setup.servers, network, Snapshots::Hidden, referee);
        cluster.all().for_each(|server| cluster.start_server(server));
        cluster.connect_all();
        cluster
    }

    /// Whether its service is to make snapshots.
    pub(crate) fn makes_snapshots(&self) -> bool {
        self.shared.kind.snapshot_above.is_some()
    }

    /// How many operations of clients are over.
    pub(crate) fn operation_count(&self) -> u64 {
        self.shared.kind.operation_count.load(Ordering::Relaxed)
    }

    /// What all clients asked and were told, and when.
    pub(crate) fn history(&self) -> History<KvInput, String> {
        self.shared.kind.recorder.history()
    }

    /// Crashes `server`: cuts it off, ends its threads at once, keeps what it has saved. Does
    /// nothing to one that is down.
    pub(crate) fn crash(&self, server: usize) {
        self.link(&[server], &self.everyone(), false);
        self.end_life(server);
    }

    /// Starts `server` from what its last life saved, after crashing that if it still goes on.
    /// Clients reach it; it is not connected to the other servers.
    pub(crate) fn start_server(&self, server: usize) {
        self.crash(server);
        let (make_server, snapshot_above) =
            (self.shared.kind.submission.make_server, self.shared.kind.snapshot_above);
        self.begin_life(server, |_, _| {
            move |peers, persister| {
                let made = make_server(peers, server, persister, snapshot_above);
                let (known, services) = (Arc::downgrade(&made), made.services());
                thread::Builder::new()
                    .name("owner".to_owned())
                    .spawn(move || own(&made))
                    .expect("a run gives threads");
                Made { server: known, services }
            }
        });
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

    /// What the Raft of `server` says of itself; `None` if it is down.
    pub(crate) fn state(&self, server: usize) -> Option<State> {
        let state = self.life(server)?.ask("state", |server| server.state())?;
        self.observe(server, state);
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
        let violation = Violation::new(
            Broken::NoLeader,
            format!("a leader among {}, within {}", servers(among), seconds(limit)),
            format!("none of them claims to lead at {}", seconds(now())),
        );
        self.referee().fail(violation.within(limit))
    }

    /// Asks all servers, so that a report can tell of them, and two leaders of a term are found.
    pub(crate) fn look_at_all(&self) {
        for server in self.all() {
            self.state(server);
        }
    }

    /// Tells every server that it is no longer needed.
    pub(in crate::harness) fn kill_all(&self) {
        self.tell_all("kill", |server| server.kill());
    }
}

/// Keeps a server alive until its machine ends.
fn own(_server: &Arc<dyn Server>) {
    let (_kept, never) = bounded::<()>(0);
    let _ = never.recv();
}
