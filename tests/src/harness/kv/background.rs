//! An operation that goes on while the scenario does.

use std::time::Duration;

use labrt::channel::{Receiver, unbounded};
use labrt::thread;
use labrt_host::now;

use super::client::Client;
use super::cluster::KvCluster;
use crate::harness::{Broken, Violation, seconds};

/// An operation in a thread of its own.
pub(crate) struct Background {
    done: Receiver<Duration>,
    client: usize,
    what: &'static str,
}

impl Background {
    /// Begins `operation`, which messages call `what`.
    pub(crate) fn start(
        mut client: Client,
        what: &'static str,
        operation: impl FnOnce(&mut Client) + Send + 'static,
    ) -> Self {
        let (sender, done) = unbounded();
        let number = client.number();
        thread::spawn(move || {
            operation(&mut client);
            let _ = sender.send(now());
        });
        Self { done, client: number, what }
    }

    /// The number of its client.
    pub(crate) fn client(&self) -> usize {
        self.client
    }

    /// Whether it is done.
    pub(crate) fn is_done(&self) -> bool {
        !self.done.is_empty()
    }

    /// It is not done within `patience`; `why` says why it cannot be.
    pub(crate) fn check_waits(&self, cluster: &KvCluster, patience: Duration, why: &str) {
        if let Ok(at) = self.done.recv_timeout(patience) {
            cluster.referee().fail(Violation::new(
                Broken::MinorityServes,
                format!("{} of client {} to wait: {why}", self.what, self.client),
                format!("it was done at {}", seconds(at)),
            ));
        }
    }

    /// It is done within `limit` from now.
    pub(crate) fn check_ends(&self, cluster: &KvCluster, limit: Duration) {
        let begun = now();
        if self.done.recv_timeout(limit).is_err() {
            let violation = Violation::new(
                Broken::OperationHangs,
                format!(
                    "{} of client {} done by {}, since it reaches servers that are a majority",
                    self.what,
                    self.client,
                    seconds(begun + limit)
                ),
                format!("it still waits at {}", seconds(now())),
            );
            cluster.referee().fail(violation.within(limit));
        }
    }
}
