//! Part 2X: requests that arrive once more, long after they were answered.

use labrpc_host::EndSpec;

use crate::harness::{Cluster, Kind, Lab, Net, Wiretap, server_name};

/// Goal: what was sent to a follower before arrives again, in any order, before and after the next
/// election: nothing that was committed is lost. Rules A2, A6, E10, S4.
pub(crate) fn old_requests(lab: &Lab) {
    repeat_all(&lab.cluster(3, Net::Reliable), 12);
}

/// Goal: the same with snapshots among the requests. Rules N4, N5, N8, A2.
pub(crate) fn old_snapshots(lab: &Lab) {
    repeat_all(&lab.snapshotting_cluster(3, Net::Reliable), 33);
}

fn repeat_all(cluster: &Cluster, commands: usize) {
    let wiretap = Wiretap::on(cluster);
    let agree = |servers| cluster.one_with_retry(&cluster.random_command(), servers);
    agree(3);
    let leader = cluster.check_one_leader();
    let [follower, away] = [1, 2].map(|steps| cluster.after(leader, steps));
    let ends = [
        cluster.repeater(follower, "repeater of the first"),
        cluster.repeater(away, "repeater of the second"),
    ];

    // Both are away in turn, so that either may be sent a snapshot.
    cluster.disconnect(follower);
    for _ in 0..commands {
        agree(2);
    }
    cluster.connect(follower);
    agree(3);
    cluster.disconnect(away);
    let before = agree(2);
    for _ in 1..commands {
        agree(2);
    }
    let committed = agree(2);

    // The leader goes. What it has sent arrives once more, at the only other one that has it all.
    cluster.disconnect(leader);
    cluster.repeat(&wiretap, follower, ends[0]);
    cluster.connect(away);
    cluster.repeat(&wiretap, follower, ends[0]);
    let next = cluster.check_one_leader();
    let after = agree(2);
    cluster.check_follows(after, committed);

    // Its term is over now; it all arrives again, at both.
    cluster.repeat(&wiretap, follower, ends[0]);
    cluster.repeat(&wiretap, away, ends[1]);
    let later = agree(2);
    cluster.check_follows(later, after);
    cluster.check_follows(committed, before);

    cluster.restart(next);
    cluster.connect(leader);
    agree(3);
}

impl Cluster {
    fn repeater(&self, server: usize, end: &'static str) -> &'static str {
        let network = self.network();
        let made = network.make_end(EndSpec::new(end));
        let made = made.and_then(|_| network.connect(end, &server_name(server)));
        made.and_then(|()| network.enable(end, true)).expect("each is made once");
        end
    }

    /// Sends what was ever sent to `server` by another, except votes that would begin terms of
    /// their own; first in the order in which it was sent, then some of it at random.
    fn repeat(&self, wiretap: &Wiretap, server: usize, end: &str) {
        const MOST: usize = 60;
        let requests = wiretap.requests(|request| request.to == server && request.from != server);
        let (snapshots, others): (Vec<_>, Vec<_>) =
            requests.into_iter().partition(|request| request.kind == Kind::InstallSnapshot);
        let step = others.len() / MOST + 1;
        let in_order = others.iter().step_by(step).chain(&snapshots);
        let at_random = (0..MOST / 2).map(|_| &others[self.random(0..others.len())]);
        let again = snapshots.iter().rev().take(2);
        for request in in_order.chain(at_random).chain(again) {
            let sent = self.network().call(end, request.method, request.bytes.clone());
            sent.expect("the end was made");
        }
    }
}
