//! A run under the real clock, from its main function to the last of its threads.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::domain::Domain;
use super::machine::RealMachine;
use super::panics;
use super::seat::{Seat, WaitFor};
use super::thread::{RealThread, spawn};
use super::timer::Timer;
use crate::config::{Limits, RunConfig};
use crate::dispatch::Entered;
use crate::failure::{Failure, FailureKind, Finding};

/// How long the end of a run waits for threads that compute or wait outside labrt.
const LEFTOVER_GRACE: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Machines {
    living: Vec<Arc<RealMachine>>,
    over: bool,
}

#[derive(Default)]
struct Ending {
    failure: Option<Failure>,
    /// Main's result is in: nothing that happens now counts. A panic that began before it does.
    over: bool,
}

/// A run under the real clock. Runs share the pool of OS threads and nothing else.
pub struct RealRun {
    seed: u64,
    limits: Limits,
    begin: Instant,
    /// The threads that are on no machine.
    domain: Arc<Domain>,
    machines: Mutex<Machines>,
    machine_ids: AtomicU32,
    ending: Mutex<Ending>,
    stopped: AtomicBool,
    spawned: AtomicU64,
    live: AtomicUsize,
    live_max: AtomicUsize,
    /// Of the OS thread that started the run.
    starter: Arc<Seat>,
    timer: Timer,
    findings: Mutex<Vec<Finding>>,
    /// Of threads that have panicked and not ended, by number: the hook may still be at their
    /// backtrace, or a destructor keep them for ever.
    panicked: Mutex<Vec<(u64, Failure)>>,
}

/// What became of a run.
#[derive(Debug)]
pub struct RealOutcome<T> {
    /// What main returned, or why it did not.
    pub result: Result<T, Failure>,
    /// What was noticed, in the order of first notice.
    pub findings: Vec<Finding>,
    /// From the begin to main's end.
    pub elapsed: Duration,
    /// Lab threads started, main included.
    pub spawned: u64,
    /// The most that were alive at once.
    pub live_max: usize,
    /// Threads that had not ended some time after the run: they compute, or wait outside labrt.
    pub leaked: usize,
    /// By how much the timer woke late, at worst: what a loaded machine shows in.
    pub timer_lateness_max: Duration,
}

impl RealRun {
    /// Runs `main` on a lab thread of its own and waits for it, then ends all machines and
    /// threads of the run. Main's result counts; what the others do after it does not, but a
    /// panic that was under way is waited for, and counts.
    pub fn start<T: Send + 'static>(
        config: &RunConfig,
        main: impl FnOnce() -> T + Send + 'static,
    ) -> RealOutcome<T> {
        panics::install_hook();
        let run = Arc::new(Self {
            seed: config.seed,
            limits: config.limits.clone(),
            begin: Instant::now(),
            domain: Domain::new(),
            machines: Mutex::default(),
            machine_ids: AtomicU32::new(0),
            ending: Mutex::default(),
            stopped: AtomicBool::new(false),
            spawned: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            live_max: AtomicUsize::new(0),
            starter: Arc::new(Seat::of_current()),
            timer: Timer::default(),
            findings: Mutex::default(),
            panicked: Mutex::default(),
        });
        let handle = spawn(&run, None, "main".to_owned(), main);
        let mut value = None;
        while value.is_none() && !run.is_stopped() {
            value = handle.0.wait_until(&run.starter, run.wait_deadline());
        }
        let elapsed = run.now();
        run.ending.lock().over = true;
        let leaked = run.end();
        for (_, panic) in run.panicked.lock().drain(..) {
            run.stop_by_panic(panic);
        }
        let failure = run.ending.lock().failure.take();
        let result = match (failure, value.flatten()) {
            (Some(failure), _) => Err(failure),
            (None, Some(Ok(value))) => Ok(value),
            (None, Some(Err(_)) | None) => Err(run.failure(
                FailureKind::Host,
                "the main thread ended without a result and without a failure",
            )),
        };
        RealOutcome {
            result,
            findings: std::mem::take(&mut *run.findings.lock()),
            elapsed,
            spawned: run.spawned.load(Relaxed),
            live_max: run.live_max.load(Relaxed),
            leaked,
            timer_lateness_max: run.timer_lateness_max(),
        }
    }

    /// When to look at the limit on wall time next; stops the run if it is reached.
    fn wait_deadline(&self) -> Option<Instant> {
        let deadline = self.begin.checked_add(self.limits.wall)?;
        if deadline <= Instant::now() {
            let message = format!("the run took {:?} of wall time", self.limits.wall);
            self.stop(self.failure(FailureKind::WallLimit, &message));
        }
        Some(deadline)
    }

    /// Ends everything; returns how many threads did not end in time.
    fn end(self: &Arc<Self>) -> usize {
        let host = RealThread::of_host(self, &self.starter, "host");
        // SAFETY: `entered` is dropped below, before `host`.
        let entered = unsafe { Entered::real_time(&host) };
        let machines = {
            let mut machines = self.machines.lock();
            machines.over = true;
            std::mem::take(&mut machines.living)
        };
        self.stopped.store(true, SeqCst);
        self.domain.condemn();
        for machine in &machines {
            machine.domain.condemn();
        }
        for machine in &machines {
            machine.crash();
        }
        self.domain.wake_all();
        self.timer.close();
        drop(entered);
        let deadline = Instant::now() + LEFTOVER_GRACE;
        while 0 < self.live.load(SeqCst) && Instant::now() < deadline {
            self.starter.wait(WaitFor::Time, Some(deadline));
        }
        self.live.load(SeqCst)
    }

    /// Ends the run with `failure`, if it is the first and main has not returned before. Never
    /// waits: the caller goes on to its next labrt call, where it dies as all others do.
    pub fn stop(&self, failure: Failure) {
        let mut ending = self.ending.lock();
        if !ending.over && ending.failure.is_none() {
            ending.failure = Some(failure);
            drop(ending);
            self.stopped.store(true, SeqCst);
            self.starter.wake();
        }
    }

    /// The same for a panic: nothing that was found later comes before it, and a run that is over
    /// is not over before what began in it.
    pub(super) fn stop_by_panic(&self, panic: Failure) {
        let mut ending = self.ending.lock();
        if ending.failure.as_ref().is_none_or(|known| panic.at < known.at) {
            ending.failure = Some(panic);
        }
        drop(ending);
        self.stopped.store(true, SeqCst);
        self.starter.wake();
    }

    /// Whether the run has been stopped or is over.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(SeqCst)
    }

    fn failure(&self, kind: FailureKind, message: &str) -> Failure {
        Failure { at: self.now(), ..Failure::of_the_run(kind, message.to_owned()) }
    }

    /// Stops the run: there can be no further thread.
    pub(super) fn stop_for_want_of_threads(&self, message: &str) {
        self.stop(self.failure(FailureKind::TooManyThreads, message));
    }

    /// Counts a thread that is asked for, and numbers it; `None`, and the run stops, if it is one
    /// too many.
    pub(super) fn announce_thread(&self) -> Option<u64> {
        let live = self.live.fetch_add(1, SeqCst) + 1;
        if self.limits.live_threads < live {
            self.retire_thread();
            self.stop_for_want_of_threads(&format!(
                "{live} lab threads would be alive at once, and the limit is {}",
                self.limits.live_threads
            ));
            return None;
        }
        if self.live_max.load(Relaxed) < live {
            self.live_max.fetch_max(live, Relaxed);
        }
        Some(self.spawned.fetch_add(1, Relaxed))
    }

    pub(super) fn retire_thread(&self) {
        if self.live.fetch_sub(1, SeqCst) == 1 && self.is_stopped() {
            self.starter.wake();
        }
    }

    /// Whether `machine` may live.
    pub(super) fn enter_machine(&self, machine: &Arc<RealMachine>) -> bool {
        let mut machines = self.machines.lock();
        if !machines.over {
            machines.living.push(machine.clone());
        }
        !machines.over
    }

    pub(super) fn leave_machine(&self, machine: &RealMachine) {
        let mut machines = self.machines.lock();
        let position = machines.living.iter().position(|it| std::ptr::eq(&**it, machine));
        if let Some(position) = position {
            machines.living.swap_remove(position);
        }
    }

    /// Notes `finding`; one of the same kind is only counted.
    pub fn record(&self, finding: Finding) {
        let mut findings = self.findings.lock();
        match findings.iter_mut().find(|known| known.kind == finding.kind) {
            Some(known) => known.count += finding.count,
            None => findings.push(finding),
        }
    }

    /// Since the run began.
    pub fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    /// A number that no other machine of the run has, from 0.
    pub(crate) fn next_machine_id(&self) -> u32 {
        self.machine_ids.fetch_add(1, Relaxed)
    }

    /// The seed of the random numbers.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Where the run is stopped.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many lab threads have not ended.
    pub fn live_threads(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// By how much the timer thread woke late, at worst, so far: what a loaded machine shows in.
    pub fn timer_lateness_max(&self) -> Duration {
        self.timer.lateness_max()
    }

    /// When the timer thread woke last, since the run began; `None` while it waits.
    pub fn timer_awake_since(&self) -> Option<Duration> {
        let woke = self.timer.awake_since()?;
        Some(woke.saturating_duration_since(self.begin))
    }

    /// Thread `ordinal` has panicked: what to say of it if it does not end.
    pub(super) fn note_panic(&self, ordinal: u64, panic: Failure) {
        self.panicked.lock().push((ordinal, panic));
    }

    /// Thread `ordinal` has ended, or caught its panic.
    pub(super) fn forget_panic(&self, ordinal: u64) {
        self.panicked.lock().retain(|(of, _)| *of != ordinal);
    }

    pub(super) fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    pub(super) fn timer(&self) -> &Timer {
        &self.timer
    }

    pub(super) fn stack_bytes(&self) -> usize {
        self.limits.stack_bytes
    }
}
