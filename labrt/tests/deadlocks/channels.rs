//! Sends under a lock that the only receiver needs, and receives that nobody answers.

use labrt::channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt_host::{FailureKind, Operation, RunConfig, run};

use crate::common::{MILLI, SECOND, accepted, assert_circle, deadlock, named};
use crate::lines::Lines;

/// Rule L7: the service holds its lock while it calls `start`, Raft holds its own while it
/// hands over what is committed.
fn service_and_raft(at: &Lines, capacity: usize) {
    let (service, raft) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let (apply, applied): (Sender<u32>, Receiver<u32>) = bounded(capacity);
    let (raft_lock, at_applier) = (raft.clone(), at.clone());
    named("applier", move || {
        for index in 0.. {
            at_applier.next("raft held");
            let _state = raft_lock.lock();
            at_applier.next("send");
            if apply.send(index).is_err() {
                return;
            }
        }
    });
    let (service_lock, at_service) = (service.clone(), at.clone());
    named("service", move || {
        for index in applied.iter() {
            thread::sleep(MILLI);
            at_service.next("service wanted");
            *service_lock.lock() += index;
        }
    });
    let at = at.clone();
    named("put", move || {
        thread::sleep(MILLI * 5);
        at.next("service held");
        let mut state = service.lock();
        *state += 1;
        // In `Raft::start`.
        at.next("raft wanted");
        *raft.lock() += 1;
    });
}

#[test]
fn the_service_waits_for_raft_and_raft_for_the_service() {
    for capacity in [0, 1, 10] {
        let lines = Lines::default();
        let at = lines.clone();
        let failure = deadlock(move || service_and_raft(&at, capacity));
        let (raft, service) = ([lines.of("raft held")], [lines.of("service held")]);
        assert_circle(
            &failure,
            vec![
                ("applier", Operation::Send, lines.of("send"), &raft),
                ("put", Operation::Lock, lines.of("raft wanted"), &service),
                ("service", Operation::Lock, lines.of("service wanted"), &[]),
            ],
        );
        let text = failure.to_string();
        let receiver = "whose only receiver so far is 'service'";
        assert!(text.contains(receiver), "why the applier waits is told:\n{text}");
    }
}

#[test]
fn raft_that_releases_before_it_hands_over_is_accepted() {
    for capacity in [0, 1, 10] {
        accepted(move || {
            let (service, raft) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
            let (apply, applied) = bounded(capacity);
            let raft_lock = raft.clone();
            let applier = thread::spawn(move || {
                for _ in 0..20 {
                    let index = {
                        let mut state = raft_lock.lock();
                        *state += 1;
                        *state
                    };
                    apply.send(index).expect("the service receives");
                }
            });
            let service_lock = service.clone();
            let reader = thread::spawn(move || {
                for index in applied.iter() {
                    *service_lock.lock() = index;
                }
            });
            for _ in 0..20 {
                let mut state = service.lock();
                *state += 1;
                *raft.lock() += 1;
                drop(state);
                thread::sleep(MILLI);
            }
            applier.join().expect("it returns");
            reader.join().expect("it returns");
        });
    }
}

#[test]
fn a_send_under_the_lock_that_times_out_is_no_deadlock() {
    for capacity in [0, 1] {
        accepted(move || {
            let lock = Arc::new(Mutex::new(0));
            let (sender, receiver) = bounded(capacity);
            let theirs = lock.clone();
            let reader = thread::spawn(move || {
                for value in receiver.iter() {
                    thread::sleep(MILLI);
                    *theirs.lock() += value;
                }
            });
            sender.send(1).expect("the reader receives");
            for _ in 0..capacity + 1 {
                let _guard = lock.lock();
                while sender.send_timeout(1, SECOND * 5).is_ok() {}
            }
            drop(sender);
            reader.join().expect("it returns");
        });
    }
}

#[test]
fn a_pool_that_shares_one_receiver_is_no_deadlock() {
    for rest in [SECOND / 2, SECOND * 3, SECOND * 30] {
        accepted(move || {
            let lock = Arc::new(Mutex::new(0));
            let (jobs, to_do) = bounded(1);
            let to_do = Arc::new(to_do);
            let (theirs, lock_of_first) = (to_do.clone(), lock.clone());
            // The only one seen to receive so far waits for the lock of the one who sends ...
            let first = thread::spawn(move || {
                for job in theirs.iter() {
                    thread::sleep(MILLI);
                    *lock_of_first.lock() += job;
                }
            });
            // ... and then the second comes to help.
            let second = thread::spawn(move || {
                thread::sleep(rest);
                to_do.iter().count()
            });
            thread::sleep(MILLI);
            {
                let _guard = lock.lock();
                for job in 0..10 {
                    jobs.send(job).expect("workers are there");
                }
            }
            drop(jobs);
            first.join().expect("it returns");
            second.join().expect("it returns");
        });
    }
}

#[test]
fn a_receiver_that_moves_to_another_thread_is_no_deadlock() {
    for rest in [MILLI, SECOND * 2] {
        accepted(move || {
            let lock = Arc::new(Mutex::new(0));
            let (sender, receiver) = bounded(1);
            let (theirs, lock_of_sender) = (sender.clone(), lock.clone());
            sender.send(0).expect("there is room");
            // This thread is the only one seen to receive ...
            assert_eq!(receiver.recv(), Ok(0), "a first message, say a greeting");
            // ... but will not be the one who does.
            let reader = thread::spawn(move || {
                thread::sleep(rest);
                receiver.iter().count()
            });
            let writer = thread::spawn(move || {
                let _guard = lock_of_sender.lock();
                (0..10).for_each(|value| theirs.send(value).expect("the reader is there"));
            });
            thread::sleep(MILLI);
            drop(lock.lock());
            drop(sender);
            writer.join().expect("it returns");
            assert_eq!(reader.join().expect("it returns"), 10, "all came");
        });
    }
}

#[test]
fn a_receiver_whose_first_thread_has_ended_is_no_deadlock() {
    accepted(|| {
        let lock = Arc::new(Mutex::new(()));
        let (sender, receiver) = bounded(1);
        let receiver = Arc::new(receiver);
        sender.send(0).expect("there is room");
        let theirs = receiver.clone();
        let gone = thread::spawn(move || theirs.recv().expect("the first message"));
        gone.join().expect("it returns");
        let lock_of_sender = lock.clone();
        let (held, is_held) = unbounded();
        // Where the ended thread was, another is now, and waits for what the sender has.
        let bystander = thread::spawn(move || {
            is_held.recv().expect("the sender holds it");
            drop(lock.lock());
        });
        let writer = thread::spawn(move || {
            let _guard = lock_of_sender.lock();
            held.send(()).expect("the bystander waits");
            (1..5).for_each(|value| sender.send(value).expect("the receiver is there"));
        });
        thread::sleep(SECOND * 3);
        assert_eq!(receiver.iter().count(), 4, "all came");
        bystander.join().expect("it returns");
        writer.join().expect("it returns");
    });
}

#[test]
fn a_slow_receiver_is_no_deadlock() {
    accepted(|| {
        let lock = Arc::new(Mutex::new(0));
        let (sender, receiver) = bounded(0);
        let theirs = lock.clone();
        let reader = thread::spawn(move || {
            for value in receiver.iter() {
                thread::sleep(SECOND * 20);
                *theirs.lock() += value;
            }
        });
        for _ in 0..3 {
            drop(lock.lock());
            sender.send(1).expect("the reader is there");
        }
        drop(sender);
        reader.join().expect("it returns");
        assert_eq!(*lock.lock(), 3, "all came");
    });
}

#[test]
fn a_reply_that_never_comes_is_told_when_nobody_can_run() {
    let lines = Lines::default();
    let at = lines.clone();
    let outcome = run(&RunConfig::virtual_time(1), move || {
        let (_sender, receiver) = unbounded::<()>();
        at.next("receive");
        let _ = receiver.recv();
    });
    let failure = outcome.unwrap_failure();
    assert_eq!(failure.kind, FailureKind::NobodyCanRun, "main waits for itself: {failure}");
    let wait = failure.threads[0].waits.as_ref().expect("main waits");
    assert_eq!(
        (wait.operation, wait.place.line()),
        (Operation::Receive, lines.of("receive")),
        "where:\n{failure}"
    );
}

#[test]
fn a_receive_with_a_timeout_is_always_accepted() {
    accepted(|| {
        let (_sender, receiver) = unbounded::<()>();
        assert_eq!(receiver.recv_timeout(SECOND * 10), Err(RecvTimeoutError::Timeout), "in time");
    });
}
