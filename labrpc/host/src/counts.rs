//! What the network has carried so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// Totals of one network. Sums only, so relaxed.
#[derive(Default)]
pub(crate) struct Counts {
    calls: AtomicU64,
    bytes: AtomicU64,
}

impl Counts {
    /// A call was made; whatever becomes of it, it counts, and so do its arguments.
    pub(crate) fn request(&self, bytes: usize) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A reply is being delivered. One that is lost or discarded counts nothing.
    pub(crate) fn reply(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
