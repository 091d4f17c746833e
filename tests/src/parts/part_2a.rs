//! Part 2A: elections.

use crate::harness::{Lab, Net};

/// Goal: a cluster elects a leader, and keeps it while nothing happens.
/// Rules E1, E2, E4, E7, E9.
pub(crate) fn initial_election(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);

    cluster.check_one_leader();
    cluster.sleep_ms(50);
    let first = cluster.check_terms();
    cluster.check_term_begun(first);

    cluster.sleep_ms(2000);
    let second = cluster.check_terms();
    if first != second {
        cluster.referee().warn(format!(
            "the term went from {first} to {second} though nothing failed (rules E1, E4, E9)"
        ));
    }
    cluster.check_one_leader();
}

/// Goal: a lost leader is replaced, an old one steps down when it comes back, and a minority
/// elects nobody. Rules E2, E3, E7, E10, E11.
pub(crate) fn re_election(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    let old_leader = cluster.check_one_leader();

    cluster.disconnect(old_leader);
    cluster.check_one_leader();

    // The old leader comes back, and does not disturb the new one.
    cluster.connect(old_leader);
    let leader = cluster.check_one_leader();

    // One server is left: no majority.
    let other = cluster.after(leader, 1);
    cluster.disconnect(leader);
    cluster.disconnect(other);
    let terms = cluster.terms();
    cluster.sleep_ms(2000);
    cluster.check_nobody_elected_since(&terms);

    cluster.connect(other);
    cluster.check_one_leader();

    cluster.connect(leader);
    cluster.check_one_leader();
}

/// Goal: a majority of seven always finds a leader, whichever three are away.
/// Rules E2, E3, E4, E7.
pub(crate) fn many_elections(lab: &Lab) {
    let cluster = lab.cluster(7, Net::Reliable);
    cluster.check_one_leader();

    for _ in 0..9 {
        let away = [0; 3].map(|_| cluster.random(cluster.all()));
        away.iter().for_each(|server| cluster.disconnect(*server));
        cluster.check_one_leader();
        away.iter().for_each(|server| cluster.connect(*server));
    }
    cluster.check_one_leader();
}
