//! Mutual exclusion.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use labrt_host::Place;
use labrt_host::dispatch::{self, Current};
use labrt_host::engine::Engine;
use labrt_host::engine::lock::LockCell;

/// A mutual-exclusion lock, as parking_lot's: `lock` gives the guard, there is no poisoning, and a
/// thread that locks twice deadlocks (rule L6), which the virtual clock reports at once.
///
/// ```
/// use labrt::sync::Mutex;
/// static LOG: Mutex<Vec<u64>> = Mutex::new(Vec::new());
/// LOG.lock().push(1);
/// assert_eq!(LOG.lock().len(), 1);
/// ```
pub struct Mutex<T: ?Sized> {
    pub(super) cell: LockCell,
    /// Keeps the value, and keeps out whoever is not in the run that `cell` belongs to.
    pub(super) real: parking_lot::Mutex<T>,
}

/// The right to the value of a [`Mutex`]; gives the lock back when dropped.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) mutex: &'a Mutex<T>,
    /// `None` only inside a condition wait.
    pub(super) real: Option<parking_lot::MutexGuard<'a, T>>,
    /// Where it was locked, if under the virtual clock.
    pub(super) virtual_place: Option<Place>,
}

impl<T> Mutex<T> {
    /// An open lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { cell: LockCell::new(), real: parking_lot::Mutex::new(value) }
    }

    /// The value, without locking: there is nobody else to lock out.
    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock; waits while another thread has it.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        match dispatch::current() {
            Current::Virtual(engine) => self.lock_virtual(engine, Location::caller()),
            Current::Real(thread) if thread.is_doomed() => self.lock_waiting(),
            // The free lock is the common case, and needs no second look at the machine.
            Current::Outside | Current::Real(_) => match self.real.try_lock() {
                Some(real) => self.guard(real),
                None => self.lock_waiting(),
            },
        }
    }

    #[inline(never)]
    fn lock_virtual(&self, engine: &Engine, place: Place) -> MutexGuard<'_, T> {
        self.cell.lock(engine, place);
        self.virtual_guard(place)
    }

    #[cold]
    fn lock_waiting(&self) -> MutexGuard<'_, T> {
        let Current::Real(thread) = dispatch::current() else {
            return self.guard(self.real.lock());
        };
        thread.check();
        let guard = self.guard(self.real.lock());
        // Killed while waiting: the guard gives the lock back on the way out.
        thread.check();
        guard
    }

    /// Takes the lock if nobody has it. Never waits.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match dispatch::current() {
            Current::Outside => self.real.try_lock().map(|real| self.guard(real)),
            Current::Real(thread) => {
                thread.check();
                self.real.try_lock().map(|real| self.guard(real))
            }
            Current::Virtual(engine) => {
                let place = Location::caller();
                self.cell.try_lock(engine, place).then(|| self.virtual_guard(place))
            }
        }
    }

    /// The value, without locking: `&mut self` proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }

    /// Whether somebody has the lock at this moment.
    pub fn is_locked(&self) -> bool {
        self.real.is_locked()
    }

    #[inline]
    fn guard<'a>(&'a self, real: parking_lot::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard { mutex: self, real: Some(real), virtual_place: None }
    }

    #[inline]
    fn virtual_guard(&self, place: Place) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, real: Some(self.take_real()), virtual_place: Some(place) }
    }

    /// The value's own lock, once the engine has granted the lock.
    #[inline]
    pub(super) fn take_real(&self) -> parking_lot::MutexGuard<'_, T> {
        match self.real.try_lock() {
            Some(real) => real,
            None => held_elsewhere("Mutex"),
        }
    }
}

/// The engine has granted a lock that somebody has who is not of this run, or will never run.
#[cold]
pub(super) fn held_elsewhere(what: &str) -> ! {
    labrt_host::fail(format!(
        "a {what} is held by another run, by a thread of no run, or by a thread that was killed in a \
         destructor: is it in a `static`? Lab code must not share memory between servers or runs"
    ))
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Under the real clock the field's own drop is all.
        if let Some(place) = self.virtual_place {
            self.unlock_virtual(place);
        }
    }
}

impl<T: ?Sized> MutexGuard<'_, T> {
    /// The value, for who only looks at it.
    #[inline]
    pub(super) fn value(&mut self) -> &mut T {
        self.real.as_mut().expect(WAITING)
    }

    #[inline(never)]
    fn unlock_virtual(&mut self, place: Place) {
        let had_it = self.real.take().is_some();
        if let (true, Some(engine)) = (had_it, dispatch::engine()) {
            self.mutex.cell.unlock(engine, place);
        }
    }
}

const WAITING: &str = "a guard is without its lock only inside a condition wait";

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        self.real.as_ref().expect(WAITING)
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        if self.virtual_place.is_some() {
            self.mutex.cell.note_change();
        }
        self.value()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.real, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
