//! Atomics, as users of std know them.

use labrt::sync::Arc;
use labrt::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use labrt::thread;

use crate::both_clocks;

const ORDER: Ordering = Ordering::SeqCst;

/// Runs `body` on three threads, ten times each, and joins them.
fn thirty_times(body: impl Fn() + Clone + Send + 'static) {
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let body = body.clone();
            thread::spawn(move || (0..10).for_each(|_| body()))
        })
        .collect();
    for thread in threads {
        thread.join().expect("it returns");
    }
}

both_clocks! {
    fn fetch_add_loses_nothing() {
        let sum = Arc::new(AtomicU64::new(0));
        let theirs = sum.clone();
        thirty_times(move || {
            theirs.fetch_add(2, ORDER);
        });
        assert_eq!(sum.load(ORDER), 60, "one operation");
    }

    fn compare_exchange_loses_nothing() {
        let sum = Arc::new(AtomicUsize::new(0));
        let theirs = sum.clone();
        thirty_times(move || {
            let mut seen = theirs.load(ORDER);
            while let Err(now) = theirs.compare_exchange_weak(seen, seen + 1, ORDER, ORDER) {
                seen = now;
            }
        });
        assert_eq!(sum.load(ORDER), 30, "each retried until it was right");
    }

    fn fetch_update_loses_nothing() {
        let sum = Arc::new(AtomicI32::new(0));
        let theirs = sum.clone();
        thirty_times(move || {
            theirs.fetch_update(ORDER, ORDER, |seen| Some(seen - 1)).expect("it always updates");
        });
        assert_eq!(sum.load(ORDER), -30, "one operation");
        assert_eq!(sum.fetch_update(ORDER, ORDER, |_| None), Err(-30), "nothing to do, told so");
    }

    fn a_spin_lock_made_of_it_excludes() {
        let (taken, sum) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let theirs = (taken, sum.clone());
        thirty_times(move || {
            while theirs.0.swap(true, ORDER) {
                thread::yield_now();
            }
            let seen = theirs.1.load(ORDER);
            theirs.1.store(seen + 1, ORDER);
            theirs.0.store(false, ORDER);
        });
        assert_eq!(sum.load(ORDER), 30, "between swap and store there is one thread");
    }

    fn every_operation_gives_the_value_before() {
        let number = AtomicU8::new(0b1100);
        assert_eq!(number.swap(0b1010, ORDER), 0b1100, "swap");
        assert_eq!(number.fetch_and(0b0110, ORDER), 0b1010, "and");
        assert_eq!(number.fetch_or(0b1000, ORDER), 0b0010, "or");
        assert_eq!(number.fetch_xor(0b1111, ORDER), 0b1010, "xor");
        assert_eq!(number.fetch_max(9, ORDER), 0b0101, "max");
        assert_eq!(number.fetch_min(3, ORDER), 9, "min");
        assert_eq!(number.fetch_sub(4, ORDER), 3, "sub");
        assert_eq!(number.load(ORDER), 255, "which wraps, as in std");
        assert_eq!(number.compare_exchange(1, 2, ORDER, ORDER), Err(255), "not what was expected");
        assert_eq!(number.compare_exchange(255, 2, ORDER, ORDER), Ok(255), "what was expected");
        assert_eq!(format!("{number:?}"), "2", "Debug shows the value");
        assert_eq!(number.into_inner(), 2, "the value comes out");
        let mut flag = AtomicBool::from(true);
        assert!(flag.fetch_and(false, ORDER), "and");
        *flag.get_mut() = true;
        assert!(flag.into_inner(), "the value comes out");
        assert_eq!(AtomicU64::default().load(ORDER), 0, "the default's default");
    }

    fn a_flag_publishes_what_was_written_before() {
        let shared = Arc::new((AtomicU64::new(0), AtomicBool::new(false)));
        let theirs = shared.clone();
        let writer = thread::spawn(move || {
            theirs.0.store(42, Ordering::Relaxed);
            theirs.1.store(true, Ordering::Release);
        });
        while !shared.1.load(Ordering::Acquire) {
            thread::yield_now();
        }
        assert_eq!(shared.0.load(Ordering::Relaxed), 42, "written before the flag");
        writer.join().expect("it returns");
    }
}
