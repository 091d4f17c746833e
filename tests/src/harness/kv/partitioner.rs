//! Partitions that come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::{self, JoinHandle};

use super::cluster::KvCluster;

/// Divides the servers anew every 1.0 to 1.2 s, each going to either side by the toss of a coin,
/// until told to stop.
pub(crate) struct Partitioner {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Partitioner {
    pub(crate) fn start(cluster: &KvCluster) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (cluster, stopped) = (cluster.clone(), stop.clone());
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let (one, other): (Vec<_>, Vec<_>) =
                    cluster.all().partition(|_| cluster.chance(500));
                cluster.partition(&one, &other);
                cluster.sleep_ms(cluster.random(1000..1200));
                cluster.look_at_all();
            }
        });
        Self { stop, thread }
    }

    /// Has it stop, and waits until it has. The last partition stays.
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a partitioner ends");
    }
}

impl KvCluster {
    /// Two sides: a majority without the leader, and the others with it. Of several that claim to
    /// lead, it is the one of the highest term.
    pub(crate) fn majority_without_leader(&self) -> (Vec<usize>, Vec<usize>) {
        let states = self.all().filter_map(|server| Some((self.state(server)?, server)));
        let leaders = states.filter(|(state, _)| state.is_leader);
        let leader = leaders.max_by_key(|(state, _)| state.term).map_or(0, |(_, server)| server);
        let mut majority: Vec<_> = self.all().filter(|server| *server != leader).collect();
        let mut minority = majority.split_off(self.len() / 2 + 1);
        minority.push(leader);
        (majority, minority)
    }
}
