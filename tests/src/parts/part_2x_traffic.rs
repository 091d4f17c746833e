//! Part 2X: what a peer costs that cannot be reached, or whose log differs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use labgob::Value;
use labrpc_host::{Event, Stage};
use labrt::time::Duration;
use labrt_host::now;

use crate::harness::{Broken, Cluster, Kind, Lab, Net, called, kind, seconds};

/// Goal: a peer that is cut off does not cost more and more messages. Rules R3, E9.
pub(crate) fn silent_peer_costs_little(lab: &Lab) {
    const SERVERS: usize = 3;
    /// As many as the servers may send when all is well, and as many for elections of the one
    /// that is cut off.
    const CALLS_A_SECOND_MAX: u64 = 2 * 3 * 20;
    let cluster = lab.cluster(SERVERS, Net::Reliable);
    for _ in 0..3 {
        cluster.one(&cluster.random_command(), SERVERS);
    }
    let cut_off = cluster.after(cluster.check_one_leader(), 1);
    cluster.disconnect(cut_off);
    // A call to it fails after up to seven seconds, and then after up to a tenth of one.
    for long_delays in [true, false] {
        cluster.network().set_long_delays(long_delays);
        for _ in 0..10 {
            cluster.one(&cluster.random_command(), SERVERS - 1);
            cluster.sleep_ms(500);
        }
        for _ in 0..3 {
            let before = cluster.network().total_count();
            cluster.sleep_ms(1000);
            let count = cluster.network().total_count() - before;
            cluster.check_idle_rpcs(count, CALLS_A_SECOND_MAX);
        }
    }
    cluster.network().set_long_delays(true);
    cluster.connect(cut_off);
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
}

/// Goal: a follower whose last entries differ is sent those, and not the whole log. Rules B2, B3,
/// B4.
pub(crate) fn conflict_costs_little(lab: &Lab) {
    const SERVERS: usize = 3;
    const COMMANDS: usize = 100;
    const COMMAND_BYTES: usize = 2000;
    /// Entries that only the follower has, and entries that it lacks.
    const OWN: usize = 3;
    const MISSING: usize = 5;
    /// Half of what stands before them. One that goes back an entry at a time, and sends all that
    /// follows each time, needs less.
    const BYTES_MAX: u64 = (COMMANDS * COMMAND_BYTES / 2) as u64;
    let cluster = lab.cluster(SERVERS, Net::Reliable);
    for _ in 0..COMMANDS {
        cluster.one(&cluster.random_text(COMMAND_BYTES), SERVERS);
    }

    // It leads a term of which nobody else has an entry.
    let lonely = cluster.after(cluster.check_one_leader(), 1);
    cluster.make_leader(lonely);
    cluster.disconnect(lonely);
    for _ in 0..OWN {
        cluster.start(lonely, &cluster.random_text(COMMAND_BYTES));
    }
    let mut last = 0;
    for _ in 0..MISSING {
        last = cluster.one_with_retry(&cluster.random_text(COMMAND_BYTES), SERVERS - 1);
    }
    // Elected now, a leader has no better guess than the end of its log.
    let leader = cluster.check_one_leader();
    let other = cluster.all().find(|server| ![lonely, leader].contains(server));
    cluster.make_leader(other.unwrap_or(leader));
    last = last.max(cluster.one_with_retry(&cluster.random_text(COMMAND_BYTES), SERVERS - 1));
    cluster.sleep_ms(300);

    let before = cluster.byte_count();
    cluster.connect(lonely);
    cluster.applies_within(lonely, last, Duration::from_secs(5));
    let what = format!("a follower that lacks {MISSING} entries, and has {OWN} of its own");
    cluster.check_bytes(cluster.byte_count() - before, BYTES_MAX, &what);
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
}

/// Goal: where two logs part is found in a few steps, and not an entry at a time. Rules B1, B2, B3.
pub(crate) fn deep_conflict(lab: &Lab) {
    const SERVERS: usize = 3;
    /// Entries of one term that only the follower has, and of another that only the others have.
    const ENTRIES: u64 = 200;
    /// One that goes back a term at a time is refused a few times.
    const REFUSALS_MAX: u64 = ENTRIES / 4;
    let cluster = lab.cluster(SERVERS, Net::Reliable);
    cluster.one(&cluster.random_command(), SERVERS);
    let lonely = cluster.check_one_leader();
    cluster.disconnect(lonely);
    for _ in 0..ENTRIES {
        cluster.start(lonely, &cluster.random_command());
    }
    let first = cluster.one_with_retry(&cluster.random_command(), SERVERS - 1);
    let leader = cluster.check_one_leader();
    for _ in 0..ENTRIES {
        cluster.start(leader, &cluster.random_command());
    }
    // Elected now, a leader has no better guess than the end of its log.
    let last = cluster.one_with_retry(&cluster.random_command(), SERVERS - 1);
    let other = cluster.all().find(|server| ![lonely, leader].contains(server));
    cluster.make_leader(other.unwrap_or(leader));
    if last < first + ENTRIES {
        return; // Another leader came in between.
    }

    let refusals = cluster.refusals_of(lonely);
    cluster.connect(lonely);
    let caught_up = cluster.applies_within(lonely, last, Duration::from_secs(20));
    let refusals = refusals.load(Ordering::Relaxed);
    if REFUSALS_MAX < refusals {
        cluster.fail(
            Broken::BackUpTooSlow,
            format!(
                "at most {REFUSALS_MAX} refusals before server {lonely} is sent what it lacks: it \
                 has {ENTRIES} entries of one term that the others lack"
            ),
            format!(
                "it refused {refusals} times, and had {} by {}",
                if caught_up { "caught up" } else { "not caught up" },
                seconds(now())
            ),
        );
    }
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
}

impl Cluster {
    /// How often `server` refuses entries from now on.
    fn refusals_of(&self, server: usize) -> Arc<AtomicU64> {
        let refusals = Arc::new(AtomicU64::new(0));
        let counted = refusals.clone();
        self.network().tap(move |event: &Event<'_>| {
            let message = &event.message;
            if event.stage == Stage::ReplySent
                && called(message) == Some(server)
                && kind(message) == Some(Kind::AppendEntries)
                && message.field("success").and_then(Value::as_bool) == Some(false)
            {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        refusals
    }
}
