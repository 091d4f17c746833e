//! The same steps on OS threads: each task has one, and only the one with the baton runs.
//!
//! Slow, and worth it: a debugger sees ordinary threads, and the same event hash as with
//! coroutines shows that the engine, not the stacks, decides what happens.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use super::safety_net::{self, SignalStack};
use super::stack::{Body, Resume};
use super::state::Engine;
use super::task::task_main;
use crate::dispatch::{self, Entered};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Loop,
    Task(Resume),
    /// The task will never run again.
    Over,
}

struct Shared {
    turn: Mutex<Turn>,
    moved: Condvar,
}

impl Shared {
    fn give(&self, turn: Turn) {
        safety_net::framework(|| {
            *self.turn.lock() = turn;
            self.moved.notify_all();
        });
    }

    fn await_task_turn(&self) -> Resume {
        safety_net::framework(|| {
            let mut turn = self.turn.lock();
            loop {
                match *turn {
                    Turn::Task(resume) => return resume,
                    Turn::Loop | Turn::Over => self.moved.wait(&mut turn),
                }
            }
        })
    }
}

/// One task's OS thread, seen from the loop.
pub(crate) struct Baton {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

thread_local! {
    static MINE: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// What crosses into the task's thread, although it is not `Send`.
struct Cargo {
    engine: *const Engine,
    body: Body,
}

// SAFETY: the loop waits while the task's thread has the turn, and the other way round, with
// release and acquire at each hand-over: there is never more than one thread in the simulation.
unsafe impl Send for Cargo {}

impl Cargo {
    fn run(self) {
        // SAFETY: the run joins or abandons its threads before the engine goes.
        let _entered = unsafe { Entered::virtual_time(self.engine) };
        let _signal_stack = SignalStack::begin();
        if let Some(engine) = dispatch::engine() {
            safety_net::my_turn(engine);
        }
        task_main(self.body);
    }
}

impl Baton {
    pub(crate) fn start(engine: &Engine, stack_bytes: usize, body: Body) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { turn: Mutex::new(Turn::Loop), moved: Condvar::new() });
        let cargo = Cargo { engine, body };
        let theirs = shared.clone();
        let builder = std::thread::Builder::new().stack_size(stack_bytes);
        let their_main = move || {
            MINE.set(Some(theirs.clone()));
            let first = theirs.await_task_turn();
            if first == Resume::Run {
                cargo.run();
            }
            theirs.give(Turn::Over);
        };
        let thread = safety_net::framework(|| builder.spawn(their_main))?;
        Ok(Self { shared, thread })
    }

    /// Gives the task its turn; whether it has ended when the turn comes back.
    pub(crate) fn resume(&self, resume: Resume) -> bool {
        self.shared.give(Turn::Task(resume));
        safety_net::framework(|| {
            let mut turn = self.shared.turn.lock();
            loop {
                match *turn {
                    Turn::Loop => return false,
                    Turn::Over => return true,
                    Turn::Task(_) => self.shared.moved.wait(&mut turn),
                }
            }
        })
    }

    pub(crate) fn join(self) {
        // `task_main` lets no panic out.
        let _ = self.thread.join();
    }

    /// The thread sleeps on, and is gone with the process.
    pub(crate) fn abandon(self) {
        self.shared.give(Turn::Over);
    }
}

/// Gives the turn back to the loop.
pub(crate) fn suspend(engine: &Engine) -> Resume {
    let mine =
        MINE.with_borrow(Clone::clone).expect("a task runs on a thread that a baton has started");
    mine.give(Turn::Loop);
    let resume = mine.await_task_turn();
    safety_net::my_turn(engine);
    resume
}
