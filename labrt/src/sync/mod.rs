//! Locks, conditions and atomics, in the shapes of parking_lot and std.

pub mod atomic;
mod condvar;
mod mutex;
mod rwlock;

pub use std::sync::{Arc, Weak};

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
