//! Many readers or one writer.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use labrt_host::Place;
use labrt_host::dispatch::{self, Current};
use labrt_host::engine::rwlock::RwLockCell;

use super::mutex::held_elsewhere;

/// A readers-writer lock, as parking_lot's. A reader waits while a writer is waiting, so a thread
/// that reads twice can deadlock.
///
/// ```
/// use labrt::sync::RwLock;
/// let table = RwLock::new(vec![1, 2]);
/// assert_eq!(table.read().len(), 2);
/// table.write().push(3);
/// ```
pub struct RwLock<T: ?Sized> {
    cell: RwLockCell,
    real: parking_lot::RwLock<T>,
}

/// The right to look at the value of an [`RwLock`].
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    real: Option<parking_lot::RwLockReadGuard<'a, T>>,
    virtual_place: Option<Place>,
}

/// The right to change the value of an [`RwLock`].
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    real: Option<parking_lot::RwLockWriteGuard<'a, T>>,
    virtual_place: Option<Place>,
}

impl<T> RwLock<T> {
    /// An open lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { cell: RwLockCell::new(), real: parking_lot::RwLock::new(value) }
    }

    /// The value, without locking.
    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock to read; waits while a writer has it or waits for it.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let (real, virtual_place) = match dispatch::current() {
            Current::Outside => (self.real.read(), None),
            Current::Real(thread) => {
                thread.check();
                let real = self.real.read();
                thread.check();
                (real, None)
            }
            Current::Virtual(engine) => {
                let place = Location::caller();
                self.cell.read(engine, place);
                (self.real.try_read().unwrap_or_else(|| held_elsewhere("RwLock")), Some(place))
            }
        };
        RwLockReadGuard { lock: self, real: Some(real), virtual_place }
    }

    /// Takes the lock to write; waits while anybody has it.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let (real, virtual_place) = match dispatch::current() {
            Current::Outside => (self.real.write(), None),
            Current::Real(thread) => {
                thread.check();
                let real = self.real.write();
                thread.check();
                (real, None)
            }
            Current::Virtual(engine) => {
                let place = Location::caller();
                self.cell.write(engine, place);
                (self.real.try_write().unwrap_or_else(|| held_elsewhere("RwLock")), Some(place))
            }
        };
        RwLockWriteGuard { lock: self, real: Some(real), virtual_place }
    }

    /// Takes the lock to read if that needs no waiting.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let virtual_place = match dispatch::current() {
            Current::Outside => None,
            Current::Real(thread) => {
                thread.check();
                None
            }
            Current::Virtual(engine) => {
                let place = Location::caller();
                if !self.cell.try_read(engine, place) {
                    return None;
                }
                Some(place)
            }
        };
        let real = match (self.real.try_read(), virtual_place) {
            (Some(real), _) => real,
            (None, None) => return None,
            (None, Some(_)) => held_elsewhere("RwLock"),
        };
        Some(RwLockReadGuard { lock: self, real: Some(real), virtual_place })
    }

    /// Takes the lock to write if that needs no waiting.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let virtual_place = match dispatch::current() {
            Current::Outside => None,
            Current::Real(thread) => {
                thread.check();
                None
            }
            Current::Virtual(engine) => {
                let place = Location::caller();
                if !self.cell.try_write(engine, place) {
                    return None;
                }
                Some(place)
            }
        };
        let real = match (self.real.try_write(), virtual_place) {
            (Some(real), _) => real,
            (None, None) => return None,
            (None, Some(_)) => held_elsewhere("RwLock"),
        };
        Some(RwLockWriteGuard { lock: self, real: Some(real), virtual_place })
    }

    /// The value, without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.real = None;
        if let (Some(place), Some(engine)) = (self.virtual_place, dispatch::engine()) {
            self.lock.cell.unlock_read(engine, place);
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.real = None;
        if let (Some(place), Some(engine)) = (self.virtual_place, dispatch::engine()) {
            self.lock.cell.unlock_write(engine, place);
        }
    }
}

const DROPPED: &str = "a guard has its lock until it is dropped";

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.real.as_ref().expect(DROPPED)
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.real.as_ref().expect(DROPPED)
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.real.as_mut().expect(DROPPED)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.real, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
