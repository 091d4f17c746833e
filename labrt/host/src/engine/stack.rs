//! What a lab thread runs on: a coroutine's stack, or an OS thread that waits for its turn.

use std::cell::Cell;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use parking_lot::Mutex;

use super::baton::Baton;
use super::safety_net;
use super::state::Engine;
use super::task::task_main;
use crate::config::Backend;
use crate::dispatch;

/// With what a task gets its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    Run,
    /// Unwind now.
    Kill,
}

/// What a task runs.
pub(crate) type Body = Box<dyn FnOnce()>;
pub(crate) type TaskCoroutine = Coroutine<Resume, Left, (), DefaultStack>;

/// How a task stands when it gives its turn back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Midway,
    Ended,
}

pub(crate) enum Carrier {
    /// The coroutine, and how large a stack was asked for. It runs one task after the other:
    /// beginning a coroutine anew for each costs several times what a turn does.
    Coroutine(TaskCoroutine, usize),
    OsThread(Baton),
}

thread_local! {
    /// The yielder of the coroutine that runs on this OS thread.
    static YIELDER: Cell<*const Yielder<Resume, Left>> = const { Cell::new(std::ptr::null()) };
}

/// Stacks of runs that are over, for all others of the process: mapping one costs more than a
/// whole task.
static POOL: Mutex<Vec<(usize, DefaultStack)>> = Mutex::new(Vec::new());

/// More than this many idle stacks are given back to the system.
const POOL_MAX: usize = 1_024;

fn take_stack(bytes: usize) -> std::io::Result<DefaultStack> {
    let mut pool = safety_net::framework(|| POOL.lock());
    match pool.iter().rposition(|(size, _)| *size == bytes) {
        Some(position) => Ok(pool.swap_remove(position).1),
        None => {
            drop(pool);
            DefaultStack::new(bytes)
        }
    }
}

impl Carrier {
    /// What task `index`, which has not begun, will run on.
    pub(crate) fn of_task(engine: &Engine, index: u32) -> std::io::Result<Box<Self>> {
        if let Some(idle) = engine.with(|s| s.idle_carriers.pop()) {
            return Ok(idle);
        }
        let (backend, bytes) = engine.with(|s| (s.config.backend, s.config.limits.stack_bytes));
        Ok(Box::new(match backend {
            Backend::OsThreads => {
                let body = engine.with(|s| s.take_body(index));
                Self::OsThread(Baton::start(engine, bytes, body)?)
            }
            Backend::Coroutines => {
                Self::Coroutine(Coroutine::with_stack(take_stack(bytes)?, run_tasks), bytes)
            }
        }))
    }

    /// Gives the task its turn; whether it has ended when it gives it back.
    #[inline]
    pub(crate) fn resume(&mut self, engine: &Engine, resume: Resume) -> bool {
        match self {
            Self::Coroutine(coroutine, _) => {
                let left = coroutine.resume(resume);
                let over = !matches!(left, CoroutineResult::Yield(Left::Midway));
                YIELDER.set(std::ptr::null());
                over
            }
            Self::OsThread(baton) => {
                let over = baton.resume(resume);
                safety_net::my_turn(engine);
                over
            }
        }
    }

    /// The task has ended.
    pub(crate) fn recycle(self: Box<Self>, engine: &Engine) {
        match *self {
            Self::Coroutine(..) => engine.with(|s| s.idle_carriers.push(self)),
            Self::OsThread(baton) => baton.join(),
        }
    }

    /// The run is over, and the carrier idle.
    pub(crate) fn retire(mut self, engine: &Engine) {
        self.resume(engine, Resume::Kill);
        if let Self::Coroutine(coroutine, bytes) = self {
            give_back(coroutine, bytes);
        }
    }

    /// The task will neither end nor run again: its values are leaked, its stack is not.
    pub(crate) fn abandon(self) {
        match self {
            Self::Coroutine(mut coroutine, bytes) => {
                // SAFETY: nothing outside can borrow from the stack: lab threads are started with
                // 'static closures only, and the engine has marked the task as over.
                unsafe { coroutine.force_reset() };
                give_back(coroutine, bytes);
            }
            Self::OsThread(baton) => baton.abandon(),
        }
    }
}

/// What a coroutine does: runs the task whose turn it is, and then the next one that is put on it.
fn run_tasks(yielder: &Yielder<Resume, Left>, first: Resume) {
    let mut turn = first;
    while turn == Resume::Run
        && let Some(engine) = dispatch::engine()
    {
        YIELDER.set(yielder);
        task_main(engine.with(|s| s.take_body(s.running)));
        turn = yielder.suspend(Left::Ended);
    }
}

fn give_back(coroutine: TaskCoroutine, bytes: usize) {
    let stack = coroutine.into_stack();
    let mut pool = safety_net::framework(|| POOL.lock());
    if pool.len() < POOL_MAX {
        pool.push((bytes, stack));
    }
}

/// Whether the calling code is on a coroutine's stack.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // for the safety net
pub(crate) fn is_on_a_coroutine() -> bool {
    !YIELDER.get().is_null()
}

/// Leaves the running task's stack; comes back with its next turn.
#[inline]
pub(crate) fn suspend(engine: &Engine) -> Resume {
    let yielder = YIELDER.get();
    if yielder.is_null() {
        return super::baton::suspend(engine);
    }
    // SAFETY: the pointer was set by the coroutine that runs here, whose frame holds the yielder
    // until it ends; every switch restores it below.
    let resume = unsafe { (*yielder).suspend(Left::Midway) };
    YIELDER.set(yielder);
    resume
}
