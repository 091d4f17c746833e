//! Part 3X, aimed: operations that wait at a server that leads no more.

use std::sync::atomic::Ordering;

use labrt::time::Duration;
use labrt_host::now;

use crate::harness::{
    Background, Broken, KvCluster, KvSetup, Lab, Net, Violation, marker, seconds,
};

/// How long a request takes to reach its server and the servers that this one reaches: several
/// heartbeats.
const SPREAD_MS: u64 = 400;
/// How long an election may take that one of three servers can win, while the others stand too.
const LONE_ELECTION_LIMIT: Duration = Duration::from_secs(40);
/// How long operations that hung have after healing.
const AFTER_HEALING: Duration = Duration::from_secs(3);

const FIVE_SERVERS: KvSetup =
    KvSetup { servers: 5, net: Net::Reliable, snapshot_above: None, clients: 1 };

/// Goal: `start` returns the same index twice on one server; what is applied there at last is
/// neither the latest operation that was put there nor what anybody waits for.
///
/// ```text
///        index 1  2  3
///   S1         1  2            leads; 1 and 2 reach S2 only
///   S2         1  2
///   S3         3               wins with S4 and S5; 3 reaches S1 only, and replaces 1 and 2 there
///   S1         3               wins with S4 and S5; is cut off before it can send anything
///   S2         1  2  5         wins with S4 and S5; commits 1, 2 and 5
///   S1         3  4            is given 4, at index 2
///   S1         1  2  5         hears of S2, and applies 2 at index 2
/// ```
///
/// Rules K4, K2.
pub(crate) fn reused_index(lab: &Lab) {
    let cluster = lab.kv_cluster(FIVE_SERVERS);
    let s1 = cluster.leader_among(&cluster.everyone());
    let others: Vec<_> = cluster.all().filter(|server| *server != s1).collect();
    let (s2, rest) = (others[0], &others[1..]);

    cluster.divide(&[&[s1, s2], rest]);
    let (one, pause_one) = append_at(&cluster, s1, 1);
    let (two, pause_two) = append_at(&cluster, s1, 2);
    cluster.sleep_ms(SPREAD_MS);

    let s3 = cluster.leader_among(rest);
    let voters: Vec<_> = rest.iter().copied().filter(|server| *server != s3).collect();
    cluster.divide(&[&[s1, s3], &[s2], &voters]);
    let (three, pause_three) = append_at(&cluster, s3, 3);
    cluster.sleep_ms(SPREAD_MS);

    // Only S1 can win: the voters have nothing, so either needs its vote, and it has an entry.
    let entries = cluster.pause_entries(s1);
    cluster.divide(&[&[s1, voters[0], voters[1]], &[s2], &[s3]]);
    cluster.leader_within(LONE_ELECTION_LIMIT, &[s1]);

    cluster.divide(&[&[s2, voters[0], voters[1]], &[s1], &[s3]]);
    let mut client = cluster.client(&[s2, voters[0], voters[1]]);
    client.append("k", &marker(5, 0));

    let (four, pause_four) = append_at(&cluster, s1, 4);
    // It is told of the new term by nothing but what it has to apply, and at once: whoever looks
    // now and then whether it still leads finds out later.
    cluster.hurry(s2, s1);
    cluster.connect_all();
    cluster.sleep_ms(1000);
    check_not_acknowledged(&cluster, &four, s1, 4);
    for message in entries.list() {
        let _ = entries.drop_message(message.call()); // Sent in a term that is over.
    }
    drop(entries);

    for operation in [&one, &two, &three, &four] {
        cluster.connect_client(operation.client(), &cluster.everyone());
    }
    drop([pause_one, pause_two, pause_three, pause_four]);
    for operation in [&one, &two, &three, &four] {
        operation.check_ends(&cluster, AFTER_HEALING);
    }
    let value = client.get("k");
    (1..=5).for_each(|number| cluster.check_appends(&value, number, 1));
}

/// A client appends at one server, and does not get to ask again: what it sends after its first
/// request has reached the server is kept back.
fn append_at(cluster: &KvCluster, server: usize, number: u32) -> (Background, labrpc_host::Hold) {
    let client = cluster.client(&[server]);
    let (pause, arrived) = cluster.pause_after_first_request(client.number());
    let append = Background::start(client, "the append", move |client| {
        client.append("k", &marker(number, 0));
    });
    while !arrived.load(Ordering::Relaxed) {
        cluster.sleep_ms(5); // Its clerk may first ask servers that it cannot reach.
    }
    cluster.sleep_ms(20);
    (append, pause)
}

/// `append` is not acknowledged, unless it was applied.
fn check_not_acknowledged(cluster: &KvCluster, append: &Background, server: usize, number: u32) {
    if !append.is_done() {
        return;
    }
    let value = cluster.client(&cluster.everyone()).get("k");
    let appended = marker(number, 0);
    if !value.contains(&appended) {
        cluster.referee().fail(Violation::new(
            Broken::AnsweredForAnother,
            format!("`{appended}` acknowledged by server {server} only if it was applied"),
            format!("it was, and the value is `{value}` at {}", seconds(now())),
        ));
    }
}

/// Goal: five clients wait at a leader that is cut off. The others elect another one, which is
/// given nothing to do: no entry ever takes the place of those that are waited for, and still all
/// five hear soon after healing that they have to ask elsewhere. Rules K2, K7.
pub(crate) fn deposed_leader(lab: &Lab) {
    let cluster = lab.kv_cluster(KvSetup { clients: 5, ..FIVE_SERVERS });
    let mut main = cluster.client(&cluster.everyone());
    main.put("k", "");
    for round in 0..3 {
        let leader = cluster.leader_among(&cluster.everyone());
        let others: Vec<_> = cluster.all().filter(|server| *server != leader).collect();
        cluster.divide(&[&[leader], &others]);
        let waiting: Vec<_> = (0..5)
            .map(|me| {
                let client = cluster.client(&[leader]);
                Background::start(client, "the append", move |client| {
                    client.append("k", &marker(me, round));
                })
            })
            .collect();
        let patience = Duration::from_millis(1500);
        cluster.leader_among(&others);
        for append in &waiting {
            append.check_waits(&cluster, patience / 5, "its server reaches no other");
        }

        cluster.connect_all();
        for append in &waiting {
            cluster.connect_client(append.client(), &cluster.everyone());
        }
        waiting.iter().for_each(|append| append.check_ends(&cluster, AFTER_HEALING));
        let value = main.get("k");
        (0..5_u32).for_each(|me| cluster.check_appends(&value, me, round + 1));
    }
}

/// Goal: a client that was served asks the same server first the next time. Rule K7.
pub(crate) fn remembered_leader(lab: &Lab) {
    const CLIENTS: u32 = 8;
    const APPENDS: u32 = 10;
    /// One and a half requests for each operation. A client that begins with the same server each
    /// time needs three on average.
    const REQUESTS_MAX: u64 = (CLIENTS * APPENDS * 3 / 2) as u64;
    let cluster = lab.kv_cluster(FIVE_SERVERS);
    let count = cluster.count_requests();
    for round in 0..5 {
        let leader = cluster.leader_among(&cluster.everyone());
        let state = cluster.state(leader);
        let clients = (0..CLIENTS).map(|_| cluster.client(&cluster.everyone()));
        let mut clients: Vec<_> = clients.collect();
        // This tells each of them who leads.
        clients.iter_mut().for_each(|client| client.put("k", ""));
        let before = count.load(Ordering::Relaxed);
        for number in 0..APPENDS {
            for client in &mut clients {
                client.append("k", &marker(round, number));
            }
        }
        let requests = count.load(Ordering::Relaxed) - before;
        if cluster.state(leader) != state {
            continue; // Another leader came in between.
        }
        if REQUESTS_MAX < requests {
            cluster.referee().fail(Violation::new(
                Broken::LeaderNotRemembered,
                format!(
                    "at most {REQUESTS_MAX} requests for {} operations of clients that know the \
                     leader: it was server {leader} all the time",
                    CLIENTS * APPENDS
                ),
                format!("there were {requests}, by {}", seconds(now())),
            ));
        }
        return;
    }
}
