//! Failure domains under the real clock.

use std::mem;
use std::sync::Arc;

use parking_lot::{Mutex, ReentrantMutex};

use super::domain::Domain;
use super::run::RealRun;

type Hook = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Hooks {
    list: Vec<Hook>,
    /// All have run, after a crash.
    done: bool,
}

/// A failure domain of a run: the threads started on it, and theirs.
pub struct RealMachine {
    run: Arc<RealRun>,
    id: u32,
    name: String,
    pub(super) domain: Arc<Domain>,
    hooks: Mutex<Hooks>,
    /// Held while the hooks run, so that whoever crashes the machine second finds them done; a
    /// hook may crash its own machine again.
    crashing: ReentrantMutex<()>,
}

impl RealMachine {
    /// A machine of `run`. Born crashed if the run is over.
    pub fn new(run: &Arc<RealRun>, id: u32, name: impl Into<String>) -> Arc<Self> {
        let machine = Arc::new(Self {
            run: run.clone(),
            id,
            name: name.into(),
            domain: Domain::new(),
            hooks: Mutex::default(),
            crashing: ReentrantMutex::new(()),
        });
        if !run.enter_machine(&machine) {
            machine.crash();
        }
        machine
    }

    /// Ends the machine: from here on each of its threads unwinds at its next labrt call; then
    /// the hooks of [`RealMachine::on_crash`] run, in their order, on the calling thread; then
    /// every thread of the machine that waits in labrt is woken, to unwind.
    ///
    /// Returns when the hooks are done; does not wait for the threads. A second call only waits
    /// for the hooks of the first.
    pub fn crash(&self) {
        self.domain.condemn();
        if self.crashing.is_owned_by_current_thread() {
            return; // called by a hook
        }
        let crashing = self.crashing.lock();
        if self.hooks.lock().done {
            return;
        }
        while let Some(hooks) = self.take_hooks() {
            hooks.into_iter().for_each(|hook| hook());
        }
        drop(crashing);
        self.run.leave_machine(self);
        self.domain.wake_all();
    }

    /// The hooks that have not run; `None` when there are none left, and never will be.
    fn take_hooks(&self) -> Option<Vec<Hook>> {
        let mut hooks = self.hooks.lock();
        hooks.done = hooks.list.is_empty();
        (!hooks.done).then(|| mem::take(&mut hooks.list))
    }

    /// Has `hook` run at the crash, before any thread of the machine is woken; at once, here, if
    /// the machine has crashed. It must not wait and must not use labrt.
    pub fn on_crash(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hooks = self.hooks.lock();
        if hooks.done {
            drop(hooks);
            hook();
        } else {
            hooks.list.push(Box::new(hook));
        }
    }

    /// Whether the machine has crashed.
    #[inline]
    pub fn is_crashed(&self) -> bool {
        self.domain.is_dead()
    }

    /// How many of its threads have not ended.
    pub fn live_threads(&self) -> usize {
        self.domain.len()
    }

    /// Its number in the run.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The run it belongs to.
    pub fn run(&self) -> &Arc<RealRun> {
        &self.run
    }

    /// Scheduling points are not counted under the real clock.
    pub fn steps(&self) -> u64 {
        0
    }
}
