//! What a key/value service has stored, and how much of it is saved.

use std::collections::BTreeSet;

use labapi::Persister;
use labrt::thread;
use labrt::time::Duration;
use labrt_host::now;

use crate::harness::{
    Broken, Client, KvCluster, Violation, has_in_order, marker, markers, seconds, server_name,
};

/// How many times the size from which a snapshot is due a saved Raft state may have.
const LOG_FACTOR_MAX: usize = 8;
/// How long after a read that misses something it is tried again.
const LATER: Duration = Duration::from_secs(1);
/// After which time an operation counts as one that will never be done.
const HANGS: Duration = Duration::from_secs(20);

impl KvCluster {
    /// `key` holds `expected`.
    pub(crate) fn check_value(&self, client: &mut Client, key: &str, expected: &str) {
        let called = now();
        let value = client.get(key);
        if value == expected {
            return;
        }
        let until = now();
        let broken = self.why_wrong(client, key, expected, &value);
        self.referee().fail(Violation::new(
            broken,
            format!("key `{key}` to hold {}", excerpt(expected, parting(expected, &value))),
            format!(
                "client {} has read {}, between {} and {}",
                client.number(),
                excerpt(&value, parting(expected, &value)),
                seconds(called),
                seconds(until)
            ),
        ));
    }

    /// What it means that the only client that writes `key` has read `value` there, and not what
    /// it had written.
    fn why_wrong(&self, client: &mut Client, key: &str, expected: &str, value: &str) -> Broken {
        let mut appended = BTreeSet::new();
        if markers(value).any(|marker| !appended.insert(marker)) {
            return Broken::AppliedTwice;
        }
        if markers(expected).all(|marker| appended.contains(marker)) {
            return Broken::WrongValue;
        }
        thread::sleep(LATER);
        if client.get(key) == expected { Broken::StaleRead } else { self.append_lost() }
    }

    /// As [`check_appends`](Self::check_appends), of the value that `client` reads.
    pub(crate) fn check_appended(&self, client: &mut Client, key: &str, me: u32, count: u32) {
        let value = client.get(key);
        let appended: BTreeSet<_> = markers(&value).collect();
        let missing = (0..count).map(|n| marker(me, n)).find(|it| !appended.contains(&it[..]));
        if let Some(missing) = missing {
            thread::sleep(LATER);
            if client.get(key).contains(&missing) {
                self.referee().fail(Violation::new(
                    Broken::StaleRead,
                    format!(
                        "`{missing}`, which was appended, in what client {} reads",
                        client.number()
                    ),
                    format!(
                        "it is missing in {}, and was there later",
                        excerpt(&value, value.len())
                    ),
                ));
            }
        }
        self.check_appends(&value, me, count);
    }

    /// An append that was acknowledged is gone for good.
    fn append_lost(&self) -> Broken {
        match self.makes_snapshots() {
            true => Broken::AppendLostWithSnapshots,
            false => Broken::AppendLost,
        }
    }

    /// The `count` values that client `me` appended are in `value`, each once, and in their order.
    pub(crate) fn check_appends(&self, value: &str, me: impl TryInto<u32>, count: u32) {
        let me = me.try_into().unwrap_or(u32::MAX);
        if has_in_order(value, me, count) {
            return;
        }
        let mut end_of_last = 0;
        for number in 0..count {
            let appended = marker(me, number);
            let expectation = format!("`{appended}`, which was appended once, once in the value");
            let Some(at) = value.find(&appended) else {
                self.referee().fail(Violation::new(
                    self.append_lost(),
                    expectation,
                    format!(
                        "it is missing in {}, at {}",
                        excerpt(value, end_of_last),
                        seconds(now())
                    ),
                ));
            };
            if value.rfind(&appended) != Some(at) {
                self.referee().fail(Violation::new(
                    Broken::AppliedTwice,
                    expectation,
                    format!(
                        "it is there more than once: {}, at {}",
                        excerpt(value, at),
                        seconds(now())
                    ),
                ));
            }
            if at < end_of_last {
                self.referee().fail(Violation::new(
                    Broken::AppendsReordered,
                    format!("`{appended}` after what its client had appended before"),
                    format!("it stands before that: {}, at {}", excerpt(value, at), seconds(now())),
                ));
            }
            end_of_last = at + appended.len();
        }
    }

    /// No operation takes as long as none does in a cluster that has a majority now and then.
    pub(crate) fn check_none_hangs(&self) {
        let history = self.history();
        let waiting = history.operations().iter().filter(|operation| operation.returned.is_none());
        let longest = waiting.min_by_key(|operation| operation.call);
        if let Some(operation) = longest.filter(|operation| operation.call + HANGS < now()) {
            let violation = Violation::new(
                Broken::OperationHangs,
                format!("every operation done within {}", seconds(HANGS)),
                format!(
                    "client {} waits since {} at {}, for {:?}",
                    operation.client,
                    seconds(operation.call),
                    seconds(now()),
                    operation.input
                ),
            );
            self.referee().fail(violation.within(now() - operation.call));
        }
    }

    /// No server has saved a Raft state that snapshots should have kept smaller.
    pub(crate) fn check_log_bytes(&self, snapshot_above: usize) {
        let (bytes, server) = self.saved_bytes_max(Persister::raft_state_bytes);
        let most = LOG_FACTOR_MAX * snapshot_above;
        if most < bytes {
            self.referee().fail(Violation::new(
                Broken::LogNotTrimmed,
                format!(
                    "at most {most} bytes of saved Raft state, with a snapshot due from \
                     {snapshot_above} bytes on"
                ),
                format!("{} has saved {bytes} bytes, at {}", server_name(server), seconds(now())),
            ));
        }
    }

    /// No server has saved a snapshot.
    pub(crate) fn check_no_snapshot(&self) {
        let (bytes, server) = self.saved_bytes_max(Persister::snapshot_bytes);
        if 0 < bytes {
            self.referee().fail(Violation::new(
                Broken::UnwantedSnapshot,
                "no snapshot, since the servers were told to make none",
                format!(
                    "{} has saved one of {bytes} bytes, by {}",
                    server_name(server),
                    seconds(now())
                ),
            ));
        }
    }

    /// No server has saved a snapshot of more than `most` bytes.
    pub(crate) fn check_snapshot_bytes(&self, most: usize, holding: &str) {
        let (bytes, server) = self.saved_bytes_max(Persister::snapshot_bytes);
        if most < bytes {
            self.referee().fail(Violation::new(
                Broken::SnapshotTooLarge,
                format!("at most {most} bytes of snapshot, which holds {holding}"),
                format!("{} has saved {bytes} bytes, at {}", server_name(server), seconds(now())),
            ));
        }
    }
}

/// Where two values part.
fn parting(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

/// A value as messages show it: of a long one what stands around `at`.
fn excerpt(value: &str, at: usize) -> String {
    const AROUND: usize = 32;
    let (from, to) = (at.saturating_sub(AROUND), at.saturating_add(AROUND).min(value.len()));
    let shown = String::from_utf8_lossy(&value.as_bytes()[from.min(to)..to]);
    let (before, after) =
        (if 0 < from { "..." } else { "" }, if to < value.len() { "..." } else { "" });
    format!("`{before}{shown}{after}` ({} bytes)", value.len())
}
