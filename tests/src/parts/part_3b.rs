//! Part 3B: a key/value service with snapshots.

use super::part_3a::check_speed;
use crate::harness::{Keys, KvSetup, Lab, Net, Workload};

/// From how many bytes of saved Raft state on a snapshot is due.
const SNAPSHOT_ABOVE: usize = 1000;

/// Five clients of servers that make snapshots.
const SNAPSHOTS: Workload =
    Workload { clients: 5, snapshot_above: Some(SNAPSHOT_ABOVE), ..Workload::BASIC };

const THREE_SERVERS: KvSetup =
    KvSetup { servers: 3, net: Net::Reliable, snapshot_above: Some(SNAPSHOT_ABOVE), clients: 1 };

/// Goal: a server that was away gets a snapshot, and serves from it. Rules K8, K3, N6.
pub(crate) fn snapshot_rpc(lab: &Lab) {
    let cluster = lab.kv_cluster(THREE_SERVERS);
    let mut main = cluster.client(&cluster.everyone());
    main.put("a", "A");
    cluster.check_value(&mut main, "a", "A");

    // Many operations that one server misses.
    cluster.partition(&[0, 1], &[2]);
    {
        let mut client = cluster.client(&[0, 1]);
        (0..50).for_each(|number| client.put(&number.to_string(), &number.to_string()));
        cluster.sleep_ms(1000);
        client.put("b", "B");
    }
    cluster.check_log_bytes(SNAPSHOT_ABOVE);

    // It must catch up to be of use, and only a snapshot holds what it missed.
    cluster.partition(&[0, 2], &[1]);
    {
        let mut client = cluster.client(&[0, 2]);
        client.put("c", "C");
        client.put("d", "D");
        for (key, value) in [("a", "A"), ("b", "B"), ("1", "1"), ("49", "49")] {
            cluster.check_value(&mut client, key, value);
        }
    }

    cluster.partition(&[0, 1, 2], &[]);
    main.put("e", "E");
    for (key, value) in [("c", "C"), ("e", "E"), ("1", "1")] {
        cluster.check_value(&mut main, key, value);
    }
}

/// Goal: eight hundred operations on one key leave a small log and a small snapshot.
/// Rules K6, K8, N10.
pub(crate) fn snapshot_size(lab: &Lab) {
    const SNAPSHOT_BYTES_MAX: usize = 500;
    let cluster = lab.kv_cluster(THREE_SERVERS);
    let mut client = cluster.client(&cluster.everyone());
    for _ in 0..200 {
        client.put("x", "0");
        cluster.check_value(&mut client, "x", "0");
        client.put("x", "1");
        cluster.check_value(&mut client, "x", "1");
    }
    cluster.check_log_bytes(SNAPSHOT_ABOVE);
    cluster.check_snapshot_bytes(SNAPSHOT_BYTES_MAX, "one key and one client");
}

/// Goal: snapshots do not slow operations down. Rules K10, K8.
pub(crate) fn speed(lab: &Lab) {
    check_speed(lab, Some(SNAPSHOT_ABOVE));
}

/// Goal: all servers crash, and start again from their snapshots. Rules K8, K3, N2, N3.
pub(crate) fn snapshot_recover(lab: &Lab) {
    Workload { clients: 1, crashes: true, ..SNAPSHOTS }.run(lab);
}

/// Goal: the same with twenty clients. Rules K8, K3, K6, N2, N3.
pub(crate) fn snapshot_recover_many_clients(lab: &Lab) {
    Workload { clients: 20, crashes: true, ..SNAPSHOTS }.run(lab);
}

/// Goal: five clients over a network that loses messages. Rules K3, K8, N6.
pub(crate) fn snapshot_unreliable(lab: &Lab) {
    Workload { net: Net::Unreliable, ..SNAPSHOTS }.run(lab);
}

/// Goal: the same, and all servers crash. Rules K3, K8, N2, N3.
pub(crate) fn snapshot_unreliable_recover(lab: &Lab) {
    Workload { net: Net::Unreliable, crashes: true, ..SNAPSHOTS }.run(lab);
}

/// Goal: the same, with partitions before each crash. Rules K2, K3, K4, K8, N6.
pub(crate) fn snapshot_unreliable_recover_concurrent_partition(lab: &Lab) {
    Workload { net: Net::Unreliable, crashes: true, partitions: true, ..SNAPSHOTS }.run(lab);
}

/// Goal: all of it at once, with fifteen clients of seven servers on fifteen keys; what they were
/// told can be explained by one map. Rules K1, K2, K3, K4, K8.
pub(crate) fn snapshot_unreliable_recover_concurrent_partition_linearizable(lab: &Lab) {
    Workload {
        clients: 15,
        servers: 7,
        net: Net::Unreliable,
        crashes: true,
        partitions: true,
        keys: Keys::Random,
        ..SNAPSHOTS
    }
    .run(lab);
}
