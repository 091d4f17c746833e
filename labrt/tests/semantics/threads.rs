//! Threads, as users of std know them.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use labrt::channel::{TryRecvError, unbounded};
use labrt::sync::Arc;
use labrt::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use labrt::thread::{self, Builder};
use labrt::time::Duration;

use crate::both_clocks;

const SHORT: Duration = Duration::from_millis(2);

both_clocks! {
    fn join_gives_the_result() {
        let threads: Vec<_> = (0..10).map(|number| thread::spawn(move || number * 2)).collect();
        let results: Vec<i32> =
            threads.into_iter().map(|thread| thread.join().expect("it returns")).collect();
        assert_eq!(results, (0..10).map(|number| number * 2).collect::<Vec<_>>(), "each its own");
    }

    fn join_waits_for_the_end() {
        let done = Arc::new(AtomicBool::new(false));
        let theirs = done.clone();
        let thread = thread::spawn(move || {
            thread::sleep(SHORT);
            theirs.store(true, SeqCst);
        });
        thread.join().expect("it returns");
        assert!(done.load(SeqCst), "all it did is done");
    }

    fn a_thread_that_has_ended_can_still_be_joined() {
        let thread = thread::spawn(|| String::from("result"));
        while !thread.is_finished() {
            thread::sleep(Duration::from_micros(50));
        }
        assert_eq!(thread.join().expect("it returned"), "result", "its result was kept");
    }

    fn is_finished_tells_the_end() {
        let (release, released) = unbounded::<()>();
        let thread = thread::spawn(move || released.recv());
        thread::sleep(SHORT);
        assert!(!thread.is_finished(), "it waits");
        drop(release);
        while !thread.is_finished() {
            thread::yield_now();
        }
        assert!(thread.join().expect("it returns").is_err(), "nothing was sent to it");
    }

    fn a_detached_thread_goes_on() {
        let (sender, receiver) = unbounded();
        drop(thread::spawn(move || {
            thread::sleep(SHORT);
            sender.send(5)
        }));
        assert_eq!(receiver.recv(), Ok(5), "dropping the handle does not end it");
    }

    fn a_thread_can_start_threads_and_end_before_them() {
        let (sender, receiver) = unbounded();
        let parent = thread::spawn(move || {
            drop(thread::spawn(move || {
                thread::sleep(SHORT);
                sender.send(6)
            }));
        });
        parent.join().expect("the parent returns");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "the child is still asleep");
        assert_eq!(receiver.recv(), Ok(6), "and lives on");
    }

    fn a_thread_drops_what_it_owns_before_it_counts_as_ended() {
        struct Owned(Arc<AtomicU32>);
        impl Drop for Owned {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let dropped = Arc::new(AtomicU32::new(0));
        let owned = Owned(dropped.clone());
        thread::spawn(move || drop(owned)).join().expect("it returns");
        assert_eq!(dropped.load(SeqCst), 1, "dropped inside");
        let owned = Owned(dropped.clone());
        thread::spawn(move || { let _owned = &owned; }).join().expect("it returns");
        assert_eq!(dropped.load(SeqCst), 2, "what its closure owned");
    }

    fn a_name_is_kept() {
        let named = Builder::new().name("ticker".to_owned());
        let thread = named.spawn(|| thread::current().name().map(str::to_owned)).expect("a thread");
        assert_eq!(thread.join().expect("it returns").as_deref(), Some("ticker"), "the given name");
        let line = line!() + 1;
        let thread = thread::spawn(|| thread::current().name().map(str::to_owned));
        let name = thread.join().expect("it returns");
        assert_eq!(name, Some(format!("threads.rs:{line}")), "without one, the place");
        assert_eq!(thread::current().name(), Some("main"), "the first thread");
    }

    fn ids_differ_and_stay() {
        let threads: Vec<_> =
            (0..5).map(|_| thread::spawn(|| (thread::current().id(), { thread::yield_now(); thread::current().id() }))).collect();
        let mut ids = BTreeSet::from([thread::current().id()]);
        for thread in threads {
            let (before, after) = thread.join().expect("it returns");
            assert_eq!(before, after, "a thread keeps its id");
            assert!(ids.insert(after), "no other thread has it");
        }
    }

    fn yielding_lets_others_run() {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = flag.clone();
        let thread = thread::spawn(move || theirs.store(true, SeqCst));
        while !flag.load(SeqCst) {
            thread::yield_now();
        }
        thread.join().expect("it returns");
    }

    fn two_threads_that_yield_to_each_other_let_a_third_run() {
        let done = Arc::new(AtomicBool::new(false));
        let yielding: Vec<_> = (0..2)
            .map(|_| {
                let done = done.clone();
                thread::spawn(move || {
                    while !done.load(SeqCst) {
                        thread::yield_now();
                    }
                })
            })
            .collect();
        let theirs = done.clone();
        thread::spawn(move || theirs.store(true, SeqCst)).join().expect("the third gets its turn");
        for thread in yielding {
            thread.join().expect("they see it");
        }
    }

    fn a_caught_panic_is_the_programs_own_business() {
        let thread = thread::spawn(|| {
            let result = catch_unwind(|| std::panic::panic_any(7_u32));
            thread::sleep(SHORT);
            *result.expect_err("it panicked").downcast::<u32>().expect("with a number")
        });
        assert_eq!(thread.join().expect("the thread went on"), 7, "as in std");
    }

    fn work_goes_on_inside_a_destructor_of_a_caught_panic() {
        struct Report(labrt::channel::Sender<u32>);
        impl Drop for Report {
            fn drop(&mut self) {
                self.0.send(1).expect("the receiver is there");
            }
        }
        let (sender, receiver) = unbounded();
        let report = Report(sender);
        let result = catch_unwind(AssertUnwindSafe(move || {
            let _report = report;
            std::panic::panic_any("caught");
        }));
        assert!(result.is_err(), "it panicked");
        assert_eq!(receiver.recv(), Ok(1), "a living thread's destructor sends");
    }

    fn many_threads_at_once() {
        let (release, released) = unbounded::<()>();
        let threads: Vec<_> = (0..200)
            .map(|number| {
                let released = released.clone();
                thread::spawn(move || {
                    let _ = released.recv();
                    number
                })
            })
            .collect();
        drop(release);
        let sum: u32 = threads.into_iter().map(|thread| thread.join().expect("it returns")).sum();
        assert_eq!(sum, 199 * 200 / 2, "each of them returned its number");
    }
}
