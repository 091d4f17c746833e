//! Locks for reading and writing: a second read behind a writer, an upgrade, opposite orders.

use labrt::sync::{Arc, Mutex, RwLock};
use labrt::thread;
use labrt_host::Operation;

use crate::common::{MILLI, accepted, assert_circle, deadlock, named};
use crate::lines::Lines;

#[test]
fn a_reader_that_reads_again_behind_a_waiting_writer() {
    let lines = Lines::default();
    let at = lines.clone();
    let failure = deadlock(move || {
        let lock = Arc::new(RwLock::new(0));
        let (theirs, at_writer) = (lock.clone(), at.clone());
        named("writer", move || {
            thread::sleep(MILLI);
            at_writer.next("write");
            *theirs.write() += 1;
        });
        let at = at.clone();
        named("reader", move || {
            at.next("first read");
            let _first = lock.read();
            thread::sleep(MILLI * 2);
            at.next("second read");
            let _second = lock.read();
        });
    });
    let holds = [lines.of("first read")];
    assert_circle(
        &failure,
        vec![
            ("reader", Operation::Read, lines.of("second read"), &holds),
            ("writer", Operation::Write, lines.of("write"), &[]),
        ],
    );
}

#[test]
fn reading_twice_without_a_writer_is_accepted() {
    accepted(|| {
        let lock = Arc::new(RwLock::new(0));
        let theirs = lock.clone();
        let other = thread::spawn(move || {
            let first = theirs.read();
            thread::sleep(MILLI);
            assert_eq!(*first, *theirs.read(), "two reads");
        });
        let first = lock.read();
        assert_eq!(*first, *lock.read(), "two reads");
        drop(first);
        other.join().expect("it returns");
    });
}

#[test]
fn a_reader_that_wants_to_write() {
    let lines = Lines::default();
    let at = lines.clone();
    let failure = deadlock(move || {
        let at = at.clone();
        named("upgrades", move || {
            let lock = RwLock::new(0);
            at.next("read");
            let _read = lock.read();
            at.next("write");
            *lock.write() += 1;
        });
    });
    let holds = [lines.of("read")];
    assert_circle(&failure, vec![("upgrades", Operation::Write, lines.of("write"), &holds)]);
}

#[test]
fn a_mutex_and_a_rwlock_in_opposite_orders() {
    let lines = Lines::default();
    let at = lines.clone();
    let failure = deadlock(move || {
        let locks = Arc::new((Mutex::new(()), RwLock::new(())));
        let (theirs, at_1) = (locks.clone(), at.clone());
        named("reads", move || {
            at_1.next("read");
            let _read = theirs.1.read();
            thread::sleep(MILLI);
            at_1.next("read lock");
            let _lock = theirs.0.lock();
        });
        let at = at.clone();
        named("writes", move || {
            at.next("lock");
            let _lock = locks.0.lock();
            thread::sleep(MILLI);
            at.next("lock write");
            let _write = locks.1.write();
        });
    });
    let (read, lock) = ([lines.of("read")], [lines.of("lock")]);
    assert_circle(
        &failure,
        vec![
            ("reads", Operation::Lock, lines.of("read lock"), &read),
            ("writes", Operation::Write, lines.of("lock write"), &lock),
        ],
    );
}

#[test]
fn readers_and_writers_that_come_and_go_are_accepted() {
    accepted(|| {
        let lock = Arc::new(RwLock::new(0));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let lock = lock.clone();
                thread::spawn(move || {
                    for _ in 0..4 {
                        match number {
                            0 => *lock.write() += 1,
                            _ => assert!(*lock.read() <= 4, "four writes"),
                        }
                        thread::sleep(MILLI);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("it returns");
        }
    });
}
