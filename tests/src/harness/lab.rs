//! What a scenario is given, and what surrounds it.

use std::sync::{Arc, OnceLock};

use labrpc_host::Network;
use labrt::thread;
use labrt::time::{Duration, Instant};

use super::applier::Service;
use super::broken::Broken;
use super::cluster::Net;
use super::kv::{KvCluster, KvSetup};
use super::lateness;
use super::rafts::Cluster;
use super::referee::Referee;
use super::submission::Submission;
use super::violation::{Violation, seconds};
use crate::edition::Edition;
use crate::report::Figures;

/// How long a test may take, from the making of its cluster on.
///
/// The classic battery looks at it when the test is over; here the test is ended when it is
/// reached, so that a server that never answers is a verdict and not a hang.
const TEST_LIMIT: Duration = Duration::from_secs(120);

/// What a scenario is given: the way to a cluster.
pub(crate) struct Lab {
    submission: Submission,
    edition: Edition,
    referee: Arc<Referee>,
    begun: Arc<OnceLock<Begun>>,
}

/// A cluster, and the counters when it had started.
struct Begun {
    cluster: AnyCluster,
    at: Instant,
    calls: u64,
    bytes: u64,
    max_index: u64,
}

enum AnyCluster {
    Raft(Cluster),
    Kv(KvCluster),
}

impl Lab {
    pub(crate) fn new(submission: Submission, edition: Edition, referee: Arc<Referee>) -> Self {
        Self { submission, edition, referee, begun: Arc::default() }
    }

    /// Which edition of the scenario is asked for.
    pub(crate) fn edition(&self) -> Edition {
        self.edition
    }

    /// Who is told what is found broken.
    pub(crate) fn referee(&self) -> &Referee {
        &self.referee
    }

    /// A cluster whose service makes no snapshots, all servers connected.
    pub(crate) fn cluster(&self, servers: usize, net: Net) -> Cluster {
        self.begin(servers, net, Service::Plain)
    }

    /// A cluster whose service makes a snapshot every ten entries, all servers connected.
    pub(crate) fn snapshotting_cluster(&self, servers: usize, net: Net) -> Cluster {
        self.begin(servers, net, Service::Snapshotting)
    }

    /// A cluster of key/value servers, all connected.
    pub(crate) fn kv_cluster(&self, setup: KvSetup) -> KvCluster {
        let Some(submission) = self.submission.kv else {
            labrt_host::fail(
                "this battery was built without a key/value service\n\
                 `Submission::with_kv` in tests/tests/battery.rs binds one",
            )
        };
        self.limit_time();
        let cluster = KvCluster::new(submission, self.referee.clone(), setup);
        self.note_begin(AnyCluster::Kv(cluster.clone()));
        cluster
    }

    fn begin(&self, servers: usize, net: Net, service: Service) -> Cluster {
        self.limit_time();
        let cluster = Cluster::new(self.submission, self.referee.clone(), servers, net, service);
        if self.edition == Edition::Course2025 {
            cluster.applied().forget_earlier_lives();
        }
        self.note_begin(AnyCluster::Raft(cluster.clone()));
        cluster
    }

    fn note_begin(&self, cluster: AnyCluster) {
        self.begun.get_or_init(|| Begun {
            at: Instant::now(),
            calls: cluster.network().total_count(),
            bytes: cluster.network().total_bytes(),
            max_index: cluster.max_index(),
            cluster,
        });
    }

    /// From now on the test has its time, and the machine's lateness is watched.
    fn limit_time(&self) {
        lateness::watch(self.referee.looks().clone());
        let referee = self.referee.clone();
        let begun = self.begun.clone();
        thread::spawn(move || {
            thread::sleep(TEST_LIMIT);
            if let Some(Begun { cluster: AnyCluster::Kv(cluster), .. }) = begun.get() {
                cluster.check_none_hangs();
            }
            let too_long = Violation::new(
                Broken::TestTooLong,
                format!("the test to be over within {}", seconds(TEST_LIMIT)),
                "it is still going on",
            );
            referee.fail(too_long.within(TEST_LIMIT));
        });
    }

    /// The scenario is over: takes the figures, and ends the cluster.
    pub(crate) fn end(&self) {
        let Some(begun) = self.begun.get() else { return };
        let network = begun.cluster.network();
        let figures = Figures {
            elapsed: begun.at.elapsed(),
            servers: begun.cluster.len(),
            calls: network.total_count() - begun.calls,
            bytes: network.total_bytes() - begun.bytes,
            commands: begun.cluster.max_index() - begun.max_index,
            operations: begun.cluster.operations(),
        };
        begun.cluster.check_at_end();
        begun.cluster.close_checkers();
        begun.cluster.kill_all();
        network.cleanup();
        // Only now: what happens up to here can still fail the test.
        self.referee.note(|notes| notes.figures = Some(figures));
    }
}

impl AnyCluster {
    fn network(&self) -> &Network {
        match self {
            Self::Raft(cluster) => cluster.network(),
            Self::Kv(cluster) => cluster.network(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Raft(cluster) => cluster.len(),
            Self::Kv(cluster) => cluster.len(),
        }
    }

    /// The highest index at which a command was applied, as far as the harness sees it.
    fn max_index(&self) -> u64 {
        match self {
            Self::Raft(cluster) => cluster.applied().max_index(),
            Self::Kv(_) => 0,
        }
    }

    fn operations(&self) -> Option<u64> {
        match self {
            Self::Raft(_) => None,
            Self::Kv(cluster) => Some(cluster.operation_count()),
        }
    }

    /// What every test asks of every cluster, besides its own questions.
    fn check_at_end(&self) {
        match self {
            Self::Raft(_) => {}
            Self::Kv(cluster) => cluster.check_linearizable(),
        }
    }

    /// Servers that are being killed may answer what they like.
    fn close_checkers(&self) {
        match self {
            Self::Raft(cluster) => cluster.close_checkers(),
            Self::Kv(cluster) => cluster.close_checkers(),
        }
    }

    fn kill_all(&self) {
        match self {
            Self::Raft(cluster) => cluster.kill_all(),
            Self::Kv(cluster) => cluster.kill_all(),
        }
    }
}
