//! Part 2X: nothing waits for a network that does not answer.

use labrt::time::{Duration, Instant};
use labrt_host::{Clock, clock};

use crate::harness::{Broken, Lab, Net, called, caller, command, drop_all, is_request};

/// Goal: `start` and `state` return at once while no call is answered, and a server that does not
/// lead appends nothing. Rules C7, L4, S3.
pub(crate) fn returns_at_once(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    let index = cluster.one(&command(100), 3);
    let leader = cluster.check_one_leader();
    let hanging = cluster.network().hold(is_request);

    let mut refused = Vec::new();
    for round in 0..40 {
        for server in cluster.all() {
            let given = command(format!("{server}-{round}"));
            let begin = Instant::now();
            let state = cluster.state(server);
            let told = begin.elapsed();
            let started = cluster.start(server, &given);
            let took = begin.elapsed() - told;
            for (call, took) in [("state", told), ("start", took)] {
                if at_once() < took {
                    cluster.fail(
                        Broken::CallWaits,
                        format!("`{call}` of server {server} to return within {:?}", at_once()),
                        format!("it took {took:?} while the network does not answer"),
                    );
                }
            }
            if started.is_none() && state.is_some() {
                refused.push(given);
            }
        }
        cluster.sleep_ms(cluster.random(1..=20));
    }
    drop_all(&hanging);
    drop(hanging);

    // What was refused is in no log.
    cluster.connect_only(&[cluster.after(leader, 1), cluster.after(leader, 2)]);
    cluster.one_with_retry(&command(200), 2);
    cluster.connect(leader);
    let last = cluster.one_with_retry(&command(201), 3);
    for index in index..=last {
        let Some(applied) = cluster.committed(index).command else { continue };
        if refused.contains(&applied) {
            cluster.fail(
                Broken::FollowerAppended,
                "nothing applied that every server refused".to_owned(),
                format!("{} was applied at index {index}", crate::harness::shown(&applied)),
            );
        }
    }
}

/// How long a call that returns at once may take. Under the real clock the machine may be late.
fn at_once() -> Duration {
    Duration::from_millis(if clock() == Some(Clock::Virtual) { 5 } else { 500 })
}

/// Goal: one peer that does not answer holds up neither the others nor an election. Rules S3, S1,
/// E9.
pub(crate) fn silent_peer(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Reliable);
    cluster.one(&command(100), 5);
    for steps in [1, 2, 3, 4] {
        let leader = cluster.check_one_leader();
        let silent = cluster.after(leader, steps);
        let hanging = cluster.network().hold(move |message| {
            is_request(message) && [called(message), caller(message)].contains(&Some(silent))
        });
        let others: Vec<usize> = cluster.all().filter(|server| *server != silent).collect();
        let term = cluster.state(leader).map(|state| state.term);

        for number in 0..3 {
            cluster.one(&command(1000 * steps as u64 + number), 4);
            cluster.sleep_ms(700);
        }
        let disturbed = others
            .iter()
            .filter_map(|server| cluster.state(*server))
            .find(|state| Some(state.term) != term);
        if let Some(state) = disturbed {
            cluster.fail(
                Broken::PeerDelaysOthers,
                format!("server {leader} to lead while only server {silent} does not answer"),
                format!("a server that does is in term {} by now", state.term),
            );
        }
        // It goes, too; the other three are a majority.
        cluster.disconnect(leader);
        cluster.one_with_retry(&command(2000 + steps), 3);
        drop_all(&hanging);
        drop(hanging);
        cluster.connect(leader);
        cluster.one_with_retry(&command(3000 + steps), 5);
    }
}

/// Goal: nothing that waits happens under a lock, whatever a server does. Rule L4. Only the
/// virtual clock sees locks.
pub(crate) fn no_wait_under_lock(lab: &Lab) {
    let cluster = lab.snapshotting_cluster(3, Net::Unreliable);
    for round in 0..6 {
        for _ in 0..6 {
            cluster.one_with_retry(&cluster.random_command(), 2);
        }
        let leader = cluster.check_one_leader();
        match round % 3 {
            0 => cluster.disconnect(leader),
            1 => cluster.disconnect(cluster.after(leader, 1)),
            _ => cluster.restart(leader),
        }
        for _ in 0..8 {
            cluster.one_with_retry(&cluster.random_command(), 2);
        }
        cluster.all().for_each(|server| cluster.connect(server));
    }
    cluster.network().set_reliable(true);
    cluster.one_with_retry(&cluster.random_command(), 3);
}

/// Goal: after `kill`, all threads of a server end. Rule S5.
pub(crate) fn kill_ends_threads(lab: &Lab) {
    /// What the harness itself runs on each machine: the service.
    const OWN: usize = 1;
    /// Longer than any call to a peer that is gone.
    const LIMIT: Duration = Duration::from_secs(10);
    let cluster = lab.cluster(3, Net::Reliable);
    for number in 0..5 {
        cluster.one(&command(number), 3);
    }
    // One is a leader, one has lost its leader, one has just begun.
    let leader = cluster.check_one_leader();
    cluster.disconnect(cluster.after(leader, 1));
    cluster.sleep_ms(1500);
    cluster.restart(cluster.after(leader, 2));
    cluster.start(leader, &command(200));

    cluster.kill_all();
    let begin = Instant::now();
    for server in cluster.all() {
        while OWN < cluster.live_threads(server) {
            if LIMIT < begin.elapsed() {
                cluster.fail(
                    Broken::ThreadsLeft,
                    format!("no thread of server {server} left {LIMIT:?} after `kill`"),
                    format!("there are {} more", cluster.live_threads(server) - OWN),
                );
            }
            cluster.sleep_ms(50);
        }
    }
    cluster.all().for_each(|server| cluster.crash(server));
}
