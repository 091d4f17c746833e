//! Unwinding: whether it is going on, and something to do only if a frame is left by it.

use std::cell::Cell;

thread_local! {
    /// A task of this OS thread was frozen in the middle of its unwinding, so that std counts a
    /// panic here for ever.
    static NEVER_ENDS: Cell<bool> = const { Cell::new(false) };
}

/// Whether the OS thread is unwinding, as far as it can still be told: `None` if not.
pub(crate) fn is_unwinding() -> Option<bool> {
    match NEVER_ENDS.get() {
        true => None,
        false => Some(std::thread::panicking()),
    }
}

/// The running task is frozen here and now.
pub(crate) fn freezes() {
    if std::thread::panicking() {
        NEVER_ENDS.set(true);
    }
}

/// Runs its closure when dropped, unless it was disarmed.
pub(crate) struct OnUnwind<F: FnMut()>(Option<F>);

impl<F: FnMut()> OnUnwind<F> {
    pub(crate) fn new(f: F) -> Self {
        Self(Some(f))
    }

    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }
}

impl<F: FnMut()> Drop for OnUnwind<F> {
    fn drop(&mut self) {
        if let Some(f) = &mut self.0 {
            f();
        }
    }
}
