//! `RwLock`, as users of parking_lot know it.

use labrt::channel::unbounded;
use labrt::sync::{Arc, RwLock};
use labrt::thread;
use labrt::time::Duration;

use crate::both_clocks;

both_clocks! {
    fn readers_share() {
        let lock = Arc::new(RwLock::new(7));
        let (inside, all_inside) = unbounded();
        let mine = lock.read();
        let others: Vec<_> = (0..3)
            .map(|_| {
                let (lock, inside) = (lock.clone(), inside.clone());
                thread::spawn(move || {
                    let value = *lock.read();
                    inside.send(value).expect("the main thread counts");
                })
            })
            .collect();
        for _ in 0..3 {
            assert_eq!(all_inside.recv(), Ok(7), "a reader gets in beside the main thread");
        }
        drop(mine);
        for other in others {
            other.join().expect("a reader returns");
        }
    }

    fn a_writer_excludes_readers_and_writers() {
        let lock = Arc::new(RwLock::new(0));
        let writer = lock.write();
        assert!(lock.try_read().is_none(), "no reader beside a writer");
        assert!(lock.try_write().is_none(), "no second writer");
        drop(writer);
        let reader = lock.read();
        assert!(lock.try_write().is_none(), "no writer beside a reader");
        assert!(lock.try_read().is_some(), "a second reader");
        drop(reader);
        assert!(lock.try_write().is_some(), "free again");
    }

    fn no_write_is_lost_and_none_is_seen_half() {
        let lock = Arc::new(RwLock::new((0, 0)));
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let lock = lock.clone();
                thread::spawn(move || {
                    for _ in 0..10 {
                        let mut pair = lock.write();
                        pair.0 += 1;
                        thread::yield_now();
                        pair.1 += 1;
                    }
                })
            })
            .collect();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let lock = lock.clone();
                thread::spawn(move || {
                    for _ in 0..10 {
                        let pair = lock.read();
                        let first = pair.0;
                        thread::yield_now();
                        assert_eq!(first, pair.1, "nobody writes while somebody reads");
                    }
                })
            })
            .collect();
        for thread in writers.into_iter().chain(readers) {
            thread.join().expect("everybody gets in");
        }
        assert_eq!(*lock.read(), (30, 30), "3 writers added 10 each");
    }

    fn a_waiting_writer_gets_in_when_the_readers_leave() {
        let lock = Arc::new(RwLock::new(1));
        let reader = lock.read();
        let theirs = lock.clone();
        let writer = thread::spawn(move || *theirs.write() = 2);
        thread::sleep(Duration::from_millis(5));
        assert_eq!(*reader, 1, "not while there is a reader");
        drop(reader);
        writer.join().expect("the writer gets in");
        assert_eq!(*lock.read(), 2, "and has written");
    }

    fn waiting_readers_and_writers_all_get_in() {
        let lock = Arc::new(RwLock::new(0));
        let guard = lock.write();
        let threads: Vec<_> = (0..6)
            .map(|number| {
                let lock = lock.clone();
                thread::spawn(move || match number % 2 {
                    0 => *lock.write() += 1,
                    _ => assert!(*lock.read() <= 3, "three write at most"),
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(5));
        drop(guard);
        for thread in threads {
            thread.join().expect("everybody gets in");
        }
        assert_eq!(*lock.read(), 3, "three have written");
    }

    fn the_value_is_reached_without_locking_by_who_owns_it() {
        let mut lock = RwLock::new(3);
        *lock.get_mut() += 1;
        assert_eq!(format!("{lock:?}"), "RwLock { data: 4 }", "Debug shows a free lock's value");
        assert_eq!(format!("{:?} {:?}", lock.read(), RwLock::new(5).write()), "4 5", "as the value");
        assert_eq!(lock.into_inner(), 4, "the value comes out");
        assert_eq!(*RwLock::<u8>::default().read(), 0, "the default's default");
    }
}
