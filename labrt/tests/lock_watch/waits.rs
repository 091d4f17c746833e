//! Every operation that may wait is told when a lock is held.

use std::panic::Location;

use labrt::channel::{Select, bounded, unbounded};
use labrt::sync::{Arc, Condvar, Mutex};
use labrt::thread;
use labrt_host::{Machine, Operation, event, oneshot};

use crate::common::{MILLI, told};

#[test]
fn a_sleep() {
    told(Operation::Sleep, 1, |at| {
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
        thread::sleep(MILLI);
    });
}

#[test]
fn a_receive() {
    told(Operation::Receive, 1, |at| {
        let (sender, receiver) = unbounded();
        sender.send(1).expect("there is room");
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
        assert_eq!(receiver.recv(), Ok(1), "it is told although a message was there");
    });
}

#[test]
fn a_receive_with_a_timeout() {
    told(Operation::Receive, 1, |at| {
        let (_sender, receiver) = unbounded::<()>();
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
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
        at.next("locked");
        let _guard = lock.lock();
        let mut sum = 0;
        at.next("waits");
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
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
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
            at.next("locked");
            let guard = lock.lock();
            at.next("waits");
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
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
        assert!(sender.send_timeout(1, MILLI).is_err(), "nobody receives");
    });
}

#[test]
fn a_join() {
    told(Operation::Join, 1, |at| {
        let thread = thread::spawn(|| ());
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
        thread.join().expect("it returns");
    });
}

#[test]
fn a_call_to_a_machine() {
    told(Operation::Host, 1, |at| {
        let machine = Machine::new("server 0");
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
        assert_eq!(machine.call("answer", || 42), Ok(42), "it answers");
    });
}

#[test]
fn a_remote_procedure_call() {
    told(Operation::Rpc, 1, |at| {
        let (completer, completion) = oneshot::oneshot();
        event::after(MILLI, move || completer.complete(5));
        let lock = Mutex::new(());
        at.next("locked");
        let _guard = lock.lock();
        at.next("waits");
        let reply = completion.wait(Operation::Rpc, Location::caller());
        assert_eq!(reply, Some(5), "the reply");
    });
}

#[test]
fn a_wait_on_the_condition_of_another_lock() {
    told(Operation::ConditionWait, 1, |at| {
        let (outer, lock, condition) = (Mutex::new(()), Mutex::new(()), Condvar::new());
        at.next("locked");
        let _outer = outer.lock();
        let mut guard = lock.lock();
        at.next("waits");
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
        at.next("locked");
        let _outer = outer.lock();
        let mut guard = shared.0.lock();
        at.next("waits");
        shared.1.wait_while(&mut guard, |value| *value < 100);
    });
}
