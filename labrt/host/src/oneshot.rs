//! One value for one waiting lab thread, given by a lab thread or an event.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::Place;
use crate::dispatch::{Current, current};
use crate::engine::task::Needs;
use crate::engine::{Standing, Waiter};
use crate::failure::Operation;
use crate::real::{self, RealCompleter, RealCompletion};
use crate::trace::EventKind;

/// Gives the value. Dropped without, the waiter gets `None`.
pub struct Completer<T: Send + 'static>(Giver<T>);

enum Giver<T> {
    Virtual(SimCompleter<T>),
    Real(RealCompleter<T>),
}

struct SimCompleter<T>(Option<Arc<Mutex<Slot<T>>>>);

/// Waits for the value.
pub struct Completion<T: Send + 'static>(Taker<T>);

enum Taker<T> {
    Virtual(Arc<Mutex<Slot<T>>>),
    Real(RealCompletion<T>),
}

struct Slot<T> {
    value: Option<T>,
    over: bool,
    waiter: Option<Waiter>,
}

/// A completer and its completion, for the clock of the current run.
///
/// # Panics
/// Outside a run.
pub fn oneshot<T: Send + 'static>() -> (Completer<T>, Completion<T>) {
    match current() {
        Current::Outside => {
            panic!("a oneshot belongs to a run: make it between the begin and the end of `run`")
        }
        Current::Real(_) => {
            let (completer, completion) = real::oneshot();
            (Completer(Giver::Real(completer)), Completion(Taker::Real(completion)))
        }
        Current::Virtual(_) => {
            let slot = Arc::new(Mutex::new(Slot { value: None, over: false, waiter: None }));
            (
                Completer(Giver::Virtual(SimCompleter(Some(slot.clone())))),
                Completion(Taker::Virtual(slot)),
            )
        }
    }
}

impl<T: Send + 'static> Completer<T> {
    /// Gives the value and wakes the waiter. Never waits; allowed from events and destructors. A
    /// destructor of the dead gives nothing: the waiter gets `None`.
    pub fn complete(self, value: T) {
        match (self.0, current()) {
            (Giver::Real(completer), Current::Real(thread)) if thread.is_inert() => drop(completer),
            (Giver::Real(completer), _) => completer.complete(value),
            (Giver::Virtual(completer), Current::Virtual(engine)) if engine.is_inert() => {
                drop(completer);
            }
            (Giver::Virtual(mut completer), _) => completer.finish(Some(value)),
        }
    }

    /// As [`Completer::complete`], for the last thing that the calling lab thread does: the waiter
    /// then finds the thread's OS thread free for what it starts next.
    pub fn complete_last(self, value: T) {
        match (self.0, current()) {
            (Giver::Real(completer), Current::Real(thread)) if !thread.is_inert() => {
                completer.complete_last(thread, value)
            }
            (giver, _) => Completer(giver).complete(value),
        }
    }
}

impl<T> SimCompleter<T> {
    fn finish(&mut self, value: Option<T>) {
        let Some(slot) = self.0.take() else { return };
        let waiter = {
            let mut slot = slot.lock();
            slot.value = value;
            slot.over = true;
            slot.waiter.take()
        };
        if let (Some(waiter), Current::Virtual(engine)) = (waiter, current()) {
            engine.wake(waiter);
        }
    }
}

impl<T> Drop for SimCompleter<T> {
    fn drop(&mut self) {
        self.finish(None);
    }
}

impl<T: Send + 'static> Completion<T> {
    /// Waits for the value; `None` if the completer was dropped without giving one.
    ///
    /// `operation` and `place` are what the lock watch and a deadlock report call this wait.
    /// The caller is unwound here if its machine crashes, also when the value is already there.
    #[inline(always)] // see `kill::die`
    pub fn wait(self, operation: Operation, place: Place) -> Option<T> {
        match (self.0, current()) {
            (Taker::Real(completion), Current::Real(thread)) => completion.wait(thread),
            (Taker::Virtual(slot), Current::Virtual(engine)) => {
                if engine.point(EventKind::Call, place) == Standing::Inert {
                    // What is there needs no waiting; what is not will not come to this thread.
                    let mut slot = slot.lock();
                    if slot.over {
                        return slot.value.take();
                    }
                    drop(slot);
                    engine.freeze();
                }
                engine.watch_wait(operation, place);
                loop {
                    {
                        let mut slot = slot.lock();
                        if slot.over {
                            return slot.value.take();
                        }
                        slot.waiter = Some(engine.next_waiter());
                    }
                    engine.block(operation, Needs::Anybody, place, None);
                }
            }
            _ => panic!("a oneshot was waited for outside the run it belongs to"),
        }
    }
}
