//! Part 2X: Figure 8 of the paper, step by step.

use crate::harness::{Broken, Lab, Net, command, drop_all, is_request};

/// Goal: an entry of an older term that a majority holds is not committed by counting: a later
/// leader can still replace it. Rules C1, E6 (paper §5.4.2, Figure 8 (a) to (d)).
pub(crate) fn figure8_steps(lab: &Lab) {
    let cluster = lab.cluster(5, Net::Reliable);
    let index = cluster.one(&command(100), 5);

    // (a) A leader gives an entry to one follower, and crashes.
    let first = cluster.check_one_leader();
    let second = cluster.after(first, 1);
    cluster.connect_only(&[first, second]);
    let Some(started) = cluster.start(first, &command(101)) else { return };
    cluster.sleep_ms(300);
    cluster.crash(first);
    cluster.disconnect(second);

    // (b) One of the others is elected, takes another command, and is cut off before it sends it.
    let others = [2, 3, 4].map(|steps| cluster.after(first, steps));
    others.iter().for_each(|server| cluster.connect(*server));
    let fifth = cluster.check_one_leader();
    let hold = cluster.network().hold(is_request);
    let accepted = cluster.start(fifth, &command(102));
    cluster.crash(fifth);
    drop_all(&hold);
    drop(hold);
    if accepted.is_none_or(|accepted| accepted.index != started.index) {
        return; // It was no leader any more.
    }

    // (c) The first comes back. It or the second is elected, and brings the entry to a majority.
    let rest: Vec<usize> = others.into_iter().filter(|server| *server != fifth).collect();
    cluster.disconnect(rest[1]);
    cluster.restart(first);
    cluster.connect(second);
    cluster.check_one_leader();
    cluster.sleep_ms(1000);
    let committed = cluster.committed(started.index);
    if let Some(by) = committed.servers.first() {
        cluster.fail(
            Broken::CommitOfOldTerm,
            format!(
                "index {} of term {} not committed: nothing of a later term follows it",
                started.index, started.term
            ),
            format!("server {by} applied it"),
        );
    }

    // (d) The fifth comes back, and its log wins against those that do not hold the entry.
    cluster.disconnect(first);
    cluster.disconnect(second);
    cluster.restart(fifth);
    cluster.connect(rest[1]);
    let later = cluster.one_with_retry(&command(103), 3);
    cluster.check_follows(later, index);

    cluster.all().for_each(|server| cluster.connect(server));
    cluster.one_with_retry(&command(104), 5);
}
