//! A condition variable under the virtual clock, and the search for forgotten notifications.
//!
//! A wait with a predicate (`wait_while`) can be asked whether it would go on. So whenever the
//! lock was released by somebody else, the waiting task is let in to look at its predicate, at
//! most once in ten virtual milliseconds. If what it waits for has come true, it looks again a
//! second later: if it is true and nobody was notified meanwhile, that is a finding. (If another
//! was, that one has dealt with it, or will.) The task waits on all the same: looking changes
//! nothing.
//! A plain `wait` has no predicate to ask; its thread shows in the report of a run that ends badly.

use std::time::Duration;

use super::lock::{LockCell, Release};
use super::run_cell::RunCell;
use super::state::{Engine, State};
use super::step::Standing;
use super::task::{Needs, RunState, Waiter, Wake};
use super::unwind::OnUnwind;
use crate::Place;
use crate::failure::{FindingKind, Operation};
use crate::trace::EventKind;

/// Between two looks at one predicate.
const PROBE_INTERVAL_NANOS: u64 = 10_000_000;
/// How long a condition may have come true before somebody must have notified.
const FORGOTTEN_NANOS: u64 = 1_000_000_000;

/// The engine's side of a `Condvar`.
pub struct CondvarCell(RunCell<CondvarState>);

struct CondvarState {
    entries: Vec<Entry>,
    /// When somebody was notified last, whether anybody waited or not.
    notified_nanos: u64,
}

struct Entry {
    waiter: Waiter,
    /// The task's number.
    uid: u64,
    /// Its task is looking at its predicate and will wait on, unless it is notified meanwhile.
    looking: bool,
}

/// A wait with a predicate, over all its looks.
pub struct PredicateWait {
    began_nanos: u64,
    deadline_nanos: Option<u64>,
    suspicion: Suspicion,
    /// The lock watch has seen it: a look is no wait of its own.
    watched: bool,
}

enum Suspicion {
    None,
    /// What it waits for has come true; nobody has notified it yet.
    CameTrue {
        release: Option<Release>,
        look_at_nanos: u64,
    },
    Reported,
}

/// What a round of a predicate wait ended with; the lock is held again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Notified: look at the predicate, and decide.
    Notified,
    /// The deadline has come.
    TimedOut,
    /// Look at the predicate, tell [`CondvarCell::looked`], and wait on whatever it says.
    Look,
}

impl Default for CondvarCell {
    fn default() -> Self {
        Self::new()
    }
}

impl CondvarCell {
    /// Nobody waits.
    pub const fn new() -> Self {
        Self(RunCell::new(CondvarState::empty()))
    }

    fn with<R>(&self, engine: &Engine, f: impl FnOnce(&mut Vec<Entry>) -> R) -> R {
        self.0.with(engine, CondvarState::empty, |state| f(&mut state.entries))
    }

    /// Releases the lock, waits, takes the lock again. Whether the deadline has come.
    pub fn wait(
        &self,
        engine: &Engine,
        lock: &LockCell,
        place: Place,
        deadline_nanos: Option<u64>,
    ) -> bool {
        self.enter(engine, lock);
        let wake = self.block(engine, lock, place, deadline_nanos, Looks::No, Watch::Yes);
        self.leave(engine, lock, place);
        wake == Wake::TimedOut
    }

    /// Begins a wait with a predicate.
    pub fn predicate_wait(&self, engine: &Engine, deadline_nanos: Option<u64>) -> PredicateWait {
        let began_nanos = engine.now_nanos();
        PredicateWait { began_nanos, deadline_nanos, suspicion: Suspicion::None, watched: false }
    }

    /// Releases the lock, waits, takes the lock again.
    pub fn round(
        &self,
        engine: &Engine,
        lock: &LockCell,
        place: Place,
        wait: &mut PredicateWait,
    ) -> Round {
        self.enter(engine, lock);
        let (look_at_nanos, looks) = match wait.suspicion {
            Suspicion::None => (None, Looks::AfterRelease),
            Suspicion::CameTrue { look_at_nanos, .. } => (Some(look_at_nanos), Looks::No),
            Suspicion::Reported => (None, Looks::No),
        };
        let until = [wait.deadline_nanos, look_at_nanos].into_iter().flatten().min();
        let watch = match std::mem::replace(&mut wait.watched, true) {
            true => Watch::No,
            false => Watch::Yes,
        };
        match self.block(engine, lock, place, until, looks, watch) {
            Wake::Notified => {
                self.leave(engine, lock, place);
                Round::Notified
            }
            Wake::TimedOut if wait.deadline_nanos.is_some_and(|at| at <= engine.now_nanos()) => {
                self.leave(engine, lock, place);
                Round::TimedOut
            }
            Wake::TimedOut | Wake::Probe => {
                self.with(engine, |entries| {
                    let task = engine.with(|s| s.running);
                    if let Some(entry) = entries.iter_mut().find(|entry| entry.waiter.task == task)
                    {
                        entry.looking = true;
                    }
                });
                lock.lock_after_point(engine, place, Standing::Alive);
                Round::Look
            }
        }
    }

    /// Says what a look has seen: whether the task would still wait. The answer is whether it was
    /// notified while it looked, and so may go on.
    pub fn looked(
        &self,
        engine: &Engine,
        lock: &LockCell,
        place: Place,
        wait: &mut PredicateWait,
        still_waits: bool,
    ) -> bool {
        let notified = self.with(engine, |entries| {
            let task = engine.with(|s| s.running);
            !entries.iter().any(|entry| entry.waiter.task == task)
        });
        if notified || still_waits {
            wait.suspicion = Suspicion::None;
            return notified;
        }
        let now = engine.now_nanos();
        match wait.suspicion {
            Suspicion::None => {
                let release = lock.with(engine, |state| {
                    let changed = state.changed.filter(|change| wait.began_nanos <= change.nanos);
                    changed.or(state.released)
                });
                let look_at_nanos = now + FORGOTTEN_NANOS;
                wait.suspicion = Suspicion::CameTrue { release, look_at_nanos };
            }
            Suspicion::CameTrue { release, .. } => {
                let notified_nanos =
                    self.0.with(engine, CondvarState::empty, |state| state.notified_nanos);
                let look_at_nanos = notified_nanos + FORGOTTEN_NANOS;
                if now < look_at_nanos {
                    wait.suspicion = Suspicion::CameTrue { release, look_at_nanos };
                } else {
                    wait.suspicion = Suspicion::Reported;
                    report_forgotten(engine, place, release);
                }
            }
            Suspicion::Reported => {}
        }
        false
    }

    fn enter(&self, engine: &Engine, lock: &LockCell) {
        if engine.with(|s| s.attention && (s.ending || s.running_is_killed())) {
            // Unwinding, or about to: the lock is no longer this task's to wait with.
            engine.point(EventKind::Block, std::panic::Location::caller());
            lock.release(engine);
            engine.freeze();
        }
        self.renew(engine);
    }

    /// Leaves the key of the next wait, in place of an older one of this task.
    fn renew(&self, engine: &Engine) {
        let (waiter, uid) = engine.with(|s| (s.next_waiter(), s.tasks[s.running as usize].uid));
        let new = Entry { waiter, uid, looking: false };
        self.with(engine, |entries| {
            match entries.iter_mut().find(|entry| entry.waiter.task == waiter.task) {
                Some(entry) => *entry = new,
                None => entries.push(new),
            }
        });
    }

    #[inline(always)] // see `kill::die`
    fn block(
        &self,
        engine: &Engine,
        lock: &LockCell,
        place: Place,
        deadline_nanos: Option<u64>,
        looks: Looks,
        watch: Watch,
    ) -> Wake {
        if lock.is_held_by_running(engine) {
            lock.release(engine);
        }
        if looks == Looks::AfterRelease {
            // Not before its own release, which tells it nothing.
            let waiter = engine.with(|s| s.next_waiter());
            lock.with(engine, |state| state.predicate_waits.push(waiter));
        }
        if watch == Watch::Yes {
            engine.watch_wait(Operation::ConditionWait, place);
        }
        let pass_on = OnUnwind::new(|| {
            if let Some(engine) = crate::dispatch::engine()
                && self.forget_running(engine) == Forgot::Nothing
            {
                // It had been notified, and will not use it.
                self.notify(engine, 1);
            }
        });
        let wake = engine.block(Operation::ConditionWait, Needs::Anybody, place, deadline_nanos);
        pass_on.disarm();
        wake
    }

    fn leave(&self, engine: &Engine, lock: &LockCell, place: Place) {
        self.forget_running(engine);
        lock.lock_after_point(engine, place, Standing::Alive);
    }

    fn forget_running(&self, engine: &Engine) -> Forgot {
        let task = engine.with(|s| s.running);
        self.with(engine, |entries| {
            match entries.iter().position(|entry| entry.waiter.task == task) {
                Some(position) => {
                    entries.remove(position);
                    Forgot::Entry
                }
                None => Forgot::Nothing,
            }
        })
    }

    /// Wakes one waiting task, a random one. A scheduling point before.
    pub fn notify_one(&self, engine: &Engine, place: Place) -> bool {
        if engine.point(EventKind::Notify, place) == Standing::Inert {
            return false;
        }
        self.notify(engine, 1) == 1
    }

    /// Wakes all waiting tasks. A scheduling point before.
    pub fn notify_all(&self, engine: &Engine, place: Place) -> usize {
        if engine.point(EventKind::Notify, place) == Standing::Inert {
            return 0;
        }
        self.notify(engine, usize::MAX)
    }

    fn notify(&self, engine: &Engine, most: usize) -> usize {
        self.0.with(engine, CondvarState::empty, |state| {
            engine.with(|s| {
                state.notified_nanos = s.now;
                let entries = &mut state.entries;
                let mut woken = 0;
                while woken < most && !entries.is_empty() {
                    let chosen = match entries.len() {
                        1 => 0,
                        _ if most == usize::MAX => 0,
                        count => super::policy::below(&mut s.rng, count),
                    };
                    let entry = entries.remove(chosen);
                    if entry.still_looks(s) || s.wake(entry.waiter, Wake::Notified) {
                        woken += 1;
                    }
                }
                woken
            })
        })
    }
}

impl Entry {
    /// Whether its task will find at the end of its look that it was notified.
    fn still_looks(&self, s: &State) -> bool {
        let task = &s.tasks[self.waiter.task as usize];
        self.looking && task.uid == self.uid && task.state != RunState::Done && !task.killed
    }
}

impl CondvarState {
    const fn empty() -> Self {
        Self { entries: Vec::new(), notified_nanos: 0 }
    }
}

/// Whether the lock watch is told of a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    No,
    Yes,
}

/// When a waiting task is let in to look at its predicate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    No,
    AfterRelease,
}

#[derive(PartialEq, Eq)]
enum Forgot {
    Entry,
    Nothing,
}

fn report_forgotten(engine: &Engine, place: Place, release: Option<Release>) {
    if let Some(release) = release {
        engine.add_finding(FindingKind::ForgottenNotify {
            waits_at: place,
            changed_at: release.locked_at,
            since: Duration::from_nanos(release.nanos),
        });
    }
}

impl State {
    /// The lock of these waits has just been released: let them look.
    pub(crate) fn probe_predicates(&mut self, waits: &mut Vec<Waiter>) {
        for waiter in waits.drain(..) {
            let task = &mut self.tasks[waiter.task as usize];
            if task.state != RunState::Blocked || task.generation != waiter.generation {
                continue;
            }
            let next = task.probed_nanos.map_or(0, |at| at + PROBE_INTERVAL_NANOS);
            if next <= self.now {
                task.probed_nanos = Some(self.now);
                self.wake(waiter, Wake::Probe);
            } else {
                self.timers.probe_at(next, waiter.task, waiter.generation);
            }
        }
    }

    /// A look that was put off.
    pub(crate) fn probe(&mut self, waiter: Waiter) {
        let now = self.now;
        if self.wake(waiter, Wake::Probe) {
            self.tasks[waiter.task as usize].probed_nanos = Some(now);
        }
    }
}
