//! The waits of a lab thread: each ends by unwinding when its machine crashes, without polling.

use std::time::{Duration, Instant};

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Select, SelectedOperation, SendTimeoutError, Sender, TryRecvError,
    TrySendError,
};
use parking_lot::{Condvar, MutexGuard};

use super::seat::WaitFor;
use super::thread::RealThread;
use crate::kill;

/// How often a channel is tried before the thread sleeps, and how often with nothing but a short
/// loop between: crossbeam's own numbers. Its `Select`, which the sleep needs, does not try so,
/// and a wake-up through it costs twice as much as through `recv`.
const ATTEMPTS: u32 = 11;
const ATTEMPTS_SPINNING: u32 = 7;

/// Waits for `duration`. An inert thread pauses for at most a millisecond.
pub fn sleep(thread: &RealThread, duration: Duration) {
    let deadline = Instant::now().checked_add(duration);
    if thread.is_inert() {
        return thread.inert_pause(deadline);
    }
    thread.check();
    thread.before_wait();
    while deadline.is_none_or(|deadline| Instant::now() < deadline) {
        thread.seat().wait(WaitFor::Time, deadline);
        thread.check();
    }
}

/// Waits on `condition`, whose lock `guard` holds, until it is notified or `deadline` passes;
/// returns whether it passed.
///
/// May return without a notification when another machine whose threads wait on the same
/// condition variable crashes. An inert thread releases the lock for at most a millisecond and
/// returns as timed out.
pub fn condvar_wait<T: ?Sized>(
    thread: &RealThread,
    condition: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Option<Instant>,
) -> bool {
    if thread.is_inert() {
        MutexGuard::unlocked(guard, || thread.inert_pause(deadline));
        return true;
    }
    thread.before_wait();
    let entry = thread.seat().condition.enter(condition);
    // After entering: whoever condemns the machine later sees the entry.
    thread.check();
    let timed_out = match deadline {
        None => {
            condition.wait(guard);
            false
        }
        Some(deadline) => condition.wait_until(guard, deadline).timed_out(),
    };
    drop(entry);
    if thread.domain().is_dead() {
        // It may have been woken in place of a living one.
        condition.notify_one();
        thread.check();
    }
    timed_out
}

/// Receives. An inert thread takes nothing and finds the channel disconnected.
pub fn recv<T>(
    thread: &RealThread,
    receiver: &Receiver<T>,
    deadline: Option<Instant>,
) -> Result<T, RecvTimeoutError> {
    if thread.is_inert() {
        thread.inert_pause(deadline);
        return Err(RecvTimeoutError::Disconnected);
    }
    thread.check();
    for attempt in 0..ATTEMPTS {
        match receiver.try_recv() {
            Ok(value) => return Ok(value),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => back_off(thread, attempt),
        }
    }
    let mut operations = Select::new();
    operations.recv(receiver);
    let operation = select_or_die(thread, &mut operations, deadline);
    operation
        .ok_or(RecvTimeoutError::Timeout)?
        .recv(receiver)
        .map_err(|_| RecvTimeoutError::Disconnected)
}

/// Sends; waits while the channel is full. An inert thread drops `value` and succeeds.
pub fn send<T>(
    thread: &RealThread,
    sender: &Sender<T>,
    mut value: T,
    deadline: Option<Instant>,
) -> Result<(), SendTimeoutError<T>> {
    if thread.is_inert() {
        return Ok(());
    }
    thread.check();
    for attempt in 0..ATTEMPTS {
        match sender.try_send(value) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Disconnected(it)) => return Err(SendTimeoutError::Disconnected(it)),
            Err(TrySendError::Full(it)) => value = it,
        }
        back_off(thread, attempt);
    }
    let mut operations = Select::new();
    operations.send(sender);
    match select_or_die(thread, &mut operations, deadline) {
        Some(operation) => operation
            .send(sender, value)
            .map_err(|error| SendTimeoutError::Disconnected(error.into_inner())),
        None => Err(SendTimeoutError::Timeout(value)),
    }
}

/// Waits until one of `operations` is chosen; the caller must complete it. `None`: `deadline`
/// passed, or the thread is inert.
///
/// Uses up one of the numbers that `operations` gives out: build it anew for each call.
pub fn select<'a>(
    thread: &'a RealThread,
    operations: &mut Select<'a>,
    deadline: Option<Instant>,
) -> Option<SelectedOperation<'a>> {
    if thread.is_inert() {
        thread.inert_pause(deadline);
        return None;
    }
    thread.check();
    if let Ok(operation) = operations.try_select() {
        return Some(operation);
    }
    select_or_die(thread, operations, deadline)
}

/// Waits until one of `operations` may be ready, and returns its number. `None` and the numbers:
/// as [`select`]. A rendezvous is only made by [`select`], never by this.
pub fn select_ready<'a>(
    thread: &'a RealThread,
    operations: &mut Select<'a>,
    deadline: Option<Instant>,
) -> Option<usize> {
    if thread.is_inert() {
        thread.inert_pause(deadline);
        return None;
    }
    thread.check();
    if let Ok(number) = operations.try_ready() {
        return Some(number);
    }
    thread.before_wait();
    let death = operations.recv(thread.domain().death());
    let number = match deadline {
        None => Some(operations.ready()),
        Some(deadline) => operations.ready_deadline(deadline).ok(),
    };
    operations.remove(death);
    thread.check();
    number.filter(|number| *number != death)
}

fn back_off(thread: &RealThread, attempt: u32) {
    if attempt < ATTEMPTS_SPINNING {
        (0..1 << attempt).for_each(|_| std::hint::spin_loop());
    } else {
        thread.before_wait();
        std::thread::yield_now();
    }
}

fn select_or_die<'a>(
    thread: &'a RealThread,
    operations: &mut Select<'a>,
    deadline: Option<Instant>,
) -> Option<SelectedOperation<'a>> {
    thread.before_wait();
    let death = thread.domain().death();
    let number = operations.recv(death);
    let operation = match deadline {
        None => Some(operations.select()),
        Some(deadline) => operations.select_deadline(deadline).ok(),
    };
    operations.remove(number);
    if operation.as_ref().is_some_and(|operation| operation.index() == number) {
        // A chosen operation must be completed; this one only tells that the domain is dead.
        let _ = operation.map(|operation| operation.recv(death));
        thread.check();
        kill::die();
    }
    operation
}
