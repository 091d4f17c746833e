//! The apply loop (part 3A). Rules K2, K3, K5, K8, K9, L4.

use labapi::ApplyMsg;
use labrt::channel::Receiver;
use labrt::sync::Arc;

use crate::rpc::{Reply, Request};
use crate::server::Server;

impl Server {
    /// Takes what Raft delivers, in the order of the log: the one place that writes the store
    /// (K5). Ends when Raft does.
    pub(crate) fn run_apply_loop(self: Arc<Self>, deliveries: &Receiver<ApplyMsg>) {
        for message in deliveries {
            match message {
                ApplyMsg::Command { index, command } => {
                    self.apply(&command);
                    self.snapshot_if_due(index);
                }
                ApplyMsg::Snapshot { data, .. } => self.restore(&data),
            }
        }
        self.state.lock().waiters.dismiss_all();
    }

    /// Applies a request, and tells those who wait for it: only now (K9), and only them (K2). On
    /// a server that did not start it, or in a later life, nobody waits.
    fn apply(&self, command: &[u8]) {
        let request: Request = labgob::from_bytes(command).expect("what `submit` has encoded");
        let id = request.id;
        let mut state = self.state.lock();
        let value = state.store.apply(request);
        state.waiters.answer(id, &Reply::Applied { value });
    }
}
