//! State of a lock, condition or channel that belongs to one run at a time.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Engine;
use super::safety_net;
use crate::failure::FailureKind;
use crate::kill;

/// Runs that are going on in this process.
static LIVE_RUNS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

pub(crate) fn run_begins(id: u64) {
    LIVE_RUNS.lock().push(id);
}

pub(crate) fn run_ends(id: u64) {
    LIVE_RUNS.lock().retain(|live| *live != id);
}

/// A value that the engine of one run touches without further locking.
///
/// The first run to touch it owns it until that run is over; a later run finds it empty again. A
/// `static` is the only way for two runs to meet in one cell; the second is then ended with a
/// message, since servers that share memory have no consensus to reach.
pub(crate) struct RunCell<T> {
    owner: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: `with` gives out the value only to the run named in `owner`, that is, to the one OS
// thread whose turn it is; ownership changes under LIVE_RUNS, after the former owner's run is over.
unsafe impl<T: Send> Sync for RunCell<T> {}

impl<T> RunCell<T> {
    /// A cell that belongs to no run yet.
    pub(crate) const fn new(value: T) -> Self {
        Self { owner: AtomicU64::new(0), value: UnsafeCell::new(value) }
    }

    /// Touches the value; `empty` replaces what an earlier run has left. `f` must not switch
    /// stacks and must not run anybody else's code.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        engine: &Engine,
        empty: impl FnOnce() -> T,
        f: impl FnOnce(&mut T) -> R,
    ) -> R {
        if self.owner.load(Ordering::Acquire) != engine.id {
            self.claim(engine, empty);
        }
        // SAFETY: see the `Sync` implementation; `f` can not come back here.
        f(unsafe { &mut *self.value.get() })
    }

    /// Looks at the value from inside [`Engine::with`].
    ///
    /// # Safety
    /// The cell must belong to the run whose turn it is, and nobody may be inside `with`.
    pub(crate) unsafe fn peek(&self) -> &T {
        // SAFETY: passed on to the caller.
        unsafe { &*self.value.get() }
    }

    #[cold]
    fn claim(&self, engine: &Engine, empty: impl FnOnce() -> T) {
        let live = safety_net::framework(|| LIVE_RUNS.lock());
        let owner = self.owner.load(Ordering::Acquire);
        if owner != 0 && live.contains(&owner) {
            drop(live);
            let message = "a lock, condition or channel of another run was used: \
                is it in a `static`? Lab code must not share memory between servers or runs";
            engine.set_failure(FailureKind::Host, message.to_owned(), None);
            match std::thread::panicking() {
                true => engine.freeze(),
                false => kill::die(),
            }
        }
        if owner != 0 {
            // SAFETY: the owner's run is over, and LIVE_RUNS keeps every other run out.
            unsafe { *self.value.get() = empty() };
        }
        self.owner.store(engine.id, Ordering::Release);
    }
}
