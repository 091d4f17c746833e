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

/// With what a task gets its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    Run,
    /// Unwind now.
    Kill,
}

/// What a task runs.
pub(crate) type Body = Box<dyn FnOnce()>;
pub(crate) type TaskCoroutine = Coroutine<Resume, (), (), DefaultStack>;

pub(crate) enum Carrier {
    /// The coroutine, and how large a stack was asked for.
    Coroutine(TaskCoroutine, usize),
    OsThread(Baton),
}

thread_local! {
    /// The yielder of the coroutine that runs on this OS thread.
    static YIELDER: Cell<*const Yielder<Resume, ()>> = const { Cell::new(std::ptr::null()) };
}

/// Stacks of ended tasks, for all runs of the process: mapping one costs more than a whole task.
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
    pub(crate) fn new(engine: &Engine, body: Body) -> std::io::Result<Self> {
        let (backend, bytes) = engine.with(|s| (s.config.backend, s.config.limits.stack_bytes));
        match backend {
            Backend::OsThreads => Ok(Self::OsThread(Baton::start(engine, bytes, body)?)),
            Backend::Coroutines => {
                let stack = take_stack(bytes)?;
                let coroutine = Coroutine::with_stack(
                    stack,
                    move |yielder: &Yielder<Resume, ()>, first: Resume| {
                        YIELDER.set(yielder);
                        if first == Resume::Run {
                            task_main(body);
                        }
                    },
                );
                Ok(Self::Coroutine(coroutine, bytes))
            }
        }
    }

    /// Gives the task its turn; whether it has ended when it gives it back.
    #[inline]
    pub(crate) fn resume(&mut self, engine: &Engine, resume: Resume) -> bool {
        match self {
            Self::Coroutine(coroutine, _) => {
                let over = matches!(coroutine.resume(resume), CoroutineResult::Return(()));
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
    pub(crate) fn recycle(self) {
        match self {
            Self::Coroutine(coroutine, bytes) => give_back(coroutine, bytes),
            Self::OsThread(baton) => baton.join(),
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
    let resume = unsafe { (*yielder).suspend(()) };
    YIELDER.set(yielder);
    resume
}
