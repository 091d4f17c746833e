//! A readers-writer lock under the virtual clock.

use super::run_cell::RunCell;
use super::state::Engine;
use super::step::Standing;
use super::task::{Held, LockMode, NOBODY, Needs, Waiter, Wake};
use super::unwind::OnUnwind;
use crate::Place;
use crate::failure::Operation;
use crate::trace::EventKind;

/// The engine's side of an `RwLock`. As in parking_lot, a reader waits when a writer is waiting:
/// reading twice in one thread can deadlock, and here it is seen to.
pub struct RwLockCell(RunCell<RwLockState>);

struct RwLockState {
    writer: u32,
    readers: Vec<u32>,
    waiting: Vec<(Waiter, LockMode)>,
}

const fn empty() -> RwLockState {
    RwLockState { writer: NOBODY, readers: Vec::new(), waiting: Vec::new() }
}

impl Default for RwLockCell {
    fn default() -> Self {
        Self::new()
    }
}

impl RwLockCell {
    /// An open lock.
    pub const fn new() -> Self {
        Self(RunCell::new(empty()))
    }

    fn with<R>(&self, engine: &Engine, f: impl FnOnce(&mut RwLockState) -> R) -> R {
        self.0.with(engine, empty, f)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes the lock to read, waiting for it.
    pub fn read(&self, engine: &Engine, place: Place) {
        self.lock(engine, place, LockMode::Read, EventKind::Read);
    }

    /// Takes the lock to write, waiting for it.
    pub fn write(&self, engine: &Engine, place: Place) {
        self.lock(engine, place, LockMode::Write, EventKind::Write);
    }

    /// Takes the lock to read if that is possible now. A scheduling point.
    pub fn try_read(&self, engine: &Engine, place: Place) -> bool {
        engine.point(EventKind::TryLock, place);
        self.take(engine, place, LockMode::Read)
    }

    /// Takes the lock to write if that is possible now. A scheduling point.
    pub fn try_write(&self, engine: &Engine, place: Place) -> bool {
        engine.point(EventKind::TryLock, place);
        self.take(engine, place, LockMode::Write)
    }

    fn lock(&self, engine: &Engine, place: Place, mode: LockMode, kind: EventKind) {
        let standing = engine.point(kind, place);
        engine.stall(place);
        let operation = match mode {
            LockMode::Read => Operation::Read,
            LockMode::Write => Operation::Write,
        };
        while !self.take(engine, place, mode) {
            if standing == Standing::Inert {
                engine.freeze();
            }
            let waiter = engine.with(|s| s.next_waiter());
            self.with(engine, |lock| lock.waiting.push((waiter, mode)));
            let let_others_try = OnUnwind::new(|| {
                if let Some(engine) = crate::dispatch::engine() {
                    self.wake_all(engine);
                }
            });
            engine.block(operation, Needs::RwLock(self, mode), place, None);
            let_others_try.disarm();
        }
    }

    fn take(&self, engine: &Engine, place: Place, mode: LockMode) -> bool {
        let address = self.address();
        self.with(engine, |lock| {
            let free = match mode {
                LockMode::Write => lock.writer == NOBODY && lock.readers.is_empty(),
                LockMode::Read => lock.writer == NOBODY && !lock.a_writer_waits(engine),
            };
            if free {
                engine.with(|s| {
                    if s.running == NOBODY {
                        return;
                    }
                    match mode {
                        LockMode::Write => lock.writer = s.running,
                        LockMode::Read => lock.readers.push(s.running),
                    }
                    s.tasks[s.running as usize].held.push(Held { address, place });
                });
            }
            free
        })
    }

    /// Gives back a lock taken to read. A scheduling point.
    pub fn unlock_read(&self, engine: &Engine, place: Place) {
        let running = engine.with(|s| s.running);
        self.with(engine, |lock| {
            if let Some(position) = lock.readers.iter().position(|reader| *reader == running) {
                lock.readers.swap_remove(position);
            }
        });
        self.released(engine, place);
    }

    /// Gives back a lock taken to write. A scheduling point.
    pub fn unlock_write(&self, engine: &Engine, place: Place) {
        self.with(engine, |lock| lock.writer = NOBODY);
        self.released(engine, place);
    }

    fn released(&self, engine: &Engine, place: Place) {
        let address = self.address();
        engine.with(|s| s.forget_held(address));
        self.wake_all(engine);
        engine.point(EventKind::Unlock, place);
    }

    /// All try again; the order in which they run decides.
    fn wake_all(&self, engine: &Engine) {
        self.with(engine, |lock| {
            engine.with(|s| {
                for (waiter, _) in lock.waiting.drain(..) {
                    s.wake(waiter, Wake::Notified);
                }
            });
        });
    }

    /// Who must act before `waiting` can have the lock.
    ///
    /// # Safety
    /// The cell must belong to the run whose turn it is, and nobody may be touching it.
    pub(crate) unsafe fn blockers(&self, waiting: u32, mode: LockMode) -> Vec<u32> {
        // SAFETY: passed on to the caller.
        let lock = unsafe { self.0.peek() };
        let mut blockers = Vec::new();
        if lock.writer != NOBODY {
            blockers.push(lock.writer);
        }
        match mode {
            LockMode::Write => blockers.extend(&lock.readers),
            LockMode::Read if lock.writer == NOBODY => {
                let writers = lock.waiting.iter().filter(|(_, mode)| *mode == LockMode::Write);
                blockers
                    .extend(writers.map(|(waiter, _)| waiter.task).filter(|task| *task != waiting));
            }
            LockMode::Read => {}
        }
        blockers
    }
}

impl RwLockState {
    fn a_writer_waits(&self, engine: &Engine) -> bool {
        engine.with(|s| {
            self.waiting
                .iter()
                .any(|(waiter, mode)| *mode == LockMode::Write && s.still_waits(*waiter))
        })
    }
}
