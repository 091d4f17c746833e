//! Part 2X: links that carry messages one way only.

use crate::harness::{Cluster, Lab, Net, server_name};

/// Goal: whichever links are cut, one way or both, nothing that was committed is lost, and all is
/// well when they are mended. Rules C2, E3, R2, S4.
pub(crate) fn one_way_links(lab: &Lab) {
    const SERVERS: usize = 5;
    let cluster = lab.cluster(SERVERS, Net::Reliable);
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
    for _ in 0..30 {
        for _ in 0..cluster.random(1..=8) {
            cluster.cut(cluster.random(cluster.all()), cluster.random(cluster.all()));
        }
        for server in cluster.all() {
            cluster.start(server, &cluster.random_command());
        }
        cluster.sleep_ms(cluster.random(0..=400));
        if cluster.chance(300) {
            cluster.network().mend_all();
        }
    }
    cluster.network().mend_all();
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
}

/// Goal: a leader that can speak and not hear commits nothing; one that can hear and not speak is
/// replaced. Rules C2, E3, E9, R2.
pub(crate) fn half_a_leader(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    let index = cluster.one(&cluster.random_command(), 3);

    // It speaks, and hears nothing.
    let leader = cluster.check_one_leader();
    let others = [1, 2].map(|steps| cluster.after(leader, steps));
    others.iter().for_each(|other| cluster.cut(*other, leader));
    let term = cluster.state(leader).map(|state| state.term);
    cluster.start(leader, &cluster.random_command());
    cluster.sleep_ms(1000);
    let still_leads = others
        .iter()
        .all(|other| cluster.state(*other).is_some_and(|state| Some(state.term) == term));
    if still_leads {
        cluster.check_not_committed(index + 1, "its leader hears of no follower that has it");
    }
    cluster.network().mend_all();
    cluster.one_with_retry(&cluster.random_command(), 3);

    // It hears, and cannot speak.
    let leader = cluster.check_one_leader();
    let others = [1, 2].map(|steps| cluster.after(leader, steps));
    others.iter().for_each(|other| cluster.cut(leader, *other));
    cluster.one_with_retry(&cluster.random_command(), 2);
    cluster.network().mend_all();
    cluster.one_with_retry(&cluster.random_command(), 3);
}

impl Cluster {
    /// Stops what goes from one server to another.
    fn cut(&self, from: usize, to: usize) {
        self.network().cut(&server_name(from), &server_name(to)).expect("both are servers");
    }
}
