//! Part 2C: many clients, and servers that come and go.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::{self, JoinHandle};

use crate::check::Wait;
use crate::harness::{Broken, Cluster, Command, Lab, Net, Violation, command, shown};

/// Goal: five clients at once reach agreement over a network that loses messages.
/// Rules R3, C5, C6.
pub(crate) fn unreliable_agree(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Unreliable);
    let mut clients = Vec::new();

    for round in 1..50 {
        for client in 0..4 {
            let cluster = cluster.clone();
            clients.push(thread::spawn(move || {
                cluster.one_with_retry(&command(100 * round + client), 1);
            }));
        }
        cluster.one_with_retry(&command(round), 1);
    }

    cluster.network().set_reliable(true);
    clients.into_iter().for_each(|client| client.join().expect("a client ends"));
    cluster.one_with_retry(&command(100), 5);
}

/// Goal: nothing that was committed is lost while servers crash, restart and are cut off.
/// Rules P1, C1, C3, E5, E6.
pub(crate) fn reliable_churn(lab: &Lab) {
    churn(&lab.cluster(5, Net::Reliable));
}

/// Goal: as the reliable churn, over a network that loses messages. Rules P1, C1, C3, R3, S4.
pub(crate) fn unreliable_churn(lab: &Lab) {
    churn(&lab.cluster(5, Net::Unreliable));
}

fn churn(cluster: &Cluster) {
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..3).map(|me| spawn_client(cluster, me, &stop)).collect();

    for _ in 0..20 {
        if cluster.chance(200) {
            cluster.disconnect(cluster.random(cluster.all()));
        }
        if cluster.chance(500) {
            let server = cluster.random(cluster.all());
            if !cluster.is_up(server) {
                cluster.start_server(server);
            }
            cluster.connect(server);
        }
        if cluster.chance(200) {
            cluster.crash(cluster.random(cluster.all()));
        }
        // Long enough for an agreement, now and then; not for all to settle.
        cluster.sleep_ms(700);
    }

    cluster.sleep_ms(1000);
    cluster.network().set_reliable(true);
    for server in cluster.all() {
        if !cluster.is_up(server) {
            cluster.start_server(server);
        }
        cluster.connect(server);
    }
    stop.store(true, Ordering::Relaxed);
    let seen_committed: Vec<Command> =
        clients.into_iter().flat_map(|client| client.join().expect("a client ends")).collect();
    cluster.sleep_ms(1000);

    let last = cluster.one_with_retry(&cluster.random_command(), 5);
    let log: HashSet<Command> =
        (1..=last).filter_map(|index| cluster.wait(index, 5, Wait::Patiently)).collect();
    if let Some(lost) = seen_committed.iter().find(|command| !log.contains(*command)) {
        cluster.referee().fail(Violation::new(
            Broken::CommandLost,
            format!("command {} in the log, since a server applied it", shown(lost)),
            format!("all servers have applied indexes 1 to {last}, and it is at none of them"),
        ));
    }
}

/// A client that gives commands to all servers until told to stop; those that it saw applied at
/// the index it was told.
fn spawn_client(cluster: &Cluster, me: u64, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<Command>> {
    let (cluster, stop) = (cluster.clone(), stop.clone());
    thread::spawn(move || {
        let mut committed = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let command = cluster.random_command();
            let accepted: Vec<_> =
                cluster.all().filter_map(|server| cluster.start(server, &command)).collect();
            let Some(started) = accepted.last() else {
                cluster.sleep_ms(79 + 17 * me);
                continue;
            };
            for pause_ms in [10, 20, 50, 100, 200] {
                if let Some(applied) = cluster.committed(started.index).command {
                    if applied == command {
                        committed.push(command);
                    }
                    break;
                }
                cluster.sleep_ms(pause_ms);
            }
        }
        committed
    })
}
