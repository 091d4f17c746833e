//! Part 3X, aimed: threads that are stalled between two critical sections.

use labrt::time::Duration;
use labrt_host::Stalls;

use crate::harness::{Background, KvSetup, Lab, Net, marker};

/// Goal: an operation that was applied before its handler came to wait for it is answered all the
/// same, and so is any other, whatever happens between two critical sections. Rules K2, K5, L5.
pub(crate) fn stalled_handlers(lab: &Lab) {
    const CLIENTS: u32 = 3;
    const APPENDS: u32 = 20;
    /// Several times what all the stalls take together that an operation may meet with.
    const LIMIT: Duration = Duration::from_secs(40);
    let cluster = lab.kv_cluster(KvSetup {
        servers: 3,
        net: Net::Reliable,
        snapshot_above: None,
        clients: CLIENTS,
    });
    let mut main = cluster.client(&cluster.everyone());
    main.put("k", "");

    // Longer than agreement takes, and short beside any election timeout.
    cluster.stall_all(Some(Stalls { one_in: 4, longest: Duration::from_millis(40) }));
    let appends = |me| {
        let client = cluster.client(&cluster.everyone());
        Background::start(client, "the appends", move |client| {
            (0..APPENDS).for_each(|number| client.append("k", &marker(me, number)));
        })
    };
    let appending: Vec<_> = (0..CLIENTS).map(appends).collect();
    appending.iter().for_each(|appends| appends.check_ends(&cluster, LIMIT));
    cluster.stall_all(None);

    let value = main.get("k");
    (0..CLIENTS).for_each(|me| cluster.check_appends(&value, me, APPENDS));
}
