//! A lab thread under the virtual clock: its life, its wait, who waits for its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use super::lock::LockCell;
use super::panics::{self, PanicRecord};
use super::rwlock::RwLockCell;
use super::stack::{Body, Carrier};
use super::state::{Engine, State};
use super::step::Standing;
use crate::Place;
use crate::failure::{FailureKind, Operation};
use crate::kill::Killed;
use crate::trace::EventKind;

/// No task, no machine.
pub(crate) const NOBODY: u32 = u32::MAX;

/// A task in one particular wait. Waking it later than that wait does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    pub(crate) task: u32,
    pub(crate) generation: u64,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Somebody woke it.
    Notified,
    /// Its deadline came.
    TimedOut,
    /// Only to look at its condition again ([`super::condvar`]).
    Probe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunState {
    Runnable,
    Running,
    Blocked,
    Done,
}

/// Who has to do something before a blocked task can go on.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    /// Cannot be told.
    Anybody,
    /// The holder of this lock. The waiting task borrows it, so the pointer is good while it waits.
    Mutex(*const LockCell),
    RwLock(*const RwLockCell, LockMode),
    /// The end of this task.
    Task(u32),
    /// The only task that was ever seen to receive from the channel: likely, not certain. Its slot
    /// and its number.
    LikelyTask(u32, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockMode {
    Read,
    Write,
}

#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) operation: Operation,
    pub(crate) since_nanos: u64,
    pub(crate) needs: Needs,
}

/// What a thread is called; one without a name goes by the place it was spawned at.
pub enum Name {
    /// By that place.
    None,
    /// By the program's choice.
    Given(Arc<str>),
    /// By the framework's.
    Fixed(&'static str),
}

pub(crate) struct Held {
    pub(crate) address: usize,
    pub(crate) place: Place,
}

pub(crate) struct Task {
    /// Never used twice in a run.
    pub(crate) uid: u64,
    pub(crate) name: Name,
    pub(crate) machine: u32,
    pub(crate) spawned_at: Place,
    pub(crate) state: RunState,
    /// Its last operation.
    pub(crate) place: Place,
    pub(crate) wait: Option<Wait>,
    pub(crate) generation: u64,
    pub(crate) wake: Wake,
    pub(crate) has_deadline: bool,
    /// Boxed, since each turn takes it out and puts it back.
    pub(crate) carrier: Option<Box<Carrier>>,
    pub(crate) body: Option<Body>,
    pub(crate) held: Vec<Held>,
    /// It is, or will be, unwound from outside.
    pub(crate) killed: bool,
    pub(crate) joiners: Vec<Waiter>,
    pub(crate) priority: u64,
    /// When it last looked at the predicate of a condition wait.
    pub(crate) probed_nanos: Option<u64>,
    /// Operations since it was killed: a `Drop` that loops on them is stopped.
    pub(crate) inert_operations: u32,
    /// Panics of its own that may be unwinding it, as the hook saw them, the last one last.
    pub(crate) panics: Vec<PanicRecord>,
}

/// The right to wait for a task's end, and its result.
pub struct TaskHandle<T> {
    task: u32,
    uid: u64,
    result: Arc<Mutex<Option<T>>>,
}

impl<T> Clone for TaskHandle<T> {
    fn clone(&self) -> Self {
        Self { task: self.task, uid: self.uid, result: self.result.clone() }
    }
}

impl Engine {
    /// Starts a lab thread on `machine` (`NOBODY`: on none).
    pub fn spawn<T: 'static>(
        &self,
        machine: u32,
        name: Name,
        place: Place,
        body: impl FnOnce() -> T + 'static,
    ) -> TaskHandle<T> {
        let result = Arc::new(Mutex::new(None));
        let slot = result.clone();
        let body = Box::new(move || {
            let value = body();
            *slot.lock() = Some(value);
        });
        let (task, uid) = self.spawn_boxed(machine, name, place, body);
        TaskHandle { task, uid, result }
    }

    /// As [`Engine::spawn`], for a thread nobody will join.
    pub(crate) fn spawn_boxed(
        &self,
        machine: u32,
        name: Name,
        place: Place,
        body: Body,
    ) -> (u32, u64) {
        let (task, uid, dropped) = self.with(|s| s.add_task(machine, name, place, body));
        drop(dropped);
        (task, uid)
    }

    /// Waits for the end of the thread; `None` if it ended without a result.
    pub fn join<T>(&self, handle: &TaskHandle<T>, operation: Operation, place: Place) -> Option<T> {
        if self.point(EventKind::Join, place) == Standing::Inert {
            self.freeze();
        }
        self.watch_wait(operation, place);
        loop {
            let waits = self.with(|s| {
                let task = &s.tasks[handle.task as usize];
                let over = task.uid != handle.uid || task.state == RunState::Done;
                if !over {
                    let waiter = s.next_waiter();
                    s.tasks[handle.task as usize].joiners.push(waiter);
                }
                !over
            });
            if !waits {
                return handle.result.lock().take();
            }
            self.block(operation, Needs::Task(handle.task), place, None);
        }
    }

    /// Whether the thread has ended.
    pub fn is_finished<T>(&self, handle: &TaskHandle<T>) -> bool {
        self.with(|s| {
            let task = &s.tasks[handle.task as usize];
            task.uid != handle.uid || task.state == RunState::Done
        })
    }

    /// The key of the running task's next wait, to be left where it will be woken from.
    pub fn next_waiter(&self) -> Waiter {
        self.with(|s| s.next_waiter())
    }

    /// Whether what runs is only being ended, and must have no effect.
    pub fn is_inert(&self) -> bool {
        self.with(|s| s.is_inert())
    }

    /// The name of the running task, as reports have it.
    pub fn current_name(&self) -> String {
        self.with(|s| s.names_of_running().0)
    }

    /// A number for the running task that no other task of the run has.
    pub fn current_uid(&self) -> u64 {
        self.with(|s| s.tasks.get(s.running as usize).map_or(0, |task| task.uid))
    }
}

impl State {
    fn add_task(
        &mut self,
        machine: u32,
        name: Name,
        place: Place,
        body: Body,
    ) -> (u32, u64, Option<Body>) {
        self.spawned += 1;
        let uid = self.spawned;
        let dead = self.is_inert() || self.is_crashed(machine);
        let priority = self.policy.new_priority(&mut self.rng);
        let mut task = Task {
            uid,
            name,
            machine,
            spawned_at: place,
            state: RunState::Runnable,
            place,
            wait: None,
            generation: 0,
            wake: Wake::Notified,
            has_deadline: false,
            carrier: None,
            body: None,
            held: Vec::new(),
            killed: false,
            joiners: Vec::new(),
            priority,
            probed_nanos: None,
            inert_operations: 0,
            panics: Vec::new(),
        };
        if dead {
            // Started by something that is itself being ended: it exists, and is over.
            task.state = RunState::Done;
        } else {
            self.live += 1;
            self.live_max = self.live_max.max(self.live);
            if self.config.limits.live_threads < self.live {
                self.too_many_threads(place);
            }
            if machine != NOBODY {
                self.machines[machine as usize].live += 1;
            }
        }
        let alive = !dead;
        let index = match self.free_tasks.pop() {
            Some(index) => {
                let slot = &mut self.tasks[index as usize];
                task.generation = slot.generation + 1;
                // The vectors keep their memory from one task to the next.
                std::mem::swap(&mut task.held, &mut slot.held);
                std::mem::swap(&mut task.joiners, &mut slot.joiners);
                task.held.clear();
                task.joiners.clear();
                *slot = task;
                index
            }
            None => {
                self.tasks.push(task);
                (self.tasks.len() - 1) as u32
            }
        };
        if alive {
            self.tasks[index as usize].body = Some(body);
            self.runnable.push(index);
            (index, uid, None)
        } else {
            self.free_tasks.push(index);
            (index, uid, Some(body))
        }
    }

    #[cold]
    fn too_many_threads(&mut self, place: Place) {
        // The one that is asked for is not in the table.
        let mut places: Vec<(usize, Place)> = vec![(1, place)];
        for task in self.tasks.iter().filter(|task| task.state != RunState::Done) {
            match places.iter_mut().find(|(_, known)| *known == task.spawned_at) {
                Some((count, _)) => *count += 1,
                None => places.push((1, task.spawned_at)),
            }
        }
        let most = places.iter().max_by_key(|(count, _)| *count).copied().unwrap_or((1, place));
        let message = format!(
            "{} lab threads are alive at once, and the limit is {}; {} of them were spawned at {}",
            self.live, self.config.limits.live_threads, most.0, most.1
        );
        self.fail(FailureKind::TooManyThreads, message, None);
        // A table of ten thousand threads would bury the one line that matters.
        if let Some(failure) = &mut self.failure {
            failure.threads.truncate(20);
        }
    }

    /// The key of the running task's next wait, to be left where it will be woken from.
    pub(crate) fn next_waiter(&self) -> Waiter {
        let running = self.running;
        Waiter { task: running, generation: self.tasks[running as usize].generation + 1 }
    }

    pub(crate) fn still_waits(&self, waiter: Waiter) -> bool {
        let task = &self.tasks[waiter.task as usize];
        task.state == RunState::Blocked && task.generation == waiter.generation
    }

    /// Ends the wait `waiter`, if it is still going on.
    pub(crate) fn wake(&mut self, waiter: Waiter, wake: Wake) -> bool {
        let task = &mut self.tasks[waiter.task as usize];
        if task.generation != waiter.generation {
            return false;
        }
        if task.state == RunState::Runnable && task.wake == Wake::Probe && task.wait.is_some() {
            task.wake = wake;
            return true;
        }
        if task.state != RunState::Blocked {
            return false;
        }
        if task.has_deadline && wake != Wake::TimedOut {
            self.timers.one_went_stale();
        }
        task.has_deadline = false;
        task.wake = wake;
        task.state = RunState::Runnable;
        self.runnable.push(waiter.task);
        true
    }

    /// What the task is to run, now that it begins.
    pub(crate) fn take_body(&mut self, index: u32) -> Body {
        let body = self.tasks[index as usize].body.take();
        body.expect("a task that begins has not begun before")
    }

    /// Marks a task as over, and wakes those who wait for that.
    pub(crate) fn finish_task(&mut self, index: u32) {
        let task = &mut self.tasks[index as usize];
        task.state = RunState::Done;
        task.wait = None;
        task.generation += 1;
        let machine = task.machine;
        let mut joiners = std::mem::take(&mut task.joiners);
        for joiner in joiners.drain(..) {
            self.wake(joiner, Wake::Notified);
        }
        self.tasks[index as usize].joiners = joiners;
        self.live -= 1;
        if machine != NOBODY {
            self.machines[machine as usize].live -= 1;
        }
        // Task 0 is the run's main function: its end is the run's.
        if index != 0 {
            self.free_tasks.push(index);
        }
    }

    pub(crate) fn running_is_killed(&self) -> bool {
        self.tasks.get(self.running as usize).is_some_and(|task| task.killed)
    }

    /// Whether what runs is only being ended, and must have no effect.
    pub(crate) fn is_inert(&self) -> bool {
        self.ending || self.burying || self.running_is_killed()
    }

    pub(crate) fn running_panics(&self) -> bool {
        self.tasks.get(self.running as usize).is_some_and(|task| !task.panics.is_empty())
    }
}

/// The outermost frame of every task: nothing unwinds past it.
pub(crate) fn task_main(body: Body) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body))
        && !payload.is::<Killed>()
    {
        panics::ended_by(&*payload);
        // A payload may panic when dropped.
        std::mem::forget(payload);
    }
}
