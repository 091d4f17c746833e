//! The service above a Raft: takes what is delivered, and makes snapshots.

use std::sync::Arc;

use labapi::ApplyMsg;
use labrt::channel::{Receiver, bounded};

use super::applied::Applied;
use super::referee::Referee;
use super::submission::RaftServer;
use super::violation::Violation;
use crate::check::wire::Checkers;

/// After how many entries the snapshotting service makes a snapshot.
const SNAPSHOT_INTERVAL: u64 = 10;

/// What the service does besides taking what is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Nothing. It knows no snapshots, and ignores those that are delivered.
    Plain,
    /// It makes a snapshot at the indexes 9, 19, 29 and so on, in its loop: nobody receives from
    /// the apply channel then (rule N9).
    Snapshotting,
}

/// The service of one server in one of its lives.
pub(crate) struct Applier {
    pub(crate) server: usize,
    pub(crate) life: u32,
    pub(crate) service: Service,
    pub(crate) raft: Arc<dyn RaftServer>,
    pub(crate) deliveries: Receiver<ApplyMsg>,
    pub(crate) applied: Arc<Applied>,
    pub(crate) checkers: Checkers,
    pub(crate) referee: Arc<Referee>,
}

impl Applier {
    /// Serves until the machine ends. Owns the Raft: it is dropped here, on its own machine.
    pub(crate) fn run(self) {
        while let Ok(message) = self.deliveries.recv() {
            if let Err(violation) = self.apply(message) {
                self.referee.fail(violation);
            }
            if let Some(index) = self.applied.last_applied_in(self.server, self.life) {
                self.referee.see(self.server, |seen| seen.applied = Some(index));
            }
        }
        // The Raft has closed the channel, and can still be called.
        let (_kept, never) = bounded::<()>(0);
        let _ = never.recv();
    }

    fn apply(&self, message: ApplyMsg) -> Result<(), Violation> {
        match (message, self.service) {
            (ApplyMsg::Snapshot { .. }, Service::Plain) => Ok(()),
            (ApplyMsg::Snapshot { index, data, .. }, Service::Snapshotting) => {
                self.applied.install(self.server, self.life, index, &data)?;
                self.checkers.applied_snapshot(self.server, self.life, index);
                Ok(())
            }
            (ApplyMsg::Command { index, command }, service) => {
                self.checkers.applied(self.server, self.life, index, &command);
                self.applied.record(self.server, self.life, index, command)?;
                if service == Service::Snapshotting && (index + 1) % SNAPSHOT_INTERVAL == 0 {
                    let snapshot = self.applied.snapshot(index);
                    self.checkers.snapshot_made(self.server, index, &snapshot);
                    self.raft.snapshot(index, snapshot);
                }
                Ok(())
            }
        }
    }
}
