//! `Mutex`, as users of parking_lot know it.

use labrt::channel::unbounded;
use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt::time::Duration;

use crate::both_clocks;

both_clocks! {
    fn no_increment_is_lost() {
        let counter = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let counter = counter.clone();
                thread::spawn(move || {
                    for _ in 0..20 {
                        let mut counter = counter.lock();
                        let seen = *counter;
                        thread::yield_now();
                        *counter = seen + 1;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("a counting thread returns");
        }
        assert_eq!(*counter.lock(), 80, "4 threads added 20 each");
    }

    fn one_thread_is_inside_at_a_time() {
        let inside = Arc::new(Mutex::new(false));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let inside = inside.clone();
                thread::spawn(move || {
                    for _ in 0..10 {
                        let mut guard = inside.lock();
                        assert!(!*guard, "nobody else is inside");
                        *guard = true;
                        thread::sleep(Duration::from_micros(10));
                        *guard = false;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("each thread gets in");
        }
    }

    fn try_lock_fails_while_another_thread_holds_it() {
        let lock = Arc::new(Mutex::new(1));
        let theirs = lock.clone();
        let ((taken, is_taken), (release, released)) = (unbounded(), unbounded::<()>());
        let holder = thread::spawn(move || {
            let guard = theirs.lock();
            taken.send(()).expect("the main thread waits for this");
            let _ = released.recv();
            drop(guard);
        });
        is_taken.recv().expect("the holder says that it has the lock");
        assert!(lock.try_lock().is_none(), "another thread has the lock");
        assert!(lock.is_locked(), "and that can be seen");
        release.send(()).expect("the holder waits for this");
        holder.join().expect("the holder returns");
        assert_eq!(lock.try_lock().as_deref(), Some(&1), "the lock is free again");
        assert!(!lock.is_locked(), "the guard of try_lock gave it back");
    }

    fn try_lock_fails_on_the_own_lock() {
        let lock = Mutex::new(());
        let guard = lock.lock();
        assert!(lock.try_lock().is_none(), "a Mutex is not reentrant");
        drop(guard);
        assert!(lock.try_lock().is_some(), "free after the drop");
    }

    fn a_waiting_thread_gets_the_lock_when_it_is_released() {
        let lock = Arc::new(Mutex::new(Vec::new()));
        let mut guard = lock.lock();
        let threads: Vec<_> = (0..5)
            .map(|number| {
                let lock = lock.clone();
                thread::spawn(move || lock.lock().push(number))
            })
            .collect();
        thread::sleep(Duration::from_millis(5));
        guard.push(100);
        drop(guard);
        for thread in threads {
            thread.join().expect("each waiting thread gets the lock");
        }
        let mut seen = Arc::into_inner(lock).expect("all others have ended").into_inner();
        assert_eq!(seen[0], 100, "the holder was first");
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3, 4, 100], "everybody was let in once");
    }

    fn a_caught_panic_gives_the_lock_back_and_does_not_poison() {
        let lock = Arc::new(Mutex::new(1));
        let theirs = lock.clone();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut guard = theirs.lock();
            *guard = 2;
            std::panic::resume_unwind(Box::new("thrown under the lock"));
        }));
        assert!(result.is_err(), "it was thrown");
        assert_eq!(*lock.lock(), 2, "the lock is free, its value as it was left");
    }

    fn guards_of_two_locks_are_independent() {
        let (a, b) = (Mutex::new(1), Mutex::new(2));
        let (in_a, in_b) = (a.lock(), b.lock());
        drop(in_a);
        assert!(a.try_lock().is_some(), "a is free");
        assert!(b.try_lock().is_none(), "b is not");
        drop(in_b);
        assert!(b.try_lock().is_some(), "now it is");
    }

    fn the_value_is_reached_without_locking_by_who_owns_it() {
        let mut lock = Mutex::new(String::from("a"));
        lock.get_mut().push('b');
        assert_eq!(format!("{lock:?}"), "Mutex { data: \"ab\" }", "Debug shows a free lock's value");
        let guard = lock.lock();
        assert_eq!((format!("{guard}"), format!("{guard:?}")), ("ab".into(), "\"ab\"".into()), "as the value");
        assert_eq!(format!("{lock:?}"), "Mutex { data: <locked> }", "and does not wait for it");
        drop(guard);
        assert_eq!(lock.into_inner(), "ab", "the value comes out");
        assert_eq!(*Mutex::<u32>::default().lock(), 0, "the default's default");
        assert_eq!(*Mutex::from(7).lock(), 7, "made from a value");
    }

    fn an_unsized_value_can_be_locked() {
        let lock: Arc<Mutex<[u32]>> = Arc::new(Mutex::new([1, 2, 3]));
        lock.lock()[1] = 5;
        assert_eq!(lock.lock().iter().sum::<u32>(), 9, "a slice behind a lock");
    }

    fn a_static_lock_serves_one_run_after_another() {
        // Every program is run many times in this process.
        assert!(STATIC.try_lock().is_some(), "no run leaves it locked for the next");
        *STATIC.lock() += 1;
    }
}

// Each clock has a lock of its own: runs of the two may go on at once.
mod statics {
    use labrt::sync::Mutex;
    pub(super) static VIRTUAL: Mutex<u64> = Mutex::new(0);
    pub(super) static REAL: Mutex<u64> = Mutex::new(0);
}

struct PerClock;

impl std::ops::Deref for PerClock {
    type Target = Mutex<u64>;
    fn deref(&self) -> &Mutex<u64> {
        match labrt_host::clock() {
            Some(labrt_host::Clock::Virtual) => &statics::VIRTUAL,
            _ => &statics::REAL,
        }
    }
}

static STATIC: PerClock = PerClock;
