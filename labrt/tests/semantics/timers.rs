//! Sleeping, and `Instant`.

use labrt::channel::unbounded;
use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::both_clocks;

const SHORT: Duration = Duration::from_millis(2);

both_clocks! {
    fn sleepers_wake_in_the_order_of_their_times() {
        let (woken, wakes) = unbounded();
        // Far enough apart for the order to be the sleep's, not the scheduler's.
        for millis in [90, 30, 60, 0] {
            let woken = woken.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(millis));
                woken.send(millis).expect("the main thread counts");
            });
        }
        drop(woken);
        assert_eq!(wakes.iter().collect::<Vec<_>>(), [0, 30, 60, 90], "the shortest sleep ends first");
    }

    fn a_sleep_lasts_at_least_its_time() {
        let begin = Instant::now();
        thread::sleep(SHORT);
        let first = begin.elapsed();
        assert!(SHORT <= first, "not before its time, but after {first:?}");
        thread::sleep(SHORT);
        assert!(SHORT * 2 <= begin.elapsed(), "the second one neither");
    }

    fn a_sleep_of_no_time_returns() {
        for _ in 0..100 {
            thread::sleep(Duration::ZERO);
        }
    }

    fn an_endless_sleep_neither_panics_nor_returns() {
        let sleepers: Vec<_> =
            [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_secs(u64::MAX / 2)]
                .into_iter()
                .map(|duration| thread::spawn(move || thread::sleep(duration)))
                .collect();
        thread::sleep(SHORT * 2);
        assert!(sleepers.iter().all(|sleeper| !sleeper.is_finished()), "they sleep to the end of the run");
    }

    fn time_never_goes_back() {
        let last = Arc::new(Mutex::new(Instant::now()));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let last = last.clone();
                thread::spawn(move || {
                    for _ in 0..10 {
                        let mut last = last.lock();
                        let now = Instant::now();
                        assert!(*last <= now, "{last:?} was seen before {now:?}");
                        *last = now;
                        drop(last);
                        thread::sleep(Duration::from_micros(10));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("time goes forward for everybody");
        }
    }

    fn arithmetic_on_moments_is_exact() {
        let now = Instant::now();
        let later = now + Duration::from_nanos(1_500_000_001);
        assert_eq!(later - now, Duration::from_nanos(1_500_000_001), "to the nanosecond");
        assert_eq!(later.duration_since(now), later - now, "the same");
        assert_eq!(later - (later - now), now, "and back");
        assert_eq!(now.duration_since(later), Duration::ZERO, "never negative");
        assert_eq!(now.saturating_duration_since(later), Duration::ZERO, "never negative");
        assert_eq!(now.checked_duration_since(later), None, "or said to be");
        assert_eq!(later.checked_duration_since(now), Some(later - now), "otherwise told");
        let mut moving = now;
        moving += SHORT;
        moving -= SHORT;
        assert_eq!(moving, now, "there and back");
        assert!(now < later, "moments are ordered");
        assert_eq!(later.elapsed(), Duration::ZERO, "it is still to come");
    }

    fn arithmetic_that_leaves_time_is_refused() {
        let now = Instant::now();
        assert_eq!(now.checked_add(Duration::MAX), None, "too far to be told");
        assert_eq!(now.checked_sub(Duration::MAX), None, "too far to be told");
        assert_eq!(now.checked_add(Duration::ZERO), Some(now), "nothing added");
        assert_eq!(now.checked_sub(Duration::ZERO), Some(now), "nothing taken away");
        let result = std::panic::catch_unwind(|| now + Duration::MAX);
        let payload = result.expect_err("as std, it panics");
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        assert_eq!(text.as_deref(), Some("overflow when adding a duration to an instant"), "as std says it");
    }

    fn a_deadline_loop_ends_at_its_deadline() {
        let deadline = Instant::now() + SHORT * 5;
        let mut rounds = 0;
        while Instant::now() < deadline {
            thread::sleep(SHORT);
            rounds += 1;
        }
        assert!(rounds <= 5, "each round takes {SHORT:?} at least, and there were {rounds}");
    }

    fn the_host_sees_the_same_clock() {
        let (begin, begin_of_host) = (Instant::now(), labrt_host::now());
        thread::sleep(SHORT);
        let (elapsed, elapsed_of_host) = (begin.elapsed(), labrt_host::now() - begin_of_host);
        assert!(SHORT <= elapsed && SHORT <= elapsed_of_host, "{elapsed:?} and {elapsed_of_host:?}");
    }
}
