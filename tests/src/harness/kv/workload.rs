//! The scenario that most tests of part 3 are made of: clients that read and write, while servers
//! are cut off, crash and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::{self, JoinHandle};

use super::client::Client;
use super::cluster::{KvCluster, KvSetup};
use super::partitioner::Partitioner;
use crate::harness::{Lab, Net};

/// How often clients run for five seconds.
const ITERATIONS: u32 = 3;

/// Which keys a client works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// One of its own, so that it knows what to find there.
    Own,
    /// Any of as many as there are clients.
    Random,
}

/// What makes the tests of the classic `GenericTest` differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) clients: u32,
    pub(crate) servers: usize,
    pub(crate) net: Net,
    /// All servers crash after each iteration.
    pub(crate) crashes: bool,
    pub(crate) partitions: bool,
    pub(crate) snapshot_above: Option<usize>,
    pub(crate) keys: Keys,
}

impl Workload {
    /// One client of five servers in a reliable network, on a key of its own; nothing goes wrong,
    /// and no snapshots are made.
    pub(crate) const BASIC: Self = Self {
        clients: 1,
        servers: 5,
        net: Net::Reliable,
        crashes: false,
        partitions: false,
        snapshot_above: None,
        keys: Keys::Own,
    };

    /// Runs it: three times five seconds of operations. What each client appended must be found,
    /// once and in order; what was saved must be small; and all that the clients were told must be
    /// explained by one map (which is asked at the end of every test).
    pub(crate) fn run(self, lab: &Lab) {
        let Self { clients, servers, net, snapshot_above, .. } = self;
        let cluster = lab.kv_cluster(KvSetup { servers, net, snapshot_above, clients });
        let mut main = cluster.client(&cluster.everyone());
        for _ in 0..ITERATIONS {
            self.iterate(&cluster, &mut main);
        }
    }

    fn iterate(&self, cluster: &KvCluster, main: &mut Client) {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> =
            (0..self.clients).map(|me| self.spawn_client(cluster, me, &stop)).collect();
        let partitioner = self.partitions.then(|| {
            cluster.sleep_ms(1000); // Some operations before the first partition.
            Partitioner::start(cluster)
        });

        cluster.sleep_ms(5000);
        stop.store(true, Ordering::Relaxed);

        if let Some(partitioner) = partitioner {
            partitioner.end();
            cluster.connect_all();
            cluster.sleep_ms(1000);
        }
        if self.crashes {
            cluster.look_at_all();
            cluster.all().for_each(|server| cluster.crash(server));
            cluster.sleep_ms(1000);
            cluster.all().for_each(|server| cluster.start_server(server));
            cluster.connect_all();
        }

        for (me, client) in clients.into_iter().enumerate() {
            let appended = client.join().expect("a client ends");
            match self.keys {
                Keys::Own => cluster.check_appended(main, &me.to_string(), me as u32, appended),
                Keys::Random => drop(main.get(&me.to_string())),
            }
        }
        match self.snapshot_above {
            Some(above) => cluster.check_log_bytes(above),
            None => cluster.check_no_snapshot(),
        }
    }

    /// A client that reads and writes until told to stop; how many writes it has made.
    fn spawn_client(
        &self,
        cluster: &KvCluster,
        me: u32,
        stop: &Arc<AtomicBool>,
    ) -> JoinHandle<u32> {
        let (keys, clients) = (self.keys, self.clients);
        let (cluster, stop) = (cluster.clone(), stop.clone());
        thread::spawn(move || {
            let mut client = cluster.client(&cluster.everyone());
            match keys {
                Keys::Own => work_on_own_key(&cluster, &mut client, me, &stop),
                Keys::Random => work_on_random_keys(&cluster, &mut client, me, clients, &stop),
            }
        })
    }
}

/// Appends and reads, half and half. What it reads must be what it wrote.
fn work_on_own_key(cluster: &KvCluster, client: &mut Client, me: u32, stop: &AtomicBool) -> u32 {
    let key = me.to_string();
    let (mut expected, mut writes) = (String::new(), 0);
    client.put(&key, "");
    while !stop.load(Ordering::Relaxed) {
        if cluster.chance(500) {
            let value = marker(me, writes);
            client.append(&key, &value);
            expected.push_str(&value);
            writes += 1;
        } else {
            cluster.check_value(client, &key, &expected);
        }
    }
    writes
}

/// Appends to any key in half of the cases; otherwise replaces its value in a tenth, and reads it.
fn work_on_random_keys(
    cluster: &KvCluster,
    client: &mut Client,
    me: u32,
    keys: u32,
    stop: &AtomicBool,
) -> u32 {
    let mut writes = 0;
    while !stop.load(Ordering::Relaxed) {
        let key = cluster.random(0..keys).to_string();
        let value = marker(me, writes);
        if cluster.chance(500) {
            client.append(&key, &value);
            writes += 1;
        } else if cluster.chance(100) {
            client.put(&key, &value);
            writes += 1;
        } else {
            client.get(&key);
        }
    }
    writes
}

/// What the `number`-th write of client `me` adds.
pub(crate) fn marker(me: u32, number: u32) -> String {
    format!("x {me} {number} y")
}

/// Whether the [`marker`]s of client `me` for the numbers below `count` are all in `value`, each
/// once, in order. It looks at the value but once: whoever needs to know what is wrong asks again.
pub(crate) fn has_in_order(value: &str, me: u32, count: u32) -> bool {
    let mut next = 0;
    for rest in value.split(&format!("x {me} ")).skip(1) {
        let Some((number, _)) = rest.split_once(" y") else { continue };
        if next < count && number == next.to_string() {
            next += 1;
        } else if number.parse().is_ok_and(|number: u32| number < count) {
            return false;
        }
    }
    next == count
}

/// What was appended to a value by [`marker`]s, in order.
pub(crate) fn markers(value: &str) -> impl Iterator<Item = &str> {
    value.split_inclusive(" y").filter(|part| part.starts_with("x "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_in_order_once_and_whole() {
        let in_order = |value: &str| has_in_order(value, 1, 3);
        assert!(in_order("x 1 0 yx 1 1 yx 1 2 y"));
        assert!(in_order("ax 1 0 y x 11 1 y x 1 1 yx 1 2 yx 1 3 y"), "others stand between");
        assert!(!in_order("x 1 0 yx 1 2 y"), "one is missing");
        assert!(!in_order("x 1 0 yx 1 2 yx 1 1 y"), "out of order");
        assert!(!in_order("x 1 0 yx 1 1 yx 1 2 yx 1 0 y"), "one stands twice");
        assert!(!in_order("x 1 0 yx 1 1 yx 1 2"), "the last is cut short");
    }
}
