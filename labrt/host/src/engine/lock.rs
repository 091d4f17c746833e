//! A mutual-exclusion lock under the virtual clock: who holds it, who waits.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::deadlock;
use super::run_cell::RunCell;
use super::state::{Engine, State};
use super::step::Standing;
use super::task::{Held, NOBODY, Needs, Waiter, Wake};
use super::unwind::OnUnwind;
use crate::Place;
use crate::failure::Operation;
use crate::trace::EventKind;

/// The engine's side of a `Mutex`. The value and its exclusion from other OS threads stay with
/// the face; here is who may go on.
pub struct LockCell {
    state: RunCell<LockState>,
    /// The value has been lent out to be changed since the lock was taken.
    changed: AtomicBool,
}

pub(crate) struct LockState {
    pub(crate) holder: u32,
    waiters: Vec<Waiter>,
    /// Condition waits with a predicate that were entered under this lock.
    pub(crate) predicate_waits: Vec<Waiter>,
    /// The last time that the lock was given back.
    pub(crate) released: Option<Release>,
    /// The last time that it was after the value could be changed.
    pub(crate) changed: Option<Release>,
}

/// When a lock was given back, and where it had been taken.
#[derive(Clone, Copy)]
pub(crate) struct Release {
    pub(crate) locked_at: Place,
    pub(crate) nanos: u64,
}

const fn empty() -> LockState {
    LockState {
        holder: NOBODY,
        waiters: Vec::new(),
        predicate_waits: Vec::new(),
        released: None,
        changed: None,
    }
}

impl Default for LockCell {
    fn default() -> Self {
        Self::new()
    }
}

impl LockCell {
    /// An open lock.
    pub const fn new() -> Self {
        Self { state: RunCell::new(empty()), changed: AtomicBool::new(false) }
    }

    /// The holder has the value in hand to change it.
    #[inline]
    pub fn note_change(&self) {
        self.changed.store(true, Relaxed);
    }

    #[inline]
    pub(crate) fn with<R>(&self, engine: &Engine, f: impl FnOnce(&mut LockState) -> R) -> R {
        self.state.with(engine, empty, f)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes the lock, waiting for it. A task that is being unwound takes it if it is free, and is
    /// frozen otherwise.
    #[inline]
    pub fn lock(&self, engine: &Engine, place: Place) {
        let standing = engine.point(EventKind::Lock, place);
        engine.stall(place);
        self.lock_after_point(engine, place, standing);
    }

    pub(crate) fn lock_after_point(&self, engine: &Engine, place: Place, standing: Standing) {
        loop {
            if self.take(engine, place) {
                return;
            }
            if standing == Standing::Inert {
                engine.freeze();
            }
            let waiter = engine.with(|s| s.next_waiter());
            self.with(engine, |lock| lock.waiters.push(waiter));
            // Killed in here, the task leaves a stale entry, and a wake-up meant for it is passed
            // on by whoever finds it: `release` skips entries that no longer wait.
            let pass_on = OnUnwind::new(|| {
                if let Some(engine) = crate::dispatch::engine() {
                    self.pass_on(engine);
                }
            });
            engine.block(Operation::Lock, Needs::Mutex(self), place, None);
            pass_on.disarm();
        }
    }

    fn pass_on(&self, engine: &Engine) {
        self.with(engine, |lock| {
            if lock.holder == NOBODY {
                engine.with(|s| wake_one(&mut lock.waiters, s));
            }
        });
    }

    pub(crate) fn is_held_by_running(&self, engine: &Engine) -> bool {
        self.with(engine, |lock| lock.holder == engine.with(|s| s.running))
    }

    /// Who holds the lock.
    ///
    /// # Safety
    /// The cell must belong to the run whose turn it is, and nobody may be touching it.
    pub(crate) unsafe fn holder(&self) -> u32 {
        // SAFETY: passed on to the caller.
        unsafe { self.state.peek() }.holder
    }

    /// Takes the lock if it is free now. A scheduling point.
    pub fn try_lock(&self, engine: &Engine, place: Place) -> bool {
        engine.point(EventKind::TryLock, place);
        self.take(engine, place)
    }

    #[inline]
    fn take(&self, engine: &Engine, place: Place) -> bool {
        let address = self.address();
        self.with(engine, |lock| {
            if lock.holder != NOBODY {
                return false;
            }
            engine.with(|s| {
                if s.running != NOBODY {
                    lock.holder = s.running;
                    s.tasks[s.running as usize].held.push(Held { address, place });
                }
            });
            true
        })
    }

    /// Gives the lock back and wakes one of those who wait. A scheduling point, except in a task
    /// that is being unwound.
    #[inline]
    pub fn unlock(&self, engine: &Engine, place: Place) {
        self.release(engine);
        engine.point(EventKind::Unlock, place);
    }

    /// Gives the lock back without a scheduling point.
    #[inline]
    pub(crate) fn release(&self, engine: &Engine) {
        let address = self.address();
        self.with(engine, |lock| {
            lock.holder = NOBODY;
            engine.with(|s| {
                let locked_at = s.forget_held(address);
                let changed = self.changed.load(Relaxed);
                if let Some(locked_at) = locked_at {
                    let release = Release { locked_at, nanos: s.now };
                    lock.released = Some(release);
                    if changed {
                        self.changed.store(false, Relaxed);
                        lock.changed = Some(release);
                    }
                }
                wake_one(&mut lock.waiters, s);
                if !lock.predicate_waits.is_empty() {
                    s.probe_predicates(&mut lock.predicate_waits);
                }
            });
        });
    }
}

/// Wakes a random one of `waiters` that still waits.
pub(crate) fn wake_one(waiters: &mut Vec<Waiter>, s: &mut State) -> bool {
    while !waiters.is_empty() {
        let chosen = match waiters.len() {
            1 => 0,
            count => super::policy::below(&mut s.rng, count),
        };
        let waiter = waiters.swap_remove(chosen);
        if s.wake(waiter, Wake::Notified) {
            return true;
        }
    }
    false
}

impl State {
    /// The running task holds the lock at `address` no more; where it took it, if it did.
    #[inline]
    pub(crate) fn forget_held(&mut self, address: usize) -> Option<Place> {
        let running = self.running;
        if running == NOBODY {
            return None;
        }
        let held = &mut self.tasks[running as usize].held;
        let position = held.iter().rposition(|held| held.address == address)?;
        Some(held.remove(position).place)
    }
}

impl Engine {
    /// Records a wait under a held lock (rule L4).
    #[inline]
    pub fn watch_wait(&self, operation: Operation, place: Place) {
        if self.with(|s| s.running != NOBODY && !s.tasks[s.running as usize].held.is_empty()) {
            deadlock::record_hazard(self, operation, place);
        }
    }
}
