//! Waiting for a condition.

use std::fmt;
use std::panic::Location;

use labrt_host::Place;
use labrt_host::dispatch::{self, Current};
use labrt_host::engine::condvar::{CondvarCell, Round};
use labrt_host::real;

use super::mutex::MutexGuard;
use crate::time::{Duration, Instant};

/// A condition variable, as parking_lot's: it never wakes without a reason, and `notify_one` and
/// `notify_all` say whom they woke.
///
/// Prefer [`Condvar::wait_while`]: it cannot forget to look again, and under the virtual clock it
/// notices a condition that came true without a notification (rules S2, C4).
///
/// ```
/// use labrt::sync::{Condvar, Mutex};
/// use labrt::time::Duration;
/// let (lock, condition) = (Mutex::new(0), Condvar::new());
/// let mut guard = lock.lock();
/// assert!(condition.wait_for(&mut guard, Duration::from_millis(1)).timed_out());
/// ```
#[derive(Default)]
pub struct Condvar {
    cell: CondvarCell,
    real: parking_lot::Condvar,
}

/// Whether a wait ended because its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was over.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition that nobody waits for.
    pub const fn new() -> Self {
        Self { cell: CondvarCell::new(), real: parking_lot::Condvar::new() }
    }

    /// Releases the lock, waits for a notification, takes the lock again.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_at(guard, None, Location::caller());
    }

    /// As [`Condvar::wait`], for at most `timeout`.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        // A moment too far to be told is no deadline.
        let deadline = Instant::now().checked_add(timeout);
        WaitTimeoutResult(self.wait_at(guard, deadline, Location::caller()))
    }

    /// As [`Condvar::wait`], until `deadline` at the latest.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        WaitTimeoutResult(self.wait_at(guard, Some(deadline), Location::caller()))
    }

    /// Waits while `condition` says so; it is asked with the lock held, before and after each wait.
    ///
    /// It may be asked more often than there are notifications: it should only look.
    #[track_caller]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) {
        self.wait_while_at(guard, condition, None, Location::caller());
    }

    /// As [`Condvar::wait_while`], for at most `timeout`.
    #[track_caller]
    pub fn wait_while_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: impl FnMut(&mut T) -> bool,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        let deadline = Instant::now().checked_add(timeout);
        WaitTimeoutResult(self.wait_while_at(guard, condition, deadline, Location::caller()))
    }

    /// Wakes one waiting thread; whether there was one.
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        match dispatch::current() {
            Current::Outside => self.real.notify_one(),
            Current::Real(thread) => {
                thread.check();
                !thread.is_inert() && self.real.notify_one()
            }
            Current::Virtual(engine) => self.cell.notify_one(engine, Location::caller()),
        }
    }

    /// Wakes all waiting threads; how many there were.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        match dispatch::current() {
            Current::Outside => self.real.notify_all(),
            Current::Real(thread) => {
                thread.check();
                if thread.is_inert() { 0 } else { self.real.notify_all() }
            }
            Current::Virtual(engine) => self.cell.notify_all(engine, Location::caller()),
        }
    }

    /// Waits; whether the deadline came.
    fn wait_at<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Option<Instant>,
        place: Place,
    ) -> bool {
        match dispatch::current() {
            Current::Outside => {
                let inner = guard.real.as_mut().expect(HAS_LOCK);
                match deadline {
                    None => {
                        self.real.wait(inner);
                        false
                    }
                    Some(deadline) => {
                        self.real.wait_until(inner, deadline.on_the_wall()).timed_out()
                    }
                }
            }
            Current::Real(thread) => {
                thread.check();
                let inner = guard.real.as_mut().expect(HAS_LOCK);
                real::condvar_wait(thread, &self.real, inner, deadline.map(Instant::on_the_wall))
            }
            Current::Virtual(engine) => {
                // Given up first: if the thread is killed in the wait, the guard has nothing to
                // give back.
                guard.real = None;
                let timed_out =
                    self.cell.wait(engine, &guard.mutex.cell, place, deadline.map(Instant::nanos));
                guard.real = Some(guard.mutex.take_real());
                timed_out
            }
        }
    }

    fn wait_while_at<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        deadline: Option<Instant>,
        place: Place,
    ) -> bool {
        let Some(engine) = dispatch::engine() else {
            while condition(guard.value()) {
                if self.wait_at(guard, deadline, place) {
                    return condition(guard.value());
                }
            }
            return false;
        };
        if !condition(guard.value()) {
            return false;
        }
        let mut wait = self.cell.predicate_wait(engine, deadline.map(Instant::nanos));
        loop {
            guard.real = None;
            let engine = dispatch::engine().expect("the clock does not change in a run");
            let round = self.cell.round(engine, &guard.mutex.cell, place, &mut wait);
            guard.real = Some(guard.mutex.take_real());
            let still_waits = condition(guard.value());
            let decides = match round {
                Round::Notified => !still_waits,
                Round::TimedOut => return still_waits,
                Round::Look => {
                    let engine = dispatch::engine().expect("the clock does not change in a run");
                    let notified =
                        self.cell.looked(engine, &guard.mutex.cell, place, &mut wait, still_waits);
                    notified && !still_waits
                }
            };
            if decides {
                return false;
            }
            if round == Round::Notified {
                let engine = dispatch::engine().expect("the clock does not change in a run");
                wait = self.cell.predicate_wait(engine, deadline.map(Instant::nanos));
            }
        }
    }
}

const HAS_LOCK: &str = "a guard that can be borrowed has its lock";

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Condvar { .. }")
    }
}
