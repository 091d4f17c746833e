//! What does not wait, or holds no lock while it waits, is not told.

use labrt::channel::{Select, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;

use crate::common::{MILLI, not_told};

#[test]
fn a_wait_on_the_condition_of_the_only_lock_is_not() {
    not_told(|| {
        let (lock, condition) = (Mutex::new(0), Condvar::new());
        let mut guard = lock.lock();
        condition.wait_for(&mut guard, MILLI);
        condition.wait_while_for(&mut guard, |value| *value == 0, MILLI);
    });
}

#[test]
fn what_can_not_wait_is_not_told() {
    not_told(|| {
        let (sender, receiver) = unbounded();
        let (full, from_full) = bounded(1);
        let (by_hand, from_hand) = bounded::<u32>(0);
        let (lock, other, table) = (Mutex::new(()), Mutex::new(()), RwLock::new(()));
        let condition = Condvar::new();
        let _guard = lock.lock();
        sender.send(1).expect("the receiver is there");
        sender.try_send(2).expect("there is room");
        full.try_send(1).expect("there is room");
        assert!(full.try_send(1).is_err(), "it is full");
        assert!(by_hand.try_send(1).is_err(), "nobody waits");
        assert!(from_hand.try_recv().is_err(), "nobody waits");
        assert_eq!(receiver.try_iter().count(), 2, "both");
        assert_eq!(from_full.try_recv(), Ok(1), "the first");
        let mut select = Select::new();
        select.recv(&receiver);
        assert!(select.try_ready().is_err(), "nothing is left");
        condition.notify_one();
        condition.notify_all();
        thread::yield_now();
        drop(thread::spawn(|| ()));
        drop(other.lock());
        drop(other.try_lock());
        drop(table.read());
        drop(table.write());
    });
}

#[test]
fn a_lock_given_back_before_the_wait_is_not_told() {
    not_told(|| {
        let (lock, table) = (Mutex::new(0), RwLock::new(0));
        *lock.lock() += 1;
        drop(table.read());
        let guard = lock.lock();
        drop(guard);
        thread::sleep(MILLI);
        thread::spawn(|| ()).join().expect("it returns");
    });
}

#[test]
fn a_lock_of_another_thread_is_not_told() {
    not_told(|| {
        let lock = Arc::new(Mutex::new(()));
        let (theirs, (sender, receiver)) = (lock.clone(), unbounded());
        let holder = thread::spawn(move || {
            let _guard = theirs.lock();
            while receiver.try_recv().is_err() {
                thread::yield_now();
            }
        });
        thread::yield_now();
        thread::sleep(MILLI);
        sender.send(()).expect("the holder looks for it");
        holder.join().expect("it returns");
    });
}
