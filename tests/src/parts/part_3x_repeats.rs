//! Part 3X, aimed: requests that arrive more than once.

use std::iter::repeat_with;

use labrpc_host::{Delay, Duplicates};
use labrt::thread;
use labrt::time::Duration;

use crate::harness::{Background, KvCluster, KvSetup, Lab, Net, marker};

/// How long an operation may take whose server crashes half-way.
const AFTER_RESTART: Duration = Duration::from_secs(10);

/// Goal: requests arrive again up to three seconds after they were answered, when their clients
/// have long gone on, and leaders have changed. Each is applied once. Rule K3.
pub(crate) fn late_duplicates(lab: &Lab) {
    let cluster = lab.kv_cluster(KvSetup {
        servers: 5,
        net: Net::Reliable,
        snapshot_above: Some(1000),
        clients: 3,
    });
    let delay = Delay::uniform(Duration::ZERO, Duration::from_secs(3));
    cluster.network().set_duplicates(Some(Duplicates { per_mille: 300, delay }));
    let mut main = cluster.client(&cluster.everyone());

    let clients = append_at_once(&cluster, 3, 150);
    for _ in 0..4 {
        cluster.sleep_ms(1000);
        let leader = cluster.leader_among(&cluster.everyone());
        cluster.crash(leader);
        cluster.sleep_ms(1000);
        cluster.start_server(leader);
        cluster.connect_all();
    }
    clients.into_iter().for_each(|client| client.join().expect("a client ends"));
    cluster.sleep_ms(3000);

    let value = main.get("k");
    (0..3_u32).for_each(|me| cluster.check_appends(&value, me, 150));
}

/// Goal: every first answer of each server to each client is lost, so every operation is asked for
/// again after it was applied. Rules K3, K7.
pub(crate) fn lost_replies(lab: &Lab) {
    let cluster = lab.kv_cluster(KvSetup {
        servers: 3,
        net: Net::Reliable,
        snapshot_above: None,
        clients: 3,
    });
    let mut main = cluster.client(&cluster.everyone());
    main.put("k", "");
    cluster.lose_every_other_reply();

    let clients = append_at_once(&cluster, 3, 30);
    clients.into_iter().for_each(|client| client.join().expect("a client ends"));

    let value = main.get("k");
    (0..3_u32).for_each(|me| cluster.check_appends(&value, me, 30));
}

/// Goal: an append was applied and is part of a snapshot, and all servers crash before its client
/// is answered. After the restart the client asks again, and the servers know it by their
/// snapshots. Rules K3, K8.
pub(crate) fn crash_before_reply(lab: &Lab) {
    const ROUNDS: u32 = 8;
    // A snapshot after every command: nothing is left in the log.
    let cluster = lab.kv_cluster(KvSetup {
        servers: 3,
        net: Net::Reliable,
        snapshot_above: Some(1),
        clients: 1,
    });
    let mut main = cluster.client(&cluster.everyone());
    for round in 0..ROUNDS {
        main.put("other", &round.to_string());
        let client = cluster.client(&cluster.everyone());
        let replies = cluster.pause_replies(client.number());
        let append = Background::start(client, "the append", move |client| {
            client.append("k", &marker(0, round));
        });
        // What was held before the value was read, and found without the append, does not
        // acknowledge it: it is of a server that does not lead.
        loop {
            let held = replies.list();
            if main.get("k").contains(&marker(0, round)) {
                break;
            }
            held.iter().for_each(|message| drop(replies.release(message.call())));
            cluster.sleep_ms(5);
        }
        cluster.sleep_ms(cluster.random(0..300));

        cluster.all().for_each(|server| cluster.crash(server));
        for message in replies.list() {
            let _ = replies.drop_message(message.call());
        }
        drop(replies);
        cluster.all().for_each(|server| cluster.start_server(server));
        cluster.connect_all();
        append.check_ends(&cluster, AFTER_RESTART);
        let value = main.get("k");
        cluster.check_appends(&value, 0_u32, round + 1);
    }
}

/// Goal: what a server remembers to know repeated requests does not grow with their number: forty
/// clients with 25 operations each leave a snapshot that forty clients with one could have left.
/// Rule K6.
pub(crate) fn duplicate_table(lab: &Lab) {
    const CLIENTS: usize = 40;
    const OPERATIONS: u32 = 25;
    /// For a number of the client, one of the request, and what was answered.
    const BYTES_PER_CLIENT_MAX: usize = 100;
    let cluster = lab.kv_cluster(KvSetup {
        servers: 3,
        net: Net::Reliable,
        snapshot_above: Some(1000),
        clients: 2,
    });
    let clients = repeat_with(|| {
        let cluster = cluster.clone();
        thread::spawn(move || {
            let mut client = cluster.client(&cluster.everyone());
            (0..OPERATIONS).for_each(|number| client.put("k", &number.to_string()));
        })
    });
    let clients: Vec<_> = clients.take(CLIENTS).collect();
    clients.into_iter().for_each(|client| client.join().expect("a client ends"));
    cluster.check_snapshot_bytes(
        500 + CLIENTS * BYTES_PER_CLIENT_MAX,
        &format!("one key and the last request of each of {CLIENTS} clients"),
    );
}

/// So many clients, each of which appends so many values to one key.
fn append_at_once(cluster: &KvCluster, clients: u32, appends: u32) -> Vec<thread::JoinHandle<()>> {
    let append = |me| {
        let cluster = cluster.clone();
        thread::spawn(move || {
            let mut client = cluster.client(&cluster.everyone());
            (0..appends).for_each(|number| client.append("k", &marker(me, number)));
        })
    };
    (0..clients).map(append).collect()
}
