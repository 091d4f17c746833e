//! Lab threads under the real clock, and how they are started.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::domain::Domain;
use super::machine::RealMachine;
use super::oneshot::{RealCompletion, oneshot};
use super::panics::PanicRecord;
use super::pool;
use super::run::RealRun;
use super::seat::Seat;
use crate::dispatch::Entered;
use crate::kill::{self, Killed};

/// The longest that an inert thread pauses instead of a wait.
const INERT_PAUSE: Duration = Duration::from_millis(1);

/// A lab thread under the real clock, as seen by itself. Not `Sync`: it stays with its OS thread.
pub struct RealThread {
    run: Arc<RealRun>,
    machine: Option<Arc<RealMachine>>,
    domain: Arc<Domain>,
    seat: Arc<Seat>,
    name: Cow<'static, str>,
    ordinal: u64,
    /// Not a lab thread: the framework's own work.
    is_host: bool,
    rng: RefCell<Option<Box<ChaCha8Rng>>>,
    /// What the panic hook saw, until it is known whether somebody catches the panic.
    panic: Cell<Option<PanicRecord>>,
    has_panicked: Cell<bool>,
    /// It has been told to unwind, at least once.
    dying: Cell<bool>,
    exit_wake: Cell<Option<Arc<Seat>>>,
}

impl RealThread {
    fn new(
        run: Arc<RealRun>,
        machine: Option<Arc<RealMachine>>,
        seat: Arc<Seat>,
        name: Cow<'static, str>,
        ordinal: u64,
    ) -> Self {
        let domain = machine.as_ref().map_or(run.domain(), |machine| &machine.domain).clone();
        Self {
            ordinal,
            is_host: false,
            run,
            machine,
            domain,
            seat,
            name,
            rng: RefCell::new(None),
            panic: Cell::new(None),
            has_panicked: Cell::new(false),
            dying: Cell::new(false),
            exit_wake: Cell::new(None),
        }
    }

    /// The framework's own work for `run` on the owner of `seat`: it is never killed.
    pub(super) fn of_host(run: &Arc<RealRun>, seat: &Arc<Seat>, name: &'static str) -> Self {
        let thread = Self::new(run.clone(), None, seat.clone(), name.into(), u64::MAX);
        Self { domain: Domain::new(), is_host: true, ..thread }
    }

    /// A labrt call begins: unwinds the thread if its machine has crashed or its run is over. A
    /// thread that unwinds already, for whatever reason, goes on: see [`RealThread::is_inert`].
    #[inline(always)]
    pub fn check(&self) {
        if self.domain.is_dead() {
            self.check_slow();
        }
    }

    /// Whether its machine has crashed or its run is over, so that [`RealThread::check`] has
    /// something to do.
    #[inline(always)]
    pub fn is_doomed(&self) -> bool {
        self.domain.is_dead()
    }

    #[cold]
    fn check_slow(&self) {
        if !std::thread::panicking() {
            self.dying.set(true);
            kill::die();
        }
    }

    /// Whether the thread is dead and only runs its destructors: operations must have no effect
    /// on the living and must not wait.
    #[inline(always)]
    pub fn is_inert(&self) -> bool {
        self.domain.is_dead() && std::thread::panicking()
    }

    /// What an inert thread does instead of a wait, so that a destructor which loops until its
    /// wait succeeds costs no core: a pause of at most a millisecond, not beyond `deadline`.
    pub fn inert_pause(&self, deadline: Option<Instant>) {
        let until = deadline.map_or(INERT_PAUSE, |it| it.saturating_duration_since(Instant::now()));
        std::thread::sleep(until.min(INERT_PAUSE));
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its machine; `None` for the main thread and those it starts.
    pub fn machine(&self) -> Option<&Arc<RealMachine>> {
        self.machine.as_ref()
    }

    /// Its run.
    pub fn run(&self) -> &Arc<RealRun> {
        &self.run
    }

    /// Its number in the run, in the order in which threads were asked for.
    pub fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// Since the run began.
    pub fn now(&self) -> Duration {
        self.run.now()
    }

    /// Lends the thread's random numbers: a stream of its own from the run's seed.
    pub fn with_rng<R>(&self, f: impl FnOnce(&mut ChaCha8Rng) -> R) -> R {
        let mut rng = self.rng.borrow_mut();
        f(rng.get_or_insert_with(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.run.seed());
            rng.set_stream(self.ordinal);
            Box::new(rng)
        }))
    }

    pub(super) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    pub(super) fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    pub(super) fn is_dying(&self) -> bool {
        self.dying.get()
    }

    /// Has `seat` woken when the OS thread is free again, or at the thread's next wait.
    pub(super) fn wake_at_exit(&self, seat: Arc<Seat>) {
        if self.is_host {
            return seat.wake();
        }
        if let Some(before) = self.exit_wake.replace(Some(seat)) {
            before.wake();
        }
    }

    /// The thread is about to wait: what was to be woken at its end is woken now.
    pub(super) fn before_wait(&self) {
        if let Some(seat) = self.exit_wake.take() {
            seat.wake();
        }
        if self.has_panicked.get() && !std::thread::panicking() {
            self.forget_panic(); // it was caught
        }
    }

    /// Keeps what the hook saw of a panic; whether it still knew of another.
    pub(super) fn keep_panic(&self, record: PanicRecord) -> bool {
        self.has_panicked.set(true);
        self.panic.replace(Some(record)).is_some()
    }

    fn forget_panic(&self) {
        self.has_panicked.set(false);
        self.panic.set(None);
        self.run.forget_panic(self.ordinal);
    }

    /// A function of it ended by unwinding: reports that, unless it was killed. A panic from
    /// before its death counts, however long the unwinding took.
    pub(super) fn ended_by(&self, payload: &(dyn Any + Send)) {
        let record = self.panic.take();
        let from_the_living = record.as_ref().is_some_and(|record| record.is_of(payload));
        if !payload.is::<Killed>() && (from_the_living || !self.domain.is_dead()) {
            self.run.stop_by_panic(PanicRecord::into_failure(record, self, payload));
        }
    }
}

/// Runs `f` as a lab thread on a pooled OS thread; nobody joins it. Never waits; allowed from an
/// event. On a crashed machine `f` is dropped, here or there.
///
/// If the system refuses a thread the run stops.
pub fn dispatch(machine: &Arc<RealMachine>, name: &'static str, f: impl FnOnce() + Send + 'static) {
    launch(machine.run(), Some(machine), name.into(), f, |_, result| drop(result));
}

/// Drops `value` on a thread of a crashed machine, in the unwinding that such a thread begins
/// with: its destructors are inert.
pub fn discard(machine: &Arc<RealMachine>, value: impl Send + 'static) {
    launch_even_dead(
        machine.run(),
        Some(machine),
        "discard".into(),
        move || drop(value),
        |_, _| (),
    );
}

/// Runs `f` as a lab thread on a pooled OS thread. `machine` is `None` for threads that die only
/// with the run. Dead on arrival if the machine has crashed or the run is over.
///
/// If the system refuses a thread the run stops.
pub fn spawn<T: Send + 'static>(
    run: &Arc<RealRun>,
    machine: Option<&Arc<RealMachine>>,
    name: String,
    f: impl FnOnce() -> T + Send + 'static,
) -> RealHandle<T> {
    let (completer, completion) = oneshot();
    launch(run, machine, name.into(), f, |thread, result| completer.complete_last(thread, result));
    RealHandle(completion)
}

/// Has `f` run as a lab thread, and `finish` with its result when the thread no longer counts.
fn launch<T: Send + 'static>(
    run: &Arc<RealRun>,
    machine: Option<&Arc<RealMachine>>,
    name: Cow<'static, str>,
    f: impl FnOnce() -> T + Send + 'static,
    finish: impl FnOnce(&RealThread, std::thread::Result<T>) + Send + 'static,
) {
    let domain = machine.map_or(run.domain(), |machine| &machine.domain);
    if !domain.is_dead() {
        launch_even_dead(run, machine, name, f, finish);
    }
}

/// As [`launch`]; on a crashed machine the thread unwinds before it begins with `f`.
fn launch_even_dead<T: Send + 'static>(
    run: &Arc<RealRun>,
    machine: Option<&Arc<RealMachine>>,
    name: Cow<'static, str>,
    f: impl FnOnce() -> T + Send + 'static,
    finish: impl FnOnce(&RealThread, std::thread::Result<T>) + Send + 'static,
) {
    let domain = machine.map_or(run.domain(), |machine| &machine.domain);
    let Some(ordinal) = run.announce_thread() else { return };
    domain.announce();
    let job = {
        let (run, machine) = (run.clone(), machine.cloned());
        Box::new(move |seat: &Arc<Seat>| {
            let thread = RealThread::new(run, machine, seat.clone(), name, ordinal);
            let member = thread.domain.join(seat);
            live(&thread, f, finish);
            thread.domain.leave(member);
            if thread.has_panicked.get() {
                thread.forget_panic();
            }
            thread.run.retire_thread();
            thread.exit_wake.take()
        })
    };
    if let Err(refusal) = pool::submit(run.stack_bytes(), job) {
        domain.retire();
        run.retire_thread();
        run.stop_for_want_of_threads(&format!("the system refused another thread: {refusal}"));
    }
}

/// The life of a lab thread: never unwinds.
fn live<T>(
    thread: &RealThread,
    f: impl FnOnce() -> T,
    finish: impl FnOnce(&RealThread, std::thread::Result<T>),
) {
    // SAFETY: `entered` is dropped at the end of this function, and `thread` is borrowed longer.
    let entered = unsafe { Entered::real_time(thread) };
    // What `f` owns is dropped in here too: it may use labrt then.
    let result = catch_unwind(AssertUnwindSafe(|| {
        thread.check();
        f()
    }));
    if let Err(payload) = &result {
        thread.ended_by(&**payload);
    }
    // Before its result can be seen: who has joined it does not find it alive.
    thread.domain.retire();
    // If nobody wants the result, or the payload, it is dropped here, and may panic.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| finish(thread, result))) {
        thread.ended_by(&*another);
        std::mem::forget(another); // it may panic when dropped, without end
    }
    drop(entered);
}

/// To join a lab thread.
pub struct RealHandle<T>(pub(super) RealCompletion<std::thread::Result<T>>);

impl<T> RealHandle<T> {
    /// Waits until the thread has ended; `Err` with the payload if it unwound, killed or not.
    ///
    /// Unwinds instead if the machine of `thread`, the caller, crashes. `None` is for callers
    /// that are no lab threads.
    pub fn join(self, thread: Option<&RealThread>) -> std::thread::Result<T> {
        let result = match thread {
            Some(thread) => self.0.wait(thread),
            None => self.0.wait_outside(),
        };
        result.unwrap_or_else(|| Err(Box::new(Killed)))
    }

    /// Whether [`RealHandle::join`] would return at once.
    pub fn is_finished(&self) -> bool {
        self.0.is_done()
    }
}
