//! Which condition variable an OS thread waits on, so that a crash can wake it.
//!
//! The only place in the real clock where a borrow is kept as a pointer: the condition variable
//! belongs to the program under test, and whoever crashes a machine knows neither its type's
//! owner nor its lifetime.

use parking_lot::{Condvar, Mutex};

struct Waited(*const Condvar);

// SAFETY: a `Condvar` may be used from every thread, and the pointer is only followed under the
// slot's lock while the waiter's borrow lasts.
unsafe impl Send for Waited {}

/// Empty, or the condition variable that the slot's owner waits on.
#[derive(Default)]
pub(super) struct ConditionSlot(Mutex<Option<Waited>>);

impl ConditionSlot {
    /// Enters `condition` until the returned guard is dropped.
    pub(super) fn enter<'a>(&'a self, condition: &'a Condvar) -> Entry<'a> {
        *self.0.lock() = Some(Waited(condition));
        Entry(self)
    }

    /// Wakes the owner if it waits on a condition variable; returns whether it does, or is about
    /// to: one that has entered and does not sleep yet misses this, so call it again.
    ///
    /// Everybody who waits on that condition variable is woken: there is no way to choose.
    pub(super) fn wake(&self) -> bool {
        let slot = self.0.lock();
        let Some(Waited(condition)) = &*slot else { return false };
        // SAFETY: `Entry` holds a borrow of the condition variable, and empties the slot under
        // the lock held here before that borrow can end.
        unsafe { &**condition }.notify_all();
        true
    }
}

/// A condition variable stands in the slot as long as this lives.
pub(super) struct Entry<'a>(&'a ConditionSlot);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        *self.0.0.lock() = None;
    }
}
