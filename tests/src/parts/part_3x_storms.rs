//! Part 3X: everything at once, on few keys, so that what goes wrong is seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::{self, JoinHandle};

use crate::harness::{Client, KvCluster, KvSetup, Lab, Net, Partitioner, marker};

/// Goal: eight clients append to, replace and read one key, while partitions change every second.
/// What they were told can be explained by one map. Rules K1, K2, K3, K5.
pub(crate) fn hot_key(lab: &Lab) {
    const CLIENTS: u32 = 8;
    let cluster = lab.kv_cluster(KvSetup {
        servers: 5,
        net: Net::Reliable,
        snapshot_above: Some(1000),
        clients: CLIENTS,
    });
    let clients = Clients::start(&cluster, CLIENTS);
    cluster.sleep_ms(500);
    let partitioner = Partitioner::start(&cluster);
    cluster.sleep_ms(10_000);
    clients.stop();
    partitioner.end();
    cluster.connect_all();
    clients.join();
}

/// Goal: a leader that does not know that it was replaced is asked to read, again and again while
/// the others go on. It never tells what was true once. Rule K1.
pub(crate) fn stale_leader(lab: &Lab) {
    let cluster = lab.kv_cluster(KvSetup {
        servers: 5,
        net: Net::Reliable,
        snapshot_above: None,
        clients: 2,
    });
    let mut writer = cluster.client(&cluster.everyone());
    writer.put("k", "0");
    for round in 1..=3_u32 {
        let leader = cluster.leader_among(&cluster.everyone());
        let others: Vec<_> = cluster.all().filter(|server| *server != leader).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let reader = spawn(&cluster, &[leader], &stop, |client| drop(client.get("k")));
        cluster.divide(&[&[leader], &others]);

        cluster.leader_among(&others);
        cluster.connect_client(writer.number(), &others);
        writer.put("k", &round.to_string());
        cluster.sleep_ms(1000);

        stop.store(true, Ordering::Relaxed);
        cluster.connect_all();
        cluster.connect_client(reader.number, &cluster.everyone());
        cluster.connect_client(writer.number(), &cluster.everyone());
        reader.thread.join().expect("a client ends");
        cluster.check_value(&mut writer, "k", &round.to_string());
    }
}

/// Goal: a minority of the servers is down at any time, never the same for long, over a network
/// that loses messages; snapshots are made all the time. Nothing is lost, nothing is applied
/// twice. Rules K3, K8, N2, N3, N6.
pub(crate) fn restart_storm(lab: &Lab) {
    const CLIENTS: u32 = 4;
    let cluster = lab.kv_cluster(KvSetup {
        servers: 5,
        net: Net::Unreliable,
        snapshot_above: Some(200),
        clients: CLIENTS,
    });
    let clients = Clients::start(&cluster, CLIENTS);
    let mut down = std::collections::VecDeque::new();
    for _ in 0..30 {
        cluster.sleep_ms(cluster.random(100..500));
        let server = cluster.random(cluster.all());
        if !down.contains(&server) {
            cluster.crash(server);
            down.push_back(server);
        }
        if 2 < down.len() {
            start(&cluster, down.pop_front());
        }
    }
    clients.stop();
    while !down.is_empty() {
        start(&cluster, down.pop_front());
    }
    clients.join();
}

fn start(cluster: &KvCluster, server: Option<usize>) {
    if let Some(server) = server {
        cluster.start_server(server);
        cluster.connect_all();
    }
}

/// Clients that append to, replace and read one key until told to stop.
struct Clients {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    fn start(cluster: &KvCluster, count: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |me| {
            let (drawing, mut number) = (cluster.clone(), 0);
            spawn(cluster, &cluster.everyone(), &stop, move |client| {
                // Few puts: what one wipes out before it was read is in an order that nobody saw,
                // and with many such, whether the history is linearizable is not decided.
                match drawing.random(0..100) {
                    0..50 => client.append("hot", &marker(me, number)),
                    50 => client.put("hot", &marker(me, number)),
                    _ => drop(client.get("hot")),
                }
                number += 1;
            })
            .thread
        };
        let threads = (0..count).map(client).collect();
        Self { stop, threads }
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn join(self) {
        self.threads.into_iter().for_each(|client| client.join().expect("a client ends"));
    }
}

/// A client in a thread of its own.
struct Spawned {
    number: usize,
    thread: JoinHandle<()>,
}

/// A client that reaches the servers of `to` and does `operation` until told to stop.
fn spawn(
    cluster: &KvCluster,
    to: &[usize],
    stop: &Arc<AtomicBool>,
    mut operation: impl FnMut(&mut Client) + Send + 'static,
) -> Spawned {
    let mut client = cluster.client(to);
    let (number, stop) = (client.number(), stop.clone());
    let thread = thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            operation(&mut client);
        }
    });
    Spawned { number, thread }
}
