//! A value handed to one waiting thread.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::seat::{Seat, WaitFor};
use super::thread::RealThread;

enum State<T> {
    /// Neither a value nor a waiter.
    Empty,
    /// Somebody waits.
    Awaited(Arc<Seat>),
    /// The value, or `None` if it will never come.
    Done(Option<T>),
}

/// Gives the value. Dropped without giving it, the waiter gets `None`.
pub struct RealCompleter<T>(Option<Arc<Mutex<State<T>>>>);

/// Waits for the value.
pub struct RealCompletion<T>(Arc<Mutex<State<T>>>);

/// A completer and its completion.
pub fn oneshot<T>() -> (RealCompleter<T>, RealCompletion<T>) {
    let state = Arc::new(Mutex::new(State::Empty));
    (RealCompleter(Some(state.clone())), RealCompletion(state))
}

impl<T> RealCompleter<T> {
    /// Gives the value and wakes the waiter. Never waits; allowed everywhere.
    pub fn complete(mut self, value: T) {
        self.put(Some(value));
    }

    /// Gives the value at once, but wakes the waiter only when the OS thread under `thread`, the
    /// caller, is free again, or waits: for the last thing a lab thread does.
    ///
    /// The waiter often wants a pooled thread next. Woken at once it may find this one still
    /// busy with ending, take another, and both then lose their warm caches to each other.
    pub fn complete_last(mut self, thread: &RealThread, value: T) {
        if let Some(seat) = self.finish(Some(value)) {
            thread.wake_at_exit(seat);
        }
    }

    fn put(&mut self, value: Option<T>) {
        if let Some(seat) = self.finish(value) {
            seat.wake();
        }
    }

    fn finish(&mut self, value: Option<T>) -> Option<Arc<Seat>> {
        let state = self.0.take()?;
        let before = mem::replace(&mut *state.lock(), State::Done(value));
        match before {
            State::Awaited(seat) => Some(seat),
            State::Empty | State::Done(_) => None,
        }
    }
}

impl<T> Drop for RealCompleter<T> {
    fn drop(&mut self) {
        self.put(None);
    }
}

impl<T> RealCompletion<T> {
    /// Waits for the value. `None`: it will never come, or the caller is inert.
    ///
    /// Unwinds instead if the caller's machine crashes.
    pub fn wait(self, thread: &RealThread) -> Option<T> {
        if thread.is_inert() {
            thread.inert_pause(None);
            return None;
        }
        loop {
            thread.check();
            if let Some(value) = self.poll(thread.seat()) {
                thread.check();
                return value;
            }
            thread.before_wait();
            thread.seat().wait(WaitFor::Value, None);
        }
    }

    /// Whether [`RealCompletion::wait`] would return at once.
    pub fn is_done(&self) -> bool {
        matches!(&*self.0.lock(), State::Done(_))
    }

    /// Waits on an OS thread that is no lab thread.
    pub(super) fn wait_outside(self) -> Option<T> {
        let seat = Arc::new(Seat::of_current());
        loop {
            if let Some(value) = self.poll(&seat) {
                return value;
            }
            seat.wait(WaitFor::Time, None);
        }
    }

    /// The value if it is there; otherwise `seat` will be woken when it comes.
    pub(super) fn poll(&self, seat: &Arc<Seat>) -> Option<Option<T>> {
        let mut state = self.0.lock();
        match &mut *state {
            State::Done(value) => Some(value.take()),
            State::Awaited(waiter) if Arc::ptr_eq(waiter, seat) => None,
            State::Empty | State::Awaited(_) => {
                *state = State::Awaited(seat.clone());
                None
            }
        }
    }

    /// Waits until `deadline`, as [`RealCompletion::poll`] in a loop; by the owner of `seat`.
    pub(super) fn wait_until(
        &self,
        seat: &Arc<Seat>,
        deadline: Option<Instant>,
    ) -> Option<Option<T>> {
        let value = self.poll(seat);
        if value.is_some() {
            return value;
        }
        seat.wait(WaitFor::Time, deadline);
        self.poll(seat)
    }
}
