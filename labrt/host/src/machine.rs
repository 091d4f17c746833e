//! Failure domains: threads that live and die together.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::Stalls;
use crate::dispatch::{Current, current};
use crate::engine::task::{NOBODY, Name};
use crate::failure::Operation;
use crate::oneshot::oneshot;
use crate::real::{self, RealMachine};
use crate::thread::Handle;
use crate::trace::EventKind;

/// A machine of the simulated world: the threads started on it, and theirs.
///
/// A crash ends all of them at once, without their noticing: under the virtual clock between two
/// of their steps, under the real clock at each thread's next labrt call. First the hooks of
/// [`Machine::on_crash`] run, which take the incarnation's network, storage and channels away;
/// only then do the threads unwind, and what their destructors do with labrt has no effect.
/// A machine does not come back; a restart is a new one.
///
/// ```
/// use labrt_host::{Machine, RunConfig, run};
/// run(&RunConfig::virtual_time(1), || {
///     let machine = Machine::new("server 0");
///     assert_eq!(machine.call("answer", || 42), Ok(42));
///     machine.crash();
///     assert!(machine.call("answer", || 42).is_err());
/// })
/// .unwrap();
/// ```
#[derive(Clone)]
pub struct Machine(Inner);

#[derive(Clone)]
enum Inner {
    Virtual { index: u32 },
    Real(Arc<RealMachine>),
}

/// The machine crashed before the call was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine crashed")]
pub struct Crashed;

const OUTSIDE: &str = "a machine belongs to a run: use it between the begin and the end of `run`";

impl Machine {
    /// A machine of the current run, without threads.
    ///
    /// # Panics
    /// Outside a run.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        match current() {
            Current::Outside => panic!("{OUTSIDE}"),
            Current::Real(thread) => {
                let run = thread.run();
                let id = run.next_machine_id();
                Self(Inner::Real(RealMachine::new(run, id, name)))
            }
            Current::Virtual(engine) => {
                Self(Inner::Virtual { index: engine.new_machine(name.into()) })
            }
        }
    }

    /// The machine of the calling thread; `None` on a thread of none, and outside a run.
    pub fn current() -> Option<Self> {
        match current() {
            Current::Outside => None,
            Current::Real(thread) => {
                thread.machine().map(|machine| Self(Inner::Real(machine.clone())))
            }
            Current::Virtual(engine) => match engine.current_machine() {
                NOBODY => None,
                index => Some(Self(Inner::Virtual { index })),
            },
        }
    }

    /// Starts a lab thread on the machine. On a crashed machine it never runs.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        &self,
        name: impl Into<String>,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Handle<T> {
        let place = Location::caller();
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.point(EventKind::Spawn, place);
                Handle::of_task(engine.spawn(*index, Name::Given(name.into().into()), place, body))
            }
            (Inner::Real(machine), _) => {
                Handle::of_thread(real::spawn(machine.run(), Some(machine), name.into(), body))
            }
            _ => panic!("{OUTSIDE}"),
        }
    }

    /// Starts a lab thread that nobody joins, as cheaply as the clock allows. May be called from
    /// an [`crate::event`].
    #[track_caller]
    pub fn dispatch(&self, name: &'static str, body: impl FnOnce() + Send + 'static) {
        let place = Location::caller();
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.spawn_boxed(*index, Name::Fixed(name), place, Box::new(body));
            }
            (Inner::Real(machine), _) => real::dispatch(machine, name, body),
            _ => panic!("{OUTSIDE}"),
        }
    }

    /// Runs `body` on a thread of the machine and waits for it. If `body` panics, that fails the
    /// run, and the caller ends with it.
    ///
    /// # Errors
    /// [`Crashed`], if the machine crashed before `body` returned.
    #[track_caller]
    pub fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Crashed> {
        let place = Location::caller();
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.point(EventKind::Call, place);
                let handle = engine.spawn(*index, Name::Fixed(name), place, body);
                engine.join(&handle, Operation::Host, place).ok_or(Crashed)
            }
            (Inner::Real(machine), Current::Real(thread)) => {
                let (completer, completion) = oneshot::<T>();
                // The last thing that thread does: the caller then finds it free again.
                real::dispatch(machine, name, move || completer.complete_last(body()));
                let answer = completion.wait(Operation::Host, place);
                if answer.is_none() && !self.is_crashed() && !thread.is_inert() {
                    // It panicked, and ends the run when it has unwound. Until then the caller
                    // must not go on: what it does without an answer would be told instead.
                    real::sleep(thread, Duration::MAX);
                }
                answer.ok_or(Crashed)
            }
            _ => panic!("{OUTSIDE}"),
        }
    }

    /// Drops a value of lab code that the machine owned.
    ///
    /// If it has crashed, the destructors have no effect through labrt, as those of its threads:
    /// nobody living sees them. For whoever outlives a server and holds a handle to it. If it has
    /// not crashed, a thread of the machine drops the value. Does not wait; not for events.
    #[track_caller]
    pub fn discard(&self, value: impl Send + 'static) {
        if !self.is_crashed() {
            return self.dispatch("discard", move || drop(value));
        }
        match (&self.0, current()) {
            (Inner::Virtual { .. }, Current::Virtual(engine)) => {
                engine.discard(Box::new(value), Location::caller());
            }
            (Inner::Real(machine), _) => real::discard(machine, value),
            // The run is over, and nothing is left to have an effect on.
            _ => drop(value),
        }
    }

    /// Crashes the machine now. Does nothing to one that has crashed. Called from a thread of the
    /// machine it does not come back.
    #[track_caller]
    pub fn crash(&self) {
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.crash_machine(*index, Location::caller());
            }
            (Inner::Real(machine), _) => machine.crash(),
            _ => panic!("{OUTSIDE}"),
        }
    }

    /// Lets the machine crash at its `step`-th scheduling point, counted from its beginning; the
    /// point's operation does not happen. Virtual clock only: elsewhere nothing is counted, and
    /// nothing happens.
    pub fn crash_at_step(&self, step: u64) {
        if let (Inner::Virtual { index }, Current::Virtual(engine)) = (&self.0, current()) {
            engine.crash_machine_at(*index, step);
        }
    }

    /// Scheduling points that its threads have passed; 0 under the real clock.
    pub fn steps(&self) -> u64 {
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => engine.machine_steps(*index),
            _ => 0,
        }
    }

    /// From now on, its threads are stalled now and then when they hold no lock and are about to
    /// take one, or to send on a channel; with `None` no more. Others run meanwhile, so what a
    /// thread saw under a lock before may not be so any more when it goes on: what a real machine
    /// does to it once in a million times. Virtual clock only: elsewhere nothing happens.
    pub fn stall(&self, stalls: Option<Stalls>) {
        if let (Inner::Virtual { index }, Current::Virtual(engine)) = (&self.0, current()) {
            engine.stall_machine(*index, stalls);
        }
    }

    /// Whether it has crashed.
    pub fn is_crashed(&self) -> bool {
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.machine_is_crashed(*index)
            }
            (Inner::Real(machine), _) => machine.is_crashed(),
            _ => true,
        }
    }

    /// Its lab threads that have not ended.
    pub fn live_threads(&self) -> usize {
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => engine.machine_live(*index),
            (Inner::Real(machine), _) => machine.live_threads(),
            _ => 0,
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.machine_name(*index).to_string()
            }
            (Inner::Real(machine), _) => machine.name().to_owned(),
            _ => panic!("{OUTSIDE}"),
        }
    }

    /// A number that no other machine of the run has; machines are numbered as they are made.
    pub fn id(&self) -> u32 {
        match &self.0 {
            Inner::Virtual { index } => *index,
            Inner::Real(machine) => machine.id(),
        }
    }

    /// Runs `hook` at the crash, before any thread of the machine unwinds; at once, if it has
    /// crashed. The rules of [`crate::event`] hold for it. Hooks run in the order of registration.
    pub fn on_crash(&self, hook: impl FnOnce() + Send + 'static) {
        match (&self.0, current()) {
            (Inner::Virtual { index }, Current::Virtual(engine)) => {
                engine.on_machine_crash(*index, Box::new(hook));
            }
            (Inner::Real(machine), _) => machine.on_crash(hook),
            _ => panic!("{OUTSIDE}"),
        }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Machine({})", self.id())
    }
}
