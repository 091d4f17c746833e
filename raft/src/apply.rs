//! The applier: delivers what is committed, without the lock (parts 2B, 2D).
//!
//! Figure 2, "Rules for Servers"; paper §5.3, §7. Rules S2, C3, C4, L4, L7, N3, N8, S5.

use labapi::ApplyMsg;
use labrt::channel::{SendTimeoutError, Sender};
use labrt::sync::Arc;

use crate::server::Server;
use crate::state::RaftState;
use crate::timing;

impl Server {
    /// The applier: the one thread that delivers, hence in order (S2, C3).
    ///
    /// The service may take its time, and call `start` or `snapshot` before it takes the next
    /// message. Both need the lock, so it is free during the delivery (L4, L7).
    ///
    /// The sending end is this thread's own: when it ends, the service finds the channel closed.
    pub(crate) fn run_applier(self: Arc<Self>, apply: &Sender<ApplyMsg>) {
        let mut state = self.lock();
        loop {
            state.wait_while(&self.applier, |state| !state.killed && !state.has_delivery());
            if state.killed {
                return; // S5
            }
            let message = state.next_delivery();
            drop(state); // L4
            let index = message.index();
            if !self.deliver(apply, message) {
                return;
            }
            state = self.lock();
            state.last_applied = index;
        }
    }

    /// Sends to the service, however long it takes. Returns whether it was taken; it is not if
    /// this server was killed or the service is gone (S5).
    fn deliver(&self, apply: &Sender<ApplyMsg>, mut message: ApplyMsg) -> bool {
        loop {
            match apply.send_timeout(message, timing::DELIVERY_PATIENCE) {
                Ok(()) => return true,
                Err(SendTimeoutError::Disconnected(_)) => return false,
                Err(SendTimeoutError::Timeout(not_taken)) => message = not_taken,
            }
            if self.lock().killed {
                return false;
            }
        }
    }
}

impl RaftState {
    /// Whether anything is committed and not delivered (C4).
    fn has_delivery(&self) -> bool {
        self.last_applied < self.commit_index
    }

    /// What comes after the last delivery: the snapshot if it covers that index, else the entry.
    /// So a snapshot stands in order with the entries, be it one from the leader (N8) or one
    /// found at the start (N3).
    fn next_delivery(&self) -> ApplyMsg {
        assert!(self.has_delivery(), "C3: entry {} is not committed", self.last_applied + 1);
        let base = self.log.base();
        if self.last_applied < base.index {
            let data = self.snapshot.clone();
            return ApplyMsg::Snapshot { index: base.index, term: base.term, data };
        }
        let index = self.last_applied + 1;
        ApplyMsg::Command { index, command: self.log.entry(index).command.clone() }
    }
}
