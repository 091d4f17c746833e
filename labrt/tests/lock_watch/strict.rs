//! The strict watch: the first wait under a lock fails the run.

use labrt::channel::unbounded;
use labrt::sync::{Condvar, Mutex};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Backend, FailureKind, LockWatch, RunConfig, run};

use crate::common::MILLI;
use crate::lines::Lines;

#[test]
fn strict_fails_at_the_first_one() {
    for backend in [Backend::Coroutines, Backend::OsThreads] {
        let lines = Lines::default();
        let at = lines.clone();
        let config = RunConfig::virtual_time(1).lock_watch(LockWatch::Strict).backend(backend);
        let outcome = run(&config, move || {
            thread::sleep(MILLI);
            let lock = Mutex::new(());
            at.next("locked");
            let _guard = lock.lock();
            at.next("waits");
            thread::sleep(Duration::from_secs(5));
            panic!("it does not come so far");
        });
        let (locked, slept) = (lines.of("locked"), lines.of("waits"));
        let count = outcome.findings.len();
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::WaitUnderLock, "{failure}");
        assert_eq!(failure.thread.as_deref(), Some("main"), "who");
        assert!(
            MILLI <= failure.at && failure.at < MILLI * 2,
            "at the wait, not after it: {failure}"
        );
        let file = file!();
        assert_eq!(
            failure.message,
            format!(
                "sleeps at {file}:{slept}:13 while it holds the lock taken at {file}:{locked}:31"
            ),
            "both places"
        );
        let first = failure.to_string();
        let title = "rule L4: nothing that waits happens under a lock, thread 'main', at ";
        assert!(first.starts_with(title), "{title}\nbegins\n{first}");
        assert_eq!(count, 1, "it is among the findings too");
    }
}

#[test]
fn strict_accepts_what_does_not_wait_under_a_lock() {
    let config = RunConfig::virtual_time(1).lock_watch(LockWatch::Strict);
    run(&config, || {
        let (lock, condition, (sender, receiver)) = (Mutex::new(0), Condvar::new(), unbounded());
        let mut guard = lock.lock();
        sender.send(1).expect("the receiver is there");
        condition.wait_for(&mut guard, MILLI);
        drop(guard);
        assert_eq!(receiver.recv(), Ok(1), "without the lock");
    })
    .unwrap();
}
