//! What a run is given: clock, seed, policy, backend, limits.

use std::time::Duration;

/// Which clock a run is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Simulated time on one OS thread: one seed decides everything.
    Virtual,
    /// OS threads and the wall clock.
    Real,
}

/// Which lab thread runs next, and where one may be interrupted. Virtual clock only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// One of the three random policies below, drawn from the seed.
    Seeded,
    /// A random runnable thread at every operation on a lock, atomic or channel.
    EveryOperation,
    /// The same, at one operation in `one_in`.
    Sometimes {
        /// How many operations pass, on average, between two interruptions; at least 1.
        one_in: u32,
    },
    /// A thread runs until it has to wait.
    BlockingOnly,
    /// Random priorities with `depth - 1` random changes: probabilistic concurrency testing
    /// (Burckhardt et al., ASPLOS 2010). Finds a bug that needs `depth` ordered steps with a
    /// probability of at least `1 / (threads * operations^(depth - 1))`.
    Pct {
        /// The number of ordered steps of the bugs aimed at; at least 1.
        depth: u32,
        /// How many operations the run is expected to take; the changes are spread over them.
        operations: u64,
    },
}

/// What carries a lab thread under the virtual clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A stackful coroutine: some nanoseconds a switch.
    Coroutines,
    /// An OS thread that waits for its turn: slow, but a debugger understands it. Same events,
    /// same hash, for programs that iterate no `HashMap` and draw from no foreign generator.
    OsThreads,
}

/// What a wait under a held lock (rule L4) means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockWatch {
    /// Recorded as a finding, once per pair of places.
    Warn,
    /// The first one fails the run.
    Strict,
}

/// Whether every event is kept, not only hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trace {
    /// Only the hash.
    Off,
    /// All events, some 40 bytes each.
    On,
}

/// Where a run is stopped. Under the virtual clock none of these but `wall` depends on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the whole run: what a livelock or a spin ends at.
    pub steps: u64,
    /// Virtual time.
    pub virtual_time: Duration,
    /// Lab threads alive at once. Each coroutine needs two memory maps, and Linux allows a
    /// process some 65,000.
    pub live_threads: usize,
    /// CPU time of the simulating thread without a scheduling point, after which a loop counts as
    /// stuck. A wait in the system, which takes none, counts after four times as long. Only where
    /// the safety net is spread (`docs/platforms.md`).
    pub stuck: Duration,
    /// Wall time of the whole run; inconclusive rather than failed, since it judges the machine.
    pub wall: Duration,
    /// Bytes of stack of a lab thread. Only what is touched costs memory.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 500_000_000,
            virtual_time: Duration::from_secs(3600),
            live_threads: 10_000,
            stuck: Duration::from_secs(5),
            wall: Duration::from_secs(600),
            stack_bytes: 1 << 20,
        }
    }
}

/// Everything that decides a run.
///
/// ```
/// use labrt_host::{LockWatch, RunConfig};
/// let config = RunConfig::virtual_time(7).lock_watch(LockWatch::Strict);
/// assert_eq!(config.seed, 7);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunConfig {
    /// The clock.
    pub clock: Clock,
    /// Decides every choice under the virtual clock; under the real clock only the random numbers.
    pub seed: u64,
    /// Who runs next.
    pub policy: Policy,
    /// What carries the threads.
    pub backend: Backend,
    /// What a wait under a lock means.
    pub lock_watch: LockWatch,
    /// Whether events are kept.
    pub trace: Trace,
    /// Where the run is stopped.
    pub limits: Limits,
}

impl RunConfig {
    /// The virtual clock, policy drawn from the seed.
    pub fn virtual_time(seed: u64) -> Self {
        Self {
            clock: Clock::Virtual,
            seed,
            policy: Policy::Seeded,
            backend: Backend::Coroutines,
            lock_watch: LockWatch::Warn,
            trace: Trace::Off,
            limits: Limits::default(),
        }
    }

    /// The real clock.
    pub fn real_time(seed: u64) -> Self {
        Self { clock: Clock::Real, ..Self::virtual_time(seed) }
    }

    /// Chooses the scheduling policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Chooses what carries the lab threads.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Chooses what a wait under a lock means.
    pub fn lock_watch(mut self, lock_watch: LockWatch) -> Self {
        self.lock_watch = lock_watch;
        self
    }

    /// Keeps every event, or only the hash.
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
