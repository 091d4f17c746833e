//! Rule L4: whatever may wait while a lock is held is told, once per pair of places, with both;
//! what can not wait is not.
#![allow(missing_docs)]

use std::panic::Location;
use std::sync::Mutex as StdMutex;

use labrt::channel::{Select, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex, RwLock};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{
    Backend, FailureKind, Finding, FindingKind, LockWatch, Machine, Operation, Outcome, Policy,
    RunConfig, event, oneshot, run,
};

const MILLI: Duration = Duration::from_millis(1);

/// Lines of the program under test: first where the lock is taken, then where it waits.
#[derive(Clone, Default)]
struct Lines(Arc<StdMutex<Vec<u32>>>);

impl Lines {
    /// Something happens on the next line.
    #[track_caller]
    fn next(&self) {
        self.0.lock().expect("no thread panics here").push(Location::caller().line() + 1);
    }

    fn all(&self) -> Vec<u32> {
        self.0.lock().expect("no thread panics here").clone()
    }
}

fn outcome(program: impl FnOnce() + Send + 'static) -> Outcome<()> {
    run(&RunConfig::virtual_time(1).policy(Policy::BlockingOnly), program)
}

/// What the run noticed; it must succeed.
#[track_caller]
fn findings(program: impl FnOnce() + Send + 'static) -> Vec<Finding> {
    let outcome = outcome(program);
    assert!(outcome.result.is_ok(), "the watch only warns: {:?}", outcome.result);
    outcome.findings
}

/// `program` marks where it takes a lock and where it waits, in this order; that is what must be
/// told, once, seen `count` times.
#[track_caller]
fn told(operation: Operation, count: u64, program: impl FnOnce(&Lines) + Send + 'static) {
    let lines = Lines::default();
    let theirs = lines.clone();
    let findings = findings(move || program(&theirs));
    let [finding] = &findings[..] else { panic!("one finding: {findings:?}") };
    let FindingKind::WaitUnderLock { operation: found, waits_at, locked_at } = finding.kind else {
        panic!("a wait under a lock: {finding}");
    };
    assert_eq!(finding.kind.rule(), Some("L4"), "the rule");
    assert_eq!(found, operation, "the operation");
    assert_eq!((locked_at.file(), waits_at.file()), (file!(), file!()), "places of the program");
    assert_eq!(vec![locked_at.line(), waits_at.line()], lines.all(), "where locked, where waited");
    assert_eq!(finding.count, count, "how many times");
}

#[track_caller]
fn not_told(program: impl FnOnce() + Send + 'static) {
    assert_eq!(findings(program), [], "nothing waits under a lock here");
}

#[test]
fn a_sleep() {
    told(Operation::Sleep, 1, |at| {
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        thread::sleep(MILLI);
    });
}

#[test]
fn a_receive() {
    told(Operation::Receive, 1, |at| {
        let (sender, receiver) = unbounded();
        sender.send(1).expect("there is room");
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        assert_eq!(receiver.recv(), Ok(1), "it is told although a message was there");
    });
}

#[test]
fn a_receive_with_a_timeout() {
    told(Operation::Receive, 1, |at| {
        let (_sender, receiver) = unbounded::<()>();
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        assert!(receiver.recv_timeout(MILLI).is_err(), "nobody sends");
    });
}

#[test]
fn an_iteration_over_a_channel_names_its_loop_and_counts() {
    told(Operation::Receive, 4, |at| {
        let (sender, receiver) = unbounded();
        (0..3).for_each(|value| sender.send(value).expect("there is room"));
        drop(sender);
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        let mut sum = 0;
        at.next();
        for value in &receiver {
            sum += value;
        }
        assert_eq!(sum, 3, "all of them, and then the end");
    });
}

#[test]
fn a_select() {
    told(Operation::Receive, 2, |at| {
        let (sender, receiver) = unbounded();
        sender.send(1).expect("there is room");
        let lock = Mutex::new(());
        let mut select = Select::new();
        select.recv(&receiver);
        at.next();
        let _guard = lock.lock();
        at.next();
        let wait = |select: &mut Select<'_>| select.ready();
        assert_eq!((wait(&mut select), wait(&mut select)), (0, 0), "a message is there");
    });
}

#[test]
fn a_send_that_may_wait() {
    for capacity in [0, 1, 100] {
        told(Operation::Send, 1, move |at| {
            let (sender, receiver) = bounded(capacity);
            let reader = thread::spawn(move || receiver.recv());
            let lock = Mutex::new(());
            at.next();
            let guard = lock.lock();
            at.next();
            sender.send(1).expect("the reader is there");
            drop(guard);
            assert_eq!(reader.join().expect("it returns"), Ok(1), "it came");
        });
    }
}

#[test]
fn a_send_with_a_timeout() {
    told(Operation::Send, 1, |at| {
        let (sender, _receiver) = bounded(0);
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        assert!(sender.send_timeout(1, MILLI).is_err(), "nobody receives");
    });
}

#[test]
fn a_join() {
    told(Operation::Join, 1, |at| {
        let thread = thread::spawn(|| ());
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        thread.join().expect("it returns");
    });
}

#[test]
fn a_call_to_a_machine() {
    told(Operation::Host, 1, |at| {
        let machine = Machine::new("server 0");
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        assert_eq!(machine.call("answer", || 42), Ok(42), "it answers");
    });
}

#[test]
fn a_remote_procedure_call() {
    told(Operation::Rpc, 1, |at| {
        let (completer, completion) = oneshot::oneshot();
        event::after(MILLI, move || completer.complete(5));
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.lock();
        at.next();
        let reply = completion.wait(Operation::Rpc, Location::caller());
        assert_eq!(reply, Some(5), "the reply");
    });
}

#[test]
fn a_wait_on_the_condition_of_another_lock() {
    told(Operation::ConditionWait, 1, |at| {
        let (outer, lock, condition) = (Mutex::new(()), Mutex::new(()), Condvar::new());
        at.next();
        let _outer = outer.lock();
        let mut guard = lock.lock();
        at.next();
        assert!(condition.wait_for(&mut guard, MILLI).timed_out(), "nobody notifies");
    });
}

#[test]
fn a_wait_with_a_predicate_counts_once_however_often_it_looks() {
    told(Operation::ConditionWait, 1, |at| {
        let (outer, shared) = (Mutex::new(()), Arc::new((Mutex::new(0), Condvar::new())));
        let theirs = shared.clone();
        thread::spawn(move || {
            for _ in 0..100 {
                thread::sleep(MILLI * 20);
                *theirs.0.lock() += 1;
            }
            theirs.1.notify_one();
        });
        at.next();
        let _outer = outer.lock();
        let mut guard = shared.0.lock();
        at.next();
        shared.1.wait_while(&mut guard, |value| *value < 100);
    });
}

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
fn a_lock_is_held_again_after_a_wait_on_its_condition() {
    told(Operation::Sleep, 1, |at| {
        let (lock, condition) = (Mutex::new(()), Condvar::new());
        let mut guard = lock.lock();
        // The wait takes the lock again: that is where the lock was taken.
        at.next();
        condition.wait_for(&mut guard, MILLI);
        at.next();
        thread::sleep(MILLI);
    });
}

#[test]
fn guards_of_a_rwlock_count() {
    told(Operation::Sleep, 1, |at| {
        let lock = RwLock::new(());
        at.next();
        let _guard = lock.read();
        at.next();
        thread::sleep(MILLI);
    });
    told(Operation::Sleep, 1, |at| {
        let lock = RwLock::new(());
        at.next();
        let _guard = lock.write();
        at.next();
        thread::sleep(MILLI);
    });
}

#[test]
fn guards_of_try_lock_count() {
    told(Operation::Sleep, 1, |at| {
        let lock = Mutex::new(());
        at.next();
        let _guard = lock.try_lock();
        at.next();
        thread::sleep(MILLI);
    });
    told(Operation::Sleep, 1, |at| {
        let lock = RwLock::new(());
        at.next();
        let _guard = lock.try_read();
        at.next();
        thread::sleep(MILLI);
    });
}

#[test]
#[allow(clippy::redundant_closure)] // the wait is told at the line of the closure
fn one_pair_of_places_is_told_once_and_counted() {
    told(Operation::Sleep, 12, |at| {
        let lock = Arc::new(Mutex::new(()));
        let at = at.clone();
        at.next();
        let take = |lock: &Arc<Mutex<()>>| drop_after(lock.lock(), || nap());
        #[track_caller]
        fn drop_after<G>(guard: G, f: impl FnOnce()) {
            f();
            drop(guard);
        }
        at.0.lock().expect("no thread panics here").push(NAP_LINE);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let lock = lock.clone();
                thread::spawn(move || (0..4).for_each(|_| take(&lock)))
            })
            .collect();
        for thread in threads {
            thread.join().expect("it returns");
        }
    });
}

const NAP_LINE: u32 = line!() + 3;

fn nap() {
    thread::sleep(MILLI);
}

#[test]
fn two_places_are_two_findings_in_the_order_of_time() {
    let found = findings(|| {
        let lock = Mutex::new(());
        {
            let _guard = lock.lock();
            thread::sleep(MILLI);
            thread::sleep(MILLI);
        }
        let _guard = lock.lock();
        thread::sleep(MILLI);
    });
    assert_eq!(found.len(), 3, "three pairs: {found:?}");
    assert!(
        found.is_sorted_by_key(|finding| finding.at),
        "in the order of first notice: {found:?}"
    );
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

#[test]
fn the_text_of_a_finding() {
    let lines = Lines::default();
    let at = lines.clone();
    let found = findings(move || {
        let machine = Machine::new("server 2");
        let body = move || {
            let lock = Mutex::new(());
            for _ in 0..3 {
                at.next();
                let _guard = lock.lock();
                at.next();
                thread::sleep(MILLI);
            }
        };
        machine.spawn("applier", body).join().expect("it returns");
    });
    let (locked, slept) = (lines.all()[0], lines.all()[1]);
    let file = file!();
    assert_eq!(
        found[0].to_string(),
        format!(
            "rule L4: sleeps at {file}:{slept}:17 while it holds the lock taken at {file}:{locked}:35 \
             (thread 'applier' of machine 'server 2', at {:?}, 3 times)",
            found[0].at
        ),
        "rule, both places, who, when, how often"
    );
}

#[test]
fn strict_fails_at_the_first_one() {
    for backend in [Backend::Coroutines, Backend::OsThreads] {
        let lines = Lines::default();
        let at = lines.clone();
        let config = RunConfig::virtual_time(1).lock_watch(LockWatch::Strict).backend(backend);
        let outcome = run(&config, move || {
            thread::sleep(MILLI);
            let lock = Mutex::new(());
            at.next();
            let _guard = lock.lock();
            at.next();
            thread::sleep(Duration::from_secs(5));
            panic!("it does not come so far");
        });
        let (locked, slept) = (lines.all()[0], lines.all()[1]);
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
