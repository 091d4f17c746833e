//! Part 2B: agreement. What it may cost is in `part_2b_limits`.

use labrt::channel::unbounded;
use labrt::thread;

use crate::check::Wait;
use crate::harness::{Broken, Cluster, Command, Lab, Net, Violation, command, shown};

/// How often a test that needs a quiet leader begins again when the term changes.
pub(super) const TRIES: usize = 5;

/// Goal: three commands are committed one after the other, each at the next index, the first at
/// 1. Rules C2, C3, C4, C7.
pub(crate) fn basic_agree(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    for index in 1..=3 {
        cluster.check_not_committed(index, "no command was given for it");
        cluster.one_at(index, &command(100 * index), 3);
    }
}

/// Goal: a majority goes on without one follower; without two, nothing is committed.
/// Rules C2, C4, R3.
pub(crate) fn follower_failure(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one(&command(101), 3);

    let leader = cluster.check_one_leader();
    cluster.disconnect(cluster.after(leader, 1));
    cluster.one(&command(102), 2);
    cluster.sleep_ms(1000);
    cluster.one(&command(103), 2);

    let leader = cluster.check_one_leader();
    cluster.disconnect(cluster.after(leader, 1));
    cluster.disconnect(cluster.after(leader, 2));
    cluster.start_at(leader, &command(104), 4..=4);
    cluster.sleep_ms(2000);
    cluster.check_not_committed(4, "its leader reaches no follower");
}

/// Goal: a majority goes on without the leader; without two leaders, nothing is committed.
/// Rules E2, E6, C2.
pub(crate) fn leader_failure(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one(&command(101), 3);

    cluster.disconnect(cluster.check_one_leader());
    cluster.one(&command(102), 2);
    cluster.sleep_ms(1000);
    cluster.one(&command(103), 2);

    cluster.disconnect(cluster.check_one_leader());
    for server in cluster.all() {
        cluster.start(server, &command(104));
    }
    cluster.sleep_ms(2000);
    cluster.check_not_committed(4, "two of three servers are cut off");
}

/// Goal: a follower that was away catches up when it comes back. Rules A3, B1, C4, R3.
pub(crate) fn fail_agree(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one(&command(101), 3);

    let away = cluster.after(cluster.check_one_leader(), 1);
    cluster.disconnect(away);
    cluster.one(&command(102), 2);
    cluster.one(&command(103), 2);
    cluster.sleep_ms(1000);
    cluster.one(&command(104), 2);
    cluster.one(&command(105), 2);

    cluster.connect(away);
    cluster.one_with_retry(&command(106), 3);
    cluster.sleep_ms(1000);
    cluster.one_with_retry(&command(107), 3);
}

/// Goal: with three of five away nothing is committed, and all is well when they are back.
/// Rules A2, C2, E6.
pub(crate) fn fail_no_agree(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Reliable);
    cluster.one(&command(10), 5);

    let leader = cluster.check_one_leader();
    let away = [1, 2, 3].map(|steps| cluster.after(leader, steps));
    away.iter().for_each(|server| cluster.disconnect(*server));
    cluster.start_at(leader, &command(20), 2..=2);
    cluster.sleep_ms(2000);
    cluster.check_not_committed(2, "its leader reaches one follower of four");

    away.iter().for_each(|server| cluster.connect(*server));
    // The three may have elected one of themselves, who never heard of 20.
    let leader = cluster.check_one_leader();
    cluster.start_at(leader, &command(30), 2..=3);
    cluster.one_with_retry(&command(1000), 5);
}

/// Goal: commands that several threads give to the leader at once are all committed.
/// Rules L1, L3, C3, C7.
pub(crate) fn concurrent_starts(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    let given: Vec<Command> = (100..105).map(command).collect();

    for attempt in 0..TRIES {
        if 0 < attempt {
            cluster.sleep_ms(3000);
        }
        let Some(committed) = start_together(&cluster, &given) else { continue };
        if let Some(missing) = given.iter().find(|command| !committed.contains(command)) {
            cluster.referee().fail(Violation::new(
                Broken::LeaderRefused,
                format!("all {} commands given to the leader in one term in the log", given.len()),
                format!("{} stands at none of the indexes that `start` told", shown(missing)),
            ));
        }
        return;
    }
    term_changes_too_often(&cluster);
}

/// Gives the commands to the leader, each from a thread of its own, and what was committed at the
/// indexes that it told. `None` if the term changed meanwhile.
fn start_together(cluster: &Cluster, given: &[Command]) -> Option<Vec<Command>> {
    let leader = cluster.check_one_leader();
    let term = cluster.start(leader, &command(1))?.term;

    let (indexes, told) = unbounded();
    let starts = given.iter().cloned().map(|command| {
        let (cluster, indexes) = (cluster.clone(), indexes.clone());
        thread::spawn(move || {
            let started = cluster.start(leader, &command);
            if let Some(started) = started.filter(|started| started.term == term) {
                let _ = indexes.send(started.index);
            }
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.join().expect("a thread that calls `start` ends");
    }
    drop(indexes);
    if cluster.has_left_term(term) {
        return None;
    }
    told.iter().map(|index| cluster.wait(index, 3, Wait::WhileTermIs(term))).collect()
}

/// All tries of a test are used up.
pub(super) fn term_changes_too_often(cluster: &Cluster) -> ! {
    cluster.referee().fail(Violation::new(
        Broken::TermChangesTooOften,
        format!("a term that lasts for one of {TRIES} tries, in a cluster that nothing disturbs"),
        "the term changed during each of them",
    ))
}

/// Goal: what a cut-off leader accepted is replaced when it comes back, whoever leads then.
/// Rules A2, A4, B2, E3, E6.
pub(crate) fn rejoin(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one_with_retry(&command(101), 3);

    let first = cluster.check_one_leader();
    cluster.disconnect(first);
    for lost in [102, 103, 104] {
        cluster.start(first, &command(lost));
    }
    cluster.one_with_retry(&command(103), 2);

    let second = cluster.check_one_leader();
    cluster.disconnect(second);
    cluster.connect(first);
    cluster.one_with_retry(&command(104), 2);

    cluster.connect(second);
    cluster.one_with_retry(&command(105), 3);
}

/// Goal: a leader finds the end of agreement with a follower in few steps, over dozens of
/// entries that contradict each other. Rules A2, B1, B2, B3.
pub(crate) fn backup(lab: &Lab) {
    const MANY: usize = 50;
    let cluster = lab.cluster(5, Net::Reliable);
    let start_many = |server| {
        for _ in 0..MANY {
            cluster.start(server, &cluster.random_command());
        }
    };
    let agree_many = || {
        for _ in 0..MANY {
            cluster.one_with_retry(&cluster.random_command(), 3);
        }
    };
    cluster.one_with_retry(&cluster.random_command(), 5);

    // A leader and one follower collect what cannot be committed.
    let first = cluster.check_one_leader();
    let pair = [first, cluster.after(first, 1)];
    let trio = [2, 3, 4].map(|steps| cluster.after(first, steps));
    trio.iter().for_each(|server| cluster.disconnect(*server));
    start_many(first);
    cluster.sleep_ms(500);

    // The other three agree on much.
    pair.iter().for_each(|server| cluster.disconnect(*server));
    trio.iter().for_each(|server| cluster.connect(*server));
    agree_many();

    // One of them goes, and the leader of the rest collects what cannot be committed.
    let second = cluster.check_one_leader();
    let other = if trio[0] == second { trio[1] } else { trio[0] };
    cluster.disconnect(other);
    start_many(second);
    cluster.sleep_ms(500);

    // The pair comes back, with the one of the trio that has what was agreed on.
    cluster.all().for_each(|server| cluster.disconnect(server));
    pair.iter().chain([&other]).for_each(|server| cluster.connect(*server));
    agree_many();

    cluster.all().for_each(|server| cluster.connect(server));
    cluster.one_with_retry(&cluster.random_command(), 5);
}
