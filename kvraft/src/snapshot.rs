//! Snapshots of the service (part 3B). Rules K3, K8, N9, L7.

use labapi::Raft as _;

use crate::server::Server;
use crate::store::Store;

/// For each so many bytes that are saved, another command is applied before the next snapshot. A
/// server that catches up has much in its log that is not applied yet and has to stay; to save all
/// of that again after every command would keep it from ever catching up.
const BYTES_PER_COMMAND: u64 = 1000;

impl Server {
    /// Makes a snapshot if the saved Raft state has grown to the size at which one is due (K8).
    ///
    /// `index` is that of the command applied last. Called by the apply loop, between two
    /// commands: since nobody else writes the store, it holds what was applied up to there, no
    /// more and no less.
    pub(crate) fn snapshot_if_due(&self, index: u64) {
        let saved_bytes = self.persister.raft_state_bytes();
        if self.snapshot_above.is_none_or(|above| saved_bytes < above) {
            return;
        }
        let mut state = self.state.lock();
        if index < state.snapshot_index + saved_bytes as u64 / BYTES_PER_COMMAND {
            return;
        }
        state.snapshot_index = index;
        let data = labgob::to_bytes(&state.store).expect("a store can be encoded");
        drop(state); // L7: Raft's lock is taken next, and ours is not needed.
        self.raft.snapshot(index, data);
    }

    /// Replaces the store by what a snapshot holds (K8): the map and, just as much, who has had
    /// what applied (K3).
    pub(crate) fn restore(&self, data: &[u8]) {
        self.state.lock().store = decode(data);
    }
}

/// The store that a snapshot holds; of none, that of the beginning (K8).
pub(crate) fn decode(data: &[u8]) -> Store {
    match data {
        [] => Store::default(),
        data => labgob::from_bytes(data).expect("K8: what `snapshot_if_due` has encoded"),
    }
}
