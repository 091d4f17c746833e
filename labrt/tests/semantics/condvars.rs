//! `Condvar`, as users of parking_lot know it.

use labrt::channel::unbounded;
use labrt::sync::{Arc, Condvar, Mutex, WaitTimeoutResult};
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::both_clocks;

const SHORT: Duration = Duration::from_millis(2);
const FOR_EVER: Duration = Duration::from_secs(1000);

type Shared<T> = Arc<(Mutex<T>, Condvar)>;

fn shared<T>(value: T) -> Shared<T> {
    Arc::new((Mutex::new(value), Condvar::new()))
}

/// Starts `count` threads that wait with `wait`, and comes back when all of them do. The value is
/// how many threads have entered.
fn waiters<T: Send + 'static>(
    count: usize,
    pair: &Shared<usize>,
    wait: impl Fn(&Shared<usize>) -> T + Clone + Send + 'static,
) -> Vec<thread::JoinHandle<T>> {
    let handles = (0..count)
        .map(|_| {
            let (pair, wait) = (pair.clone(), wait.clone());
            thread::spawn(move || wait(&pair))
        })
        .collect();
    // The lock is free again only when the one who counted itself waits.
    while *pair.0.lock() < count {
        thread::sleep(Duration::from_micros(50));
    }
    handles
}

fn wait_once(pair: &Shared<usize>) {
    let mut guard = pair.0.lock();
    *guard += 1;
    pair.1.wait(&mut guard);
}

fn wait_for_ever(pair: &Shared<usize>) -> WaitTimeoutResult {
    let mut guard = pair.0.lock();
    *guard += 1;
    pair.1.wait_for(&mut guard, FOR_EVER)
}

both_clocks! {
    fn notify_without_waiters_wakes_nobody() {
        let condition = Condvar::new();
        assert!(!condition.notify_one(), "nobody waits");
        assert_eq!(condition.notify_all(), 0, "nobody waits");
    }

    fn a_notification_before_the_wait_is_lost() {
        let (lock, condition) = (Mutex::new(()), Condvar::new());
        condition.notify_one();
        condition.notify_all();
        let mut guard = lock.lock();
        assert!(condition.wait_for(&mut guard, SHORT).timed_out(), "it was not kept for later");
    }

    fn notify_one_wakes_one() {
        let pair = shared(0);
        let threads = waiters(3, &pair, wait_once);
        for left in (0..3).rev() {
            assert!(pair.1.notify_one(), "somebody waits");
            while threads.iter().filter(|thread| !thread.is_finished()).count() != left {
                thread::sleep(Duration::from_micros(50));
            }
            thread::sleep(SHORT);
            let waiting = threads.iter().filter(|thread| !thread.is_finished()).count();
            assert_eq!(waiting, left, "only one was woken");
        }
        assert!(!pair.1.notify_one(), "nobody waits any more");
    }

    fn notify_all_wakes_all_and_counts_them() {
        let pair = shared(0);
        let threads = waiters(4, &pair, wait_once);
        assert_eq!(pair.1.notify_all(), 4, "four wait");
        assert_eq!(pair.1.notify_all(), 0, "and are counted once");
        for thread in threads {
            thread.join().expect("every waiter goes on");
        }
    }

    fn the_lock_is_free_during_the_wait_and_held_after_it() {
        let pair = shared(0);
        let theirs = pair.clone();
        let waiter = thread::spawn(move || {
            let mut guard = theirs.0.lock();
            *guard = 1;
            theirs.1.wait(&mut guard);
            assert!(theirs.0.try_lock().is_none(), "the guard has the lock again");
            assert_eq!(*guard, 2, "what was written meanwhile is seen");
            *guard = 3;
        });
        loop {
            let mut guard = pair.0.lock();
            if *guard == 1 {
                *guard = 2;
                assert!(pair.1.notify_one(), "whoever wrote 1 waits, as the lock was free");
                thread::yield_now();
                assert_eq!(*guard, 2, "the woken thread has to wait for the lock");
                break;
            }
            drop(guard);
            thread::sleep(SHORT);
        }
        waiter.join().expect("the waiter goes on");
        assert_eq!(*pair.0.lock(), 3, "the waiter wrote last");
    }

    fn a_timed_wait_ends_at_its_time() {
        let (lock, condition) = (Mutex::new(()), Condvar::new());
        let mut guard = lock.lock();
        let begin = Instant::now();
        assert!(condition.wait_for(&mut guard, SHORT).timed_out(), "nobody notifies");
        assert!(SHORT <= begin.elapsed(), "not before its time");
        let deadline = Instant::now() + SHORT;
        assert!(condition.wait_until(&mut guard, deadline).timed_out(), "nobody notifies");
        assert!(deadline <= Instant::now(), "not before its time");
        drop(guard);
        assert!(lock.try_lock().is_some(), "one guard, one lock to give back");
    }

    fn a_timed_wait_that_is_notified_has_not_timed_out() {
        let pair = shared(0);
        let threads = waiters(2, &pair, wait_for_ever);
        assert_eq!(pair.1.notify_all(), 2, "both wait");
        for thread in threads {
            let result = thread.join().expect("a notified thread goes on");
            assert!(!result.timed_out(), "it was notified, long before its time");
        }
    }

    fn a_wait_whose_time_is_over_gives_others_the_lock_in_between() {
        let pair = shared(0);
        let begin = Instant::now();
        let past = begin.checked_sub(SHORT).unwrap_or(begin);
        let mut guard = pair.0.lock();
        assert!(pair.1.wait_until(&mut guard, past).timed_out(), "that moment is past");
        assert!(pair.1.wait_for(&mut guard, Duration::ZERO).timed_out(), "no time is over at once");
        assert!(pair.0.try_lock().is_none(), "the guard has the lock again");
    }

    fn a_huge_timeout_neither_panics_nor_ends_the_wait() {
        for timeout in [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_secs(1 << 60)] {
            let pair = shared(0);
            let threads = waiters(1, &pair, move |pair| {
                let mut guard = pair.0.lock();
                *guard += 1;
                let first = pair.1.wait_for(&mut guard, timeout);
                let second = pair.1.wait_while_for(&mut guard, |value| *value < 10, timeout);
                (first.timed_out(), second.timed_out())
            });
            thread::sleep(SHORT);
            assert!(!threads[0].is_finished(), "{timeout:?} are not over");
            assert!(pair.1.notify_one(), "the thread waits");
            *pair.0.lock() = 10;
            pair.1.notify_one();
            for thread in threads {
                let timed_out = thread.join().expect("a notified thread goes on");
                assert_eq!(timed_out, (false, false), "it was notified");
            }
        }
    }

    fn wait_while_does_not_wait_if_it_need_not() {
        let (lock, condition) = (Mutex::new(5), Condvar::new());
        let mut asked = 0;
        condition.wait_while(&mut lock.lock(), |value| {
            asked += 1;
            *value != 5
        });
        assert_eq!(asked, 1, "asked once");
        let result = condition.wait_while_for(&mut lock.lock(), |value| *value != 5, Duration::ZERO);
        assert!(!result.timed_out(), "what it waits for is there");
    }

    fn wait_while_outlasts_notifications_that_change_nothing() {
        let pair = shared(0);
        let theirs = pair.clone();
        let waiter = thread::spawn(move || {
            let mut guard = theirs.0.lock();
            theirs.1.wait_while(&mut guard, |value| *value < 5);
            assert!(theirs.0.try_lock().is_none(), "the guard has the lock");
            *guard
        });
        for _ in 0..5 {
            thread::sleep(SHORT);
            assert!(!waiter.is_finished(), "five are not there yet");
            *pair.0.lock() += 1;
            pair.1.notify_all();
        }
        assert_eq!(waiter.join().expect("the waiter goes on"), 5, "it saw the fifth");
    }

    fn wait_while_for_ends_at_its_time_and_says_whether_it_still_waits() {
        let (lock, condition) = (Mutex::new(0), Condvar::new());
        let begin = Instant::now();
        let mut guard = lock.lock();
        let result = condition.wait_while_for(&mut guard, |value| *value == 0, SHORT);
        assert!(result.timed_out(), "nobody changed the value");
        assert!(SHORT <= begin.elapsed(), "not before its time");
    }

    fn wait_while_for_that_is_notified_has_not_timed_out() {
        let pair = shared(0);
        let theirs = pair.clone();
        let waiter = thread::spawn(move || {
            let mut guard = theirs.0.lock();
            theirs.1.wait_while_for(&mut guard, |value| *value == 0, FOR_EVER).timed_out()
        });
        thread::sleep(SHORT);
        *pair.0.lock() = 1;
        pair.1.notify_one();
        assert!(!waiter.join().expect("the waiter goes on"), "it was notified");
    }

    fn the_condition_may_change_the_value() {
        let pair = shared(vec![1, 2]);
        let mut guard = pair.0.lock();
        let mut last = None;
        pair.1.wait_while(&mut guard, |values| {
            last = values.pop();
            last.is_none()
        });
        assert_eq!((last, guard.len()), (Some(2), 1), "it was asked with the value in hand, once");
    }

    fn a_bounded_buffer_made_of_it_delivers_everything() {
        struct Buffer {
            values: Vec<u32>,
            over: bool,
        }
        let shared = Arc::new((
            Mutex::new(Buffer { values: Vec::new(), over: false }),
            Condvar::new(),
            Condvar::new(),
        ));
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    let (lock, filled, emptied) = &*shared;
                    let mut taken = Vec::new();
                    loop {
                        let mut guard = lock.lock();
                        filled.wait_while(&mut guard, |it| it.values.is_empty() && !it.over);
                        match guard.values.pop() {
                            Some(value) => taken.push(value),
                            None => return taken,
                        }
                        emptied.notify_one();
                    }
                })
            })
            .collect();
        let (lock, filled, emptied) = &*shared;
        for value in 0..20 {
            let mut guard = lock.lock();
            while 2 <= guard.values.len() {
                emptied.wait(&mut guard);
            }
            guard.values.push(value);
            drop(guard);
            filled.notify_one();
        }
        lock.lock().over = true;
        filled.notify_all();
        let mut all: Vec<u32> = Vec::new();
        for consumer in consumers {
            all.extend(consumer.join().expect("a consumer returns"));
        }
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>(), "every value was taken once");
    }

    fn many_waits_with_and_without_time_share_one_condition() {
        let pair = shared(0);
        let threads = waiters(6, &pair, |pair| {
            let mut guard = pair.0.lock();
            *guard += 1;
            if *guard % 2 == 0 {
                pair.1.wait_while(&mut guard, |value| *value < 100);
            } else {
                let result = pair.1.wait_while_for(&mut guard, |value| *value < 100, FOR_EVER);
                assert!(!result.timed_out(), "a notification comes long before");
            }
        });
        *pair.0.lock() = 100;
        assert_eq!(pair.1.notify_all(), 6, "all of them wait");
        for thread in threads {
            thread.join().expect("all go on");
        }
    }

    fn a_notification_from_another_thread_wakes_the_one_who_waits_longest_or_any() {
        let pair = shared(0);
        let (woken, wakes) = unbounded();
        let threads = waiters(3, &pair, move |pair| {
            wait_once(pair);
            woken.send(()).expect("the main thread counts");
        });
        for _ in 0..3 {
            pair.1.notify_one();
            wakes.recv().expect("one of them was woken");
        }
        for thread in threads {
            thread.join().expect("all go on");
        }
    }
}
