//! Part 2C: crashes, and what survives them. The longer ones are in `part_2c_churn`.

use crate::check::Wait;
use crate::edition::Edition;
use crate::harness::{Cluster, Lab, Net, command};

/// Goal: what was committed survives when all servers, the leader, or a follower restart.
/// Rules P1, P2, P3, E5.
pub(crate) fn persist1(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one_with_retry(&command(11), 3);

    cluster.all().for_each(|server| cluster.start_server(server));
    for server in cluster.all() {
        cluster.disconnect(server);
        cluster.connect(server);
    }
    cluster.one_with_retry(&command(12), 3);

    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    cluster.restart(leader);
    cluster.one_with_retry(&command(13), 3);

    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    cluster.one_with_retry(&command(14), 2);
    cluster.restart(leader);
    // It must have caught up before another server goes.
    cluster.wait(4, 3, Wait::Patiently);

    let follower = cluster.after(cluster.check_one_leader(), 1);
    cluster.disconnect(follower);
    cluster.one_with_retry(&command(15), 2);
    cluster.restart(follower);
    cluster.one_with_retry(&command(16), 3);
}

/// Goal: five times over, changing majorities are cut off and restarted, and nothing is lost.
/// Rules P1, P2, E5, E6.
pub(crate) fn persist2(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Reliable);
    let mut index = 1;
    let agree = |index: &mut u64, servers| {
        cluster.one_with_retry(&command(10 + *index), servers);
        *index += 1;
    };

    for _ in 0..5 {
        agree(&mut index, 5);

        let leader = cluster.check_one_leader();
        let [next, second, third, fourth] = [1, 2, 3, 4].map(|steps| cluster.after(leader, steps));
        let remove = |server| match lab.edition() {
            Edition::Standard | Edition::ClassicEnding => cluster.disconnect(server),
            Edition::Course2025 => cluster.crash(server),
        };
        remove(next);
        remove(second);
        agree(&mut index, 3);

        remove(leader);
        remove(third);
        remove(fourth);
        cluster.start_server(next);
        cluster.start_server(second);
        cluster.connect(next);
        cluster.connect(second);
        cluster.sleep_ms(1000);

        // Two are behind; the third brings the majority that knows what was committed.
        cluster.restart(third);
        agree(&mut index, 3);

        for server in [fourth, leader] {
            if cluster.is_up(server) {
                cluster.connect(server);
            } else {
                cluster.restart(server);
            }
        }
    }
    cluster.one_with_retry(&command(1000), 5);
}

/// Goal: a leader and a follower crash while the third is cut off; the leader alone comes back
/// first. Rules P1, P2, C1.
pub(crate) fn persist3(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one_with_retry(&command(101), 3);

    let leader = cluster.check_one_leader();
    let [next, last] = [1, 2].map(|steps| cluster.after(leader, steps));
    cluster.disconnect(last);
    cluster.one_with_retry(&command(102), 2);

    cluster.crash(leader);
    cluster.crash(next);
    cluster.connect(last);
    cluster.restart(leader);
    cluster.one_with_retry(&command(103), 2);

    cluster.restart(next);
    cluster.one_with_retry(&command(104), 3);
}

/// Goal: leaders crash before and after their entries spread, so that entries of old terms lie
/// about; none that was committed is replaced. Rules C1, E6, P1 (paper §5.4.2, Figure 8).
pub(crate) fn figure8(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Reliable);
    cluster.one_with_retry(&cluster.random_command(), 1);
    let mut up = cluster.len();

    for _ in 0..1000 {
        let accepted = start_at_all(&cluster);
        sleep_at_random(&cluster);
        if let Some(leader) = accepted.last() {
            cluster.crash(*leader);
            up -= 1;
        }
        if up < 3 {
            let server = cluster.random(cluster.all());
            if !cluster.is_up(server) {
                cluster.restart(server);
                up += 1;
            }
        }
    }

    cluster
        .all()
        .filter(|server| !cluster.is_up(*server))
        .for_each(|server| cluster.restart(server));
    cluster.one_with_retry(&cluster.random_command(), 5);
}

/// Goal: as Figure 8, with leaders that are cut off instead of crashed, over a network that loses
/// messages, and delays replies by seconds. Rules C1, E6, L5, R1, S4.
///
/// Mended: the network is made reliable, and its delays end, before the last agreement. The
/// classic test leaves them on, so that two thirds of all replies take up to 2.2 s while five
/// servers must agree within 10 s: a correct Raft can fail that. `--edition classic-ending` leaves
/// them on.
pub(crate) fn figure8_unreliable(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Unreliable);
    let small_command = || command(cluster.random(0..10_000));
    cluster.one_with_retry(&small_command(), 1);
    let mut up = cluster.len();

    for iteration in 0..1000 {
        if iteration == 200 {
            cluster.network().set_long_reordering(true);
        }
        let accepted: Vec<_> = cluster
            .all()
            .filter(|server| cluster.start(*server, &small_command()).is_some())
            .collect();
        let leader = accepted.into_iter().rfind(|server| cluster.is_connected(*server));
        sleep_at_random(&cluster);
        if let Some(leader) = leader
            && cluster.chance(500)
        {
            cluster.disconnect(leader);
            up -= 1;
        }
        if up < 3 {
            let server = cluster.random(cluster.all());
            if !cluster.is_connected(server) {
                cluster.connect(server);
                up += 1;
            }
        }
    }

    if lab.edition() != Edition::ClassicEnding {
        cluster.network().set_reliable(true);
        cluster.network().set_long_reordering(false);
    }
    cluster
        .all()
        .filter(|server| !cluster.is_connected(*server))
        .for_each(|server| cluster.connect(server));
    cluster.one_with_retry(&small_command(), 5);
}

/// Gives a command to every server that is up; those that accepted.
fn start_at_all(cluster: &Cluster) -> Vec<usize> {
    cluster
        .all()
        .filter(|server| cluster.start(*server, &cluster.random_command()).is_some())
        .collect()
}

/// Sleeps for some milliseconds, and once in ten times for up to half an election timeout.
fn sleep_at_random(cluster: &Cluster) {
    let most_ms = if cluster.chance(100) { 499 } else { 12 };
    cluster.sleep_ms(cluster.random(0..=most_ms));
}
