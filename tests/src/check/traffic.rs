//! How many RPCs and bytes it took, and how much is saved.

use std::ops::RangeInclusive;

use labapi::Persister;
use labrt_host::now;

use crate::harness::{Broken, Cluster, Violation, seconds, server_name};

/// The largest saved Raft state that a test with snapshots allows, in bytes.
const SAVED_STATE_BYTES_MAX: usize = 2000;

impl Cluster {
    /// How many requests were dispatched to all servers in their present lives.
    pub(crate) fn rpc_count(&self) -> u64 {
        let counts = self.all().map(|server| self.network().server_count(&server_name(server)));
        counts.map(|count| count.expect("every server was added to the network")).sum()
    }

    /// The bytes of all arguments sent and all replies delivered so far.
    pub(crate) fn byte_count(&self) -> u64 {
        self.network().total_bytes()
    }

    /// `what` took a number of RPCs within `allowed`.
    pub(crate) fn check_rpcs(&self, count: u64, allowed: RangeInclusive<u64>, what: &str) {
        if count < *allowed.start() {
            self.referee().fail(Violation::new(
                Broken::TooFewRpcs,
                format!("at least {} RPCs for {what}", allowed.start()),
                format!("there were {count} by {}", seconds(now())),
            ));
        }
        if *allowed.end() < count {
            self.referee().fail(Violation::new(
                Broken::TooManyRpcs,
                format!("at most {} RPCs for {what}", allowed.end()),
                format!("there were {count} by {}", seconds(now())),
            ));
        }
    }

    /// A second without commands took few enough RPCs.
    pub(crate) fn check_idle_rpcs(&self, count: u64, most: u64) {
        if most < count {
            self.referee().fail(Violation::new(
                Broken::TooManyIdleRpcs,
                format!("at most {most} RPCs in a second without commands"),
                format!("there were {count}, by {}", seconds(now())),
            ));
        }
    }

    /// `what` took few enough bytes.
    pub(crate) fn check_bytes(&self, count: u64, most: u64, what: &str) {
        if most < count {
            self.referee().fail(Violation::new(
                Broken::TooManyBytes,
                format!("at most {most} bytes of RPCs for {what}"),
                format!("there were {count}, by {}", seconds(now())),
            ));
        }
    }

    /// No server has saved a Raft state that snapshots should have kept smaller.
    pub(crate) fn check_saved_state_bytes(&self) {
        let (bytes, server) = self.saved_bytes_max(Persister::raft_state_bytes);
        if SAVED_STATE_BYTES_MAX <= bytes {
            self.referee().fail(Violation::new(
                Broken::LogTooLarge,
                format!(
                    "less than {SAVED_STATE_BYTES_MAX} bytes of saved Raft state, with a snapshot \
                     every ten entries"
                ),
                format!("server {server} has saved {bytes} bytes, at {}", seconds(now())),
            ));
        }
    }
}
