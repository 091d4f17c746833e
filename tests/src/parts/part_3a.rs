//! Part 3A: a key/value service without snapshots. Those with crashes are in `part_3a_crashes`.

use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt_host::now;

use crate::harness::{Background, Broken, KvSetup, Lab, Net, Violation, Workload, marker, seconds};

/// How many operations the speed tests make.
const SPEED_OPERATIONS: u32 = 1000;
/// How long one of them may take on average: a third of a heartbeat interval.
const SPEED_LIMIT: Duration = Duration::from_micros(33_333);

/// Goal: one client reads what it has written. Rules K1, K9, K10.
pub(crate) fn basic(lab: &Lab) {
    Workload::BASIC.run(lab);
}

/// Goal: an operation takes a small fraction of a heartbeat interval. Rules K10, K2, K7.
pub(crate) fn speed(lab: &Lab) {
    check_speed(lab, None);
}

/// Goal: five clients at once, each on a key of its own. Rules K2, K4, K5.
pub(crate) fn concurrent(lab: &Lab) {
    Workload { clients: 5, ..Workload::BASIC }.run(lab);
}

/// Goal: the same over a network that loses requests and replies. Rules K3, K7.
pub(crate) fn unreliable(lab: &Lab) {
    Workload { clients: 5, net: Net::Unreliable, ..Workload::BASIC }.run(lab);
}

/// Goal: five clients append to one key, over a network that loses messages; each append is there
/// once. Rules K3, K4, K5.
pub(crate) fn unreliable_one_key(lab: &Lab) {
    const APPENDS: u32 = 10;
    let cluster = lab.kv_cluster(KvSetup {
        servers: 3,
        net: Net::Unreliable,
        snapshot_above: None,
        clients: 5,
    });
    let mut main = cluster.client(&cluster.everyone());
    main.put("k", "");

    let clients: Vec<_> = (0..5_u32)
        .map(|me| {
            let cluster = cluster.clone();
            thread::spawn(move || {
                let mut client = cluster.client(&cluster.everyone());
                (0..APPENDS).for_each(|number| client.append("k", &marker(me, number)));
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().expect("a client ends"));

    let value = main.get("k");
    (0..5_u32).for_each(|me| cluster.check_appends(&value, me, APPENDS));
}

/// Goal: a majority goes on without the leader that is cut off from it, a minority does nothing,
/// and what waited there ends soon after all are connected again. Rules K1, K2, K7, K9.
///
/// Mended: the read that waited has its three seconds; the classic test never looks at them.
pub(crate) fn one_partition(lab: &Lab) {
    const PATIENCE: Duration = Duration::from_secs(1);
    const AFTER_HEALING: Duration = Duration::from_secs(3);
    let cluster = lab.kv_cluster(KvSetup {
        servers: 5,
        net: Net::Reliable,
        snapshot_above: None,
        clients: 1,
    });
    let mut main = cluster.client(&cluster.everyone());
    main.put("1", "13");

    // Progress in the majority.
    let (majority, minority) = cluster.majority_without_leader();
    cluster.partition(&majority, &minority);
    let mut of_majority = cluster.client(&majority);
    of_majority.put("1", "14");
    cluster.check_value(&mut of_majority, "1", "14");

    // No progress in the minority.
    let put = Background::start(cluster.client(&minority), "the put", |client| {
        client.put("1", "15");
    });
    let get = Background::start(cluster.client(&minority), "the get", |client| {
        client.get("1");
    });
    let why = "it reaches two servers of five";
    put.check_waits(&cluster, PATIENCE, why);
    get.check_waits(&cluster, Duration::ZERO, why);
    cluster.check_value(&mut of_majority, "1", "14");
    of_majority.put("1", "16");
    cluster.check_value(&mut of_majority, "1", "16");

    // Completion after healing.
    cluster.connect_all();
    for operation in [&put, &get] {
        cluster.connect_client(operation.client(), &cluster.everyone());
    }
    cluster.sleep_ms(1000);
    put.check_ends(&cluster, AFTER_HEALING);
    get.check_ends(&cluster, AFTER_HEALING);
    cluster.check_value(&mut main, "1", "15");
}

/// Goal: one client, and partitions that change every second. Rules K1, K2, K7.
pub(crate) fn many_partitions_one_client(lab: &Lab) {
    Workload { partitions: true, ..Workload::BASIC }.run(lab);
}

/// Goal: five clients, and partitions that change every second. Rules K1, K2, K3, K4.
pub(crate) fn many_partitions_many_clients(lab: &Lab) {
    Workload { clients: 5, partitions: true, ..Workload::BASIC }.run(lab);
}

/// A thousand appends of one client, one after the other, take few enough milliseconds each.
pub(super) fn check_speed(lab: &Lab, snapshot_above: Option<usize>) {
    let cluster =
        lab.kv_cluster(KvSetup { servers: 3, net: Net::Reliable, snapshot_above, clients: 1 });
    let mut client = cluster.client(&cluster.everyone());
    client.get("x"); // Waits for the first leader.

    let begin = Instant::now();
    (0..SPEED_OPERATIONS).for_each(|number| client.append("x", &marker(0, number)));
    let each = begin.elapsed() / SPEED_OPERATIONS;

    let value = client.get("x");
    cluster.check_appends(&value, 0_u32, SPEED_OPERATIONS);
    if SPEED_LIMIT < each {
        cluster.referee().fail(Violation::new(
            Broken::OperationsTooSlow,
            format!("at most {SPEED_LIMIT:?} an operation, a third of a heartbeat interval"),
            format!("{SPEED_OPERATIONS} operations took {each:?} each, by {}", seconds(now())),
        ));
    }
}
