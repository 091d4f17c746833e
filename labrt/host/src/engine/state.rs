//! All that a simulation knows, and the one way to touch it.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::machine::MachineState;
use super::policy::PolicyState;
use super::safety_net::{self, Heartbeat, Net};
use super::stack::Carrier;
use super::task::{NOBODY, Task};
use super::timers::Timers;
use crate::config::RunConfig;
use crate::failure::{Failure, FailureKind, Finding, FindingKind};
use crate::random;
use crate::trace::{Event, EventKind};

/// Virtual nanoseconds that one step costs, so that a loop which spins makes time pass.
pub(crate) const STEP_COST_NANOS: u64 = 100;

/// So many steps may pass before a limit is noticed; the step limit itself is exact.
const LOOK_EVERY_STEPS: u64 = 1 << 10;

/// A simulation. Reached through [`crate::dispatch`] by the OS thread whose turn it is, and by
/// nobody else.
pub struct Engine {
    state: UnsafeCell<State>,
    /// Tells this run from every other of the process.
    pub id: u64,
    /// What the safety net may look at from other threads.
    pub(crate) heartbeat: Arc<Heartbeat>,
    /// What the safety net keeps for this run.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(crate) net: Net,
}

/// What a simulation knows. Only inside [`Engine::with`].
pub(crate) struct State {
    pub(crate) config: RunConfig,
    /// Nanoseconds since the start of the run.
    pub(crate) now: u64,
    pub(crate) steps: u64,
    /// At which step the limits are looked at again.
    look_at: u64,
    began: Instant,
    heartbeat: Arc<Heartbeat>,
    pub(crate) hash: u64,
    /// Index of the task whose turn it is, or `NOBODY` while the loop or an event runs.
    pub(crate) running: u32,
    /// Somebody must look twice at the next point: the run is ending, the current task is killed.
    pub(crate) attention: bool,
    /// The run is over; whatever still runs is only being unwound.
    pub(crate) ending: bool,
    /// The loop drops what belonged to a thread that crashed before it began.
    pub(crate) burying: bool,
    pub(crate) tasks: Vec<Task>,
    pub(crate) free_tasks: Vec<u32>,
    /// What ended tasks ran on, for those that begin.
    #[expect(clippy::vec_box, reason = "a task takes the box over as it is")]
    pub(crate) idle_carriers: Vec<Box<Carrier>>,
    pub(crate) runnable: Vec<u32>,
    /// Chosen already, to run before anybody else.
    pub(crate) chosen: Option<u32>,
    pub(crate) timers: Timers,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) student_rng: ChaCha8Rng,
    pub(crate) policy: PolicyState,
    /// Whether the threads of any machine are stalled now and then.
    pub(crate) is_stalling: bool,
    pub(crate) machines: Vec<MachineState>,
    /// Machines whose crash the loop has to carry out.
    pub(crate) crashes: Vec<u32>,
    pub(crate) spawned: u64,
    pub(crate) live: usize,
    pub(crate) live_max: usize,
    pub(crate) leaked: u64,
    pub(crate) failure: Option<Failure>,
    pub(crate) findings: Vec<Finding>,
    /// Where in `findings` a wait under a lock at these places is: (operation, wait, lock).
    pub(crate) hazards: BTreeMap<(u8, usize, usize), usize>,
    pub(crate) trace: Option<Vec<Event>>,
}

impl Engine {
    pub(crate) fn new(config: &RunConfig, id: u64) -> Self {
        let mut rng = random::seeded(config.seed, "scheduling");
        let policy = PolicyState::new(config.policy, &mut rng);
        let heartbeat = Arc::new(Heartbeat::new(config));
        Self {
            id,
            heartbeat: heartbeat.clone(),
            net: Net::new(config.seed),
            state: UnsafeCell::new(State {
                config: config.clone(),
                now: 0,
                steps: 0,
                look_at: 0,
                began: Instant::now(),
                heartbeat,
                hash: config.seed ^ 0x9e37_79b9_7f4a_7c15,
                running: NOBODY,
                attention: false,
                ending: false,
                burying: false,
                tasks: Vec::new(),
                free_tasks: Vec::new(),
                idle_carriers: Vec::new(),
                runnable: Vec::new(),
                chosen: None,
                timers: Timers::default(),
                rng,
                student_rng: random::seeded(config.seed, "student"),
                policy,
                is_stalling: false,
                machines: Vec::new(),
                crashes: Vec::new(),
                spawned: 0,
                live: 0,
                live_max: 0,
                leaked: 0,
                failure: None,
                findings: Vec::new(),
                hazards: BTreeMap::new(),
                trace: match config.trace {
                    crate::config::Trace::Off => None,
                    crate::config::Trace::On => Some(Vec::new()),
                },
            }),
        }
    }

    /// Touches the state. `f` must not switch stacks and must not run anybody else's code.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        // SAFETY: an engine is reached only by the OS thread whose turn it is (`Engine` is not
        // `Sync`, and the baton hands over with release and acquire), and `f` can not come back
        // here: the module's first rule.
        f(unsafe { &mut *self.state.get() })
    }

    /// Nanoseconds of virtual time since the start of the run.
    #[inline]
    pub fn now_nanos(&self) -> u64 {
        self.with(|s| s.now)
    }

    /// Draws from the stream of student randomness.
    pub fn with_rng<R>(&self, f: impl FnOnce(&mut ChaCha8Rng) -> R) -> R {
        // A clone out and in: `f` is foreign code and must not run inside `with`.
        let mut rng =
            self.with(|s| std::mem::replace(&mut s.student_rng, ChaCha8Rng::from_seed([0; 32])));
        let result = f(&mut rng);
        self.with(|s| s.student_rng = rng);
        result
    }

    /// Adds a finding that is not about a lock, once per kind and place.
    pub fn add_finding(&self, kind: FindingKind) {
        self.with(|s| {
            if let Some(known) = s.findings.iter_mut().find(|f| f.kind == kind) {
                known.count += 1;
                return;
            }
            let (thread, machine) = s.names_of_running();
            let at = Duration::from_nanos(s.now);
            s.findings.push(Finding { kind, thread, machine, at, count: 1 });
        });
    }

    /// Ends the run with `kind` and `message`, unless something else has ended it before.
    pub(crate) fn set_failure(
        &self,
        kind: FailureKind,
        message: String,
        backtrace: Option<String>,
    ) {
        self.with(|s| s.fail(kind, message, backtrace));
    }
}

impl State {
    /// The first failure stands; from here on every task is only unwound.
    pub(crate) fn fail(&mut self, kind: FailureKind, message: String, backtrace: Option<String>) {
        self.fail_at(kind, message, backtrace, self.now);
    }

    pub(crate) fn fail_at(
        &mut self,
        kind: FailureKind,
        message: String,
        backtrace: Option<String>,
        at_nanos: u64,
    ) {
        self.attention = true;
        if self.ending {
            return;
        }
        self.ending = true;
        let (thread, machine) = match self.running {
            NOBODY => (None, None),
            _ => {
                let (thread, machine) = self.names_of_running();
                (Some(thread), machine)
            }
        };
        self.failure = Some(Failure {
            kind,
            thread,
            machine,
            at: Duration::from_nanos(at_nanos),
            message,
            threads: self.thread_reports(),
            backtrace,
        });
    }

    /// Counts a step of the running task, and mixes it into the hash.
    #[inline(always)]
    pub(crate) fn step(&mut self, kind: EventKind) {
        self.steps += 1;
        self.now += STEP_COST_NANOS;
        self.heartbeat.beat(self.steps);
        let task = &self.tasks[self.running as usize];
        let mixed = (task.uid ^ (kind as u64) << 56) ^ self.now << 16;
        self.hash = (self.hash.rotate_left(5) ^ mixed).wrapping_mul(0x517c_c1b7_2722_0a95);
        if let Some(trace) = &mut self.trace {
            trace.push(Event { at_nanos: self.now, task: task.uid, kind, place: task.place });
        }
        let machine = task.machine;
        if self.look_at <= self.steps && !self.ending {
            self.look_at_the_limits();
        }
        // Entering a stack is not a point of the machine's own: a crash there would fall late.
        if machine != NOBODY && kind != EventKind::Run {
            let machine_state = &mut self.machines[machine as usize];
            machine_state.steps += 1;
            if machine_state.steps == machine_state.crash_at {
                self.crashes.push(machine);
                self.attention = true;
            }
        }
    }

    #[cold]
    fn look_at_the_limits(&mut self) {
        let limit = self.config.limits.steps;
        self.look_at = limit.min(self.steps + LOOK_EVERY_STEPS);
        if limit <= self.steps {
            self.step_limit();
        } else if self.config.limits.wall < safety_net::framework(|| self.began.elapsed()) {
            self.wall_limit();
        }
    }

    fn wall_limit(&mut self) {
        let task = &self.tasks[self.running as usize];
        let message = format!(
            "the run is still going on after {:?} of wall time, {} steps; the last one is at {}: a slow machine, or a program that never ends?",
            self.config.limits.wall, self.steps, task.place
        );
        self.fail(FailureKind::WallLimit, message, None);
    }

    fn step_limit(&mut self) {
        let task = &self.tasks[self.running as usize];
        let message = format!(
            "{} steps were taken; the last one is at {}: does a loop there wait for something without blocking?",
            self.steps, task.place
        );
        self.fail(FailureKind::StepLimit, message, None);
    }
}
