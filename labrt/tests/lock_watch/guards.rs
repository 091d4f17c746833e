//! Which locks count as held, and which of them is named.

use labrt::sync::{Condvar, Mutex, RwLock};
use labrt::thread;
use labrt_host::Operation;

use crate::common::{MILLI, told};

#[test]
fn a_lock_is_held_again_after_a_wait_on_its_condition() {
    told(Operation::Sleep, 1, |at| {
        let (lock, condition) = (Mutex::new(()), Condvar::new());
        let mut guard = lock.lock();
        // The wait takes the lock again: that is where the lock was taken.
        at.next("locked");
        condition.wait_for(&mut guard, MILLI);
        at.next("waits");
        thread::sleep(MILLI);
    });
}

#[test]
fn guards_of_a_rwlock_count() {
    told(Operation::Sleep, 1, |at| {
        let lock = RwLock::new(());
        at.next("locked");
        let _guard = lock.read();
        at.next("waits");
        thread::sleep(MILLI);
    });
    told(Operation::Sleep, 1, |at| {
        let lock = RwLock::new(());
        at.next("locked");
        let _guard = lock.write();
        at.next("waits");
        thread::sleep(MILLI);
    });
}

#[test]
fn guards_of_try_lock_count() {
    told(Operation::Sleep, 1, |at| {
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.try_lock();
        at.next("waits");
        thread::sleep(MILLI);
    });
    told(Operation::Sleep, 1, |at| {
        let lock = RwLock::new(());
        at.next("locked");
        let _guard = lock.try_read();
        at.next("waits");
        thread::sleep(MILLI);
    });
}
