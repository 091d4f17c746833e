//! What a scenario is given, and what surrounds it.

use std::sync::{Arc, OnceLock};

use labrt::thread;
use labrt::time::{Duration, Instant};

use super::applier::Service;
use super::cluster::{Cluster, Net};
use super::lateness;
use super::referee::Referee;
use super::submission::Submission;
use super::violation::{Broken, Violation, seconds};
use crate::report::Figures;

/// How long a test may take, from the making of its cluster on.
///
/// The classic battery looks at it when the test is over; here the test is ended when it is
/// reached, so that a server that never answers is a verdict and not a hang.
const TEST_LIMIT: Duration = Duration::from_secs(120);

/// What a scenario is given: the way to a cluster.
pub(crate) struct Lab {
    submission: Submission,
    referee: Arc<Referee>,
    begun: OnceLock<Begun>,
}

/// A cluster, and the counters when it had started.
struct Begun {
    cluster: Cluster,
    at: Instant,
    calls: u64,
    bytes: u64,
    max_index: u64,
}

impl Lab {
    pub(crate) fn new(submission: Submission, referee: Arc<Referee>) -> Self {
        Self { submission, referee, begun: OnceLock::new() }
    }

    /// A cluster whose service makes no snapshots, all servers connected.
    pub(crate) fn cluster(&self, servers: usize, net: Net) -> Cluster {
        self.begin(servers, net, Service::Plain)
    }

    /// A cluster whose service makes a snapshot every ten entries, all servers connected.
    pub(crate) fn snapshotting_cluster(&self, servers: usize, net: Net) -> Cluster {
        self.begin(servers, net, Service::Snapshotting)
    }

    fn begin(&self, servers: usize, net: Net, service: Service) -> Cluster {
        lateness::watch();
        let referee = self.referee.clone();
        thread::spawn(move || {
            thread::sleep(TEST_LIMIT);
            referee.fail(Violation::new(
                Broken::TestTooLong,
                format!("the test to be over within {}", seconds(TEST_LIMIT)),
                "it is still going on",
            ));
        });
        let cluster = Cluster::new(self.submission, self.referee.clone(), servers, net, service);
        self.begun.get_or_init(|| Begun {
            at: Instant::now(),
            calls: cluster.network().total_count(),
            bytes: cluster.network().total_bytes(),
            max_index: cluster.applied().max_index(),
            cluster: cluster.clone(),
        });
        cluster
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
            commands: begun.cluster.applied().max_index() - begun.max_index,
        };
        for server in begun.cluster.all() {
            if let Some(life) = begun.cluster.life(server) {
                life.ask("kill", |raft| raft.kill());
            }
        }
        network.cleanup();
        // Only now: what happens up to here can still fail the test.
        self.referee.note(|notes| notes.figures = Some(figures));
    }
}
