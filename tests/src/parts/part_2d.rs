//! Part 2D: snapshots.

use crate::edition::Edition;
use crate::harness::{Cluster, Lab, Net};

/// What happens to one server while the others go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Disconnect,
    Crash,
}

/// Goal: the log stays short while snapshots are taken. Rules N1, N9, N10, L4.
pub(crate) fn snapshot_basic(lab: &Lab) {
    go_on_without_one(&lab.snapshotting_cluster(3, Net::Reliable), Fault::None);
}

/// Goal: a server that was cut off gets the snapshot of what it missed. Rules N4, N5, N6, N8.
pub(crate) fn snapshot_install(lab: &Lab) {
    go_on_without_one(&lab.snapshotting_cluster(3, Net::Reliable), Fault::Disconnect);
}

/// Goal: the same over a network that loses messages. Rules N4, N5, N6, N8, R3.
pub(crate) fn snapshot_install_unreliable(lab: &Lab) {
    go_on_without_one(&lab.snapshotting_cluster(3, Net::Unreliable), Fault::Disconnect);
}

/// Goal: a server that crashed gets the snapshot of what it missed. Rules N2, N3, N6, N7.
pub(crate) fn snapshot_install_crash(lab: &Lab) {
    go_on_without_one(&lab.snapshotting_cluster(3, Net::Reliable), Fault::Crash);
}

/// Goal: the same over a network that loses messages. Rules N2, N3, N6, N7, R3.
pub(crate) fn snapshot_install_unreliable_crash(lab: &Lab) {
    go_on_without_one(&lab.snapshotting_cluster(3, Net::Unreliable), Fault::Crash);
}

/// Thirty times over, something happens to one server, and enough is committed meanwhile for the
/// others to forget what it misses.
fn go_on_without_one(cluster: &Cluster, fault: Fault) {
    let agree = |servers| cluster.one_with_retry(&cluster.random_command(), servers);
    agree(3);
    let mut leader = cluster.check_one_leader();

    for iteration in 0..30 {
        let next = cluster.after(leader, 1);
        let (victim, sender) = if iteration % 3 == 1 { (leader, next) } else { (next, leader) };
        match fault {
            Fault::None => {}
            Fault::Disconnect => cluster.disconnect(victim),
            Fault::Crash => cluster.crash(victim),
        }
        if fault != Fault::None {
            agree(2);
        }

        // A few commands that may be lost, so that snapshots fall at different moments.
        for _ in 0..cluster.random(5..=14) {
            cluster.start(sender, &cluster.random_command());
        }
        agree(if fault == Fault::None { 3 } else { 2 });
        cluster.check_saved_state_bytes();

        match fault {
            Fault::None => continue,
            Fault::Disconnect => cluster.connect(victim),
            Fault::Crash => cluster.restart(victim),
        }
        agree(3);
        leader = cluster.check_one_leader();
    }
}

/// Goal: all servers crash and restart from their snapshots, five times. Rules N2, N3, P1.
pub(crate) fn snapshot_all_crash(lab: &Lab) {
    let cluster = lab.snapshotting_cluster(3, net_of_restarts(lab.edition()));
    let agree = || cluster.one_with_retry(&cluster.random_command(), 3);
    agree();

    for _ in 0..5 {
        for _ in 0..cluster.random(5..=14) {
            agree();
        }
        let before = agree();
        cluster.crash_and_restart_all();
        let after = agree();
        cluster.check_follows(after, before);
    }
}

/// Goal: a restarted server that saves its state again keeps its snapshot. Rules N2, N3.
pub(crate) fn snapshot_init(lab: &Lab) {
    let cluster = lab.snapshotting_cluster(3, net_of_restarts(lab.edition()));
    let agree = || cluster.one_with_retry(&cluster.random_command(), 3);
    agree();

    // Enough for a snapshot at index 9 and a log after it.
    for _ in 0..11 {
        agree();
    }
    cluster.crash_and_restart_all();

    // One command makes all servers save again.
    agree();
    cluster.crash_and_restart_all();
    agree();
}

fn net_of_restarts(edition: Edition) -> Net {
    match edition {
        Edition::Standard | Edition::ClassicEnding => Net::Reliable,
        Edition::Course2025 => Net::Unreliable,
    }
}

impl Cluster {
    fn crash_and_restart_all(&self) {
        self.all().for_each(|server| self.crash(server));
        self.all().for_each(|server| self.restart(server));
    }
}
