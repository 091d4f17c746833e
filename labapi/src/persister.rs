//! What survives a crash.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use labrt_host::{EventKind, point};
use parking_lot::Mutex;

/// The disk of one server: a Raft state and a snapshot, saved together.
///
/// A server is given its persister when it starts, shares it between its threads, and finds in it
/// what the latest [`save`](Persister::save) put there, crash or not. There is no other way for
/// anything to survive.
#[derive(Default)]
pub struct Persister {
    saved: Mutex<Saved>,
    observer: Option<Arc<dyn SaveObserver>>,
}

#[derive(Clone, Default)]
struct Saved {
    raft_state: Vec<u8>,
    snapshot: Vec<u8>,
}

/// Is shown everything that a persister saves. For whoever runs a server and judges it.
pub trait SaveObserver: Send + Sync {
    /// A save took place. Called once per save, in their order, before the save returns and
    /// before anything can be read back. Must not wait, and must not use the persister.
    fn saved(&self, raft_state: &[u8], snapshot: &[u8]);
}

impl Persister {
    /// A persister that already holds something: for the start of a server from what an earlier
    /// life left. Empty slices mean "nothing saved yet".
    pub fn with(raft_state: &[u8], snapshot: &[u8]) -> Self {
        Self {
            saved: Mutex::new(Saved {
                raft_state: raft_state.to_vec(),
                snapshot: snapshot.to_vec(),
            }),
            observer: None,
        }
    }

    /// The same persister, with `observer` being shown every save from now on.
    pub fn observed_by(self, observer: Arc<dyn SaveObserver>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Replaces the saved Raft state and the saved snapshot, both at once.
    ///
    /// A crash leaves either both old values or both new ones, never one of each, so a log can
    /// not end up beside a snapshot it does not continue. Paper §5.1 and §7. Rules P1, N2.
    ///
    /// `state` and `snapshot` are copied; an empty `snapshot` means "none yet".
    /// Does not fail and does not wait: it may be called under the lock (rule L4).
    ///
    /// The server may crash just before it or just after it. Once the server has crashed, a save
    /// does nothing.
    ///
    /// ```
    /// let persister = labapi::Persister::default();
    /// persister.save(b"term 3, vote 1", b"");
    /// assert_eq!(persister.raft_state(), b"term 3, vote 1");
    /// assert!(persister.snapshot().is_empty());
    /// ```
    #[track_caller]
    pub fn save(&self, state: &[u8], snapshot: &[u8]) {
        let place = Location::caller();
        if !point(EventKind::Save, place) {
            return; // The thread is being ended: its server has crashed.
        }
        self.replace(state, snapshot);
        point(EventKind::Save, place);
    }

    fn replace(&self, state: &[u8], snapshot: &[u8]) {
        // The observer is called under the lock, so that it sees saves in the order in which they
        // replace each other.
        let mut saved = self.saved.lock();
        overwrite(&mut saved.raft_state, state);
        overwrite(&mut saved.snapshot, snapshot);
        if let Some(observer) = &self.observer {
            observer.saved(&saved.raft_state, &saved.snapshot);
        }
    }

    /// A copy of the Raft state saved last; empty if nothing was ever saved. Does not wait.
    pub fn raft_state(&self) -> Vec<u8> {
        self.saved.lock().raft_state.clone()
    }

    /// A copy of the snapshot saved last; empty if there is none yet. Does not wait.
    pub fn snapshot(&self) -> Vec<u8> {
        self.saved.lock().snapshot.clone()
    }

    /// The length of the Raft state saved last, in bytes. Does not wait.
    pub fn raft_state_bytes(&self) -> usize {
        self.saved.lock().raft_state.len()
    }

    /// The length of the snapshot saved last, in bytes; 0 if there is none yet. Does not wait.
    pub fn snapshot_bytes(&self) -> usize {
        self.saved.lock().snapshot.len()
    }

    /// A persister of its own with the same contents, both of the same save. Nobody observes it,
    /// and from here on the two have nothing to do with each other.
    ///
    /// ```
    /// let before = labapi::Persister::with(b"term 3", b"");
    /// let copy = before.copy();
    /// before.save(b"term 4", b"");
    /// assert_eq!(copy.raft_state(), b"term 3");
    /// ```
    pub fn copy(&self) -> Self {
        Self { saved: Mutex::new(self.saved.lock().clone()), observer: None }
    }
}

/// Makes `saved` a copy of `bytes`, in its own memory, and writes only where they differ: most of
/// a save is what the one before held too.
///
/// In small pieces, also because the instruction that copies long stretches is several times
/// slower on some processors if both begin at the same place of a page, and two large allocations
/// do.
fn overwrite(saved: &mut Vec<u8>, bytes: &[u8]) {
    const PIECE_BYTES: usize = 2048;
    saved.truncate(bytes.len());
    let (common, rest) = bytes.split_at(saved.len());
    for (old, new) in saved.chunks_mut(PIECE_BYTES).zip(common.chunks(PIECE_BYTES)) {
        if old != new {
            old.copy_from_slice(new);
        }
    }
    saved.reserve(rest.len());
    rest.chunks(PIECE_BYTES).for_each(|piece| saved.extend_from_slice(piece));
}

impl fmt::Debug for Persister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Persister")
            .field("raft_state_bytes", &self.raft_state_bytes())
            .field("snapshot_bytes", &self.snapshot_bytes())
            .finish_non_exhaustive()
    }
}
