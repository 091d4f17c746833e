//! What can end a run, and what is noticed on the way: typed, with the texts people read.

use std::fmt;
use std::time::Duration;

use crate::Place;
use crate::watch::ThreadReport;

/// Why a run ended before its main function returned.
///
/// `Display` is the whole message, one fact a line: what broke, where, when, and what every
/// lab thread was doing.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// The lab thread that did it, if one did.
    pub thread: Option<String>,
    /// The machine of that thread, if it is on one.
    pub machine: Option<String>,
    /// When, since the start of the run.
    pub at: Duration,
    /// The fact itself: a panic's message, a cycle in words, a limit and what reached it.
    pub message: String,
    /// What every live thread held and awaited then. Empty where it could not be told.
    pub threads: Vec<ThreadReport>,
    /// Frames of the guilty thread, one a line, where they could be had.
    pub backtrace: Option<String>,
}

/// The kinds of [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A lab thread panicked.
    Panic,
    /// Threads wait for each other in a circle: none of them can ever go on.
    DeadlockCycle,
    /// Nobody can run, and no timer is pending.
    NobodyCanRun,
    /// A wait under a held lock (rule L4), under [`crate::LockWatch::Strict`].
    WaitUnderLock,
    /// A lab thread used up its stack.
    StackOverflow,
    /// A lab thread computed, or waited outside labrt, without reaching a scheduling point.
    Stuck,
    /// `Limits::steps` reached.
    StepLimit,
    /// `Limits::virtual_time` reached.
    VirtualTimeLimit,
    /// `Limits::wall` reached. Says something about the machine, not about the submission.
    WallLimit,
    /// `Limits::live_threads` reached, or the system refused another stack.
    TooManyThreads,
    /// An OS thread was started from a lab thread by other means than labrt.
    ForeignThread,
    /// The host ended the run with [`crate::fail`].
    Host,
}

impl FailureKind {
    /// The kind in words, as messages begin with it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Panic => "a lab thread panicked",
            Self::DeadlockCycle => "deadlock: threads wait for each other in a circle",
            Self::NobodyCanRun => "deadlock: no thread can run and no timer is pending",
            Self::WaitUnderLock => "rule L4: nothing that waits happens under a lock",
            Self::StackOverflow => "stack overflow",
            Self::Stuck => "a lab thread reaches no scheduling point",
            Self::StepLimit => "step limit reached",
            Self::VirtualTimeLimit => "virtual time limit reached",
            Self::WallLimit => "wall time limit reached",
            Self::TooManyThreads => "too many live threads",
            Self::ForeignThread => "an OS thread was started from a lab thread",
            Self::Host => "the run was ended",
        }
    }
}

impl Failure {
    /// A failure of no thread in particular.
    pub(crate) fn of_the_run(kind: FailureKind, message: String) -> Self {
        Self {
            kind,
            thread: None,
            machine: None,
            at: Duration::ZERO,
            message,
            threads: Vec::new(),
            backtrace: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.title())?;
        if let Some(thread) = &self.thread {
            write!(f, ", thread '{thread}'")?;
        }
        if let Some(machine) = &self.machine {
            write!(f, " of machine '{machine}'")?;
        }
        writeln!(f, ", at {:?}", self.at)?;
        for line in self.message.lines() {
            writeln!(f, "  {line}")?;
        }
        if !self.threads.is_empty() {
            writeln!(f, "threads")?;
            for thread in &self.threads {
                write!(f, "{thread}")?;
            }
        }
        if let Some(backtrace) = &self.backtrace {
            writeln!(f, "backtrace")?;
            for line in backtrace.lines() {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What the lab thread was about to do when it waited. The words of the lock watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `Mutex::lock`.
    Lock,
    /// `RwLock::read`.
    Read,
    /// `RwLock::write`.
    Write,
    /// `Condvar::wait` and its kin.
    ConditionWait,
    /// `Receiver::recv` and its kin, and `Select`.
    Receive,
    /// A send on a bounded channel.
    Send,
    /// `thread::sleep`.
    Sleep,
    /// `JoinHandle::join`.
    Join,
    /// A remote procedure call.
    Rpc,
    /// The host waits for something of its own.
    Host,
    /// The thread is stalled, for no reason of its own ([`crate::Machine::stall`]).
    Stall,
}

impl Operation {
    /// The operation as a verb: "waits for a lock".
    pub fn verb(self) -> &'static str {
        match self {
            Self::Lock => "waits for the Mutex",
            Self::Read => "waits to read the RwLock",
            Self::Write => "waits to write the RwLock",
            Self::ConditionWait => "waits on the Condvar",
            Self::Receive => "receives",
            Self::Send => "sends on a bounded channel",
            Self::Sleep => "sleeps",
            Self::Join => "joins a thread",
            Self::Rpc => "waits for an RPC reply",
            Self::Host => "waits for the host",
            Self::Stall => "is stalled",
        }
    }
}

/// Something noticed that did not end the run. The same finding at the same places is kept once
/// and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was noticed.
    pub kind: FindingKind,
    /// The thread that did it first.
    pub thread: String,
    /// The machine of that thread, if it is on one.
    pub machine: Option<String>,
    /// When it was first noticed, since the start of the run.
    pub at: Duration,
    /// How many times it was.
    pub count: u64,
}

/// The kinds of [`Finding`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// Rule L4: a wait under a held lock.
    WaitUnderLock {
        /// What waited.
        operation: Operation,
        /// Where it waited.
        waits_at: Place,
        /// Where the lock was taken.
        locked_at: Place,
    },
    /// Rules S2, C4: what a thread waits for has come true, and nobody notified it.
    ForgottenNotify {
        /// Where it waits.
        waits_at: Place,
        /// Where the lock was taken under which the condition came true.
        changed_at: Place,
        /// When that lock was released.
        since: Duration,
    },
    /// A `std` call that knows nothing of the lab's time was used by a lab thread.
    ForeignCall {
        /// The call.
        call: &'static str,
        /// What to write instead.
        instead: &'static str,
        /// Where, as `file:line`; the innermost frame outside std and the framework.
        place: String,
    },
}

impl FindingKind {
    /// The rule that is broken, if the finding is about one.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Self::WaitUnderLock { .. } => Some("L4"),
            Self::ForgottenNotify { .. } => Some("S2"),
            Self::ForeignCall { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FindingKind::WaitUnderLock { operation, waits_at, locked_at } => {
                write!(
                    f,
                    "rule L4: {} at {waits_at} while it holds the lock taken at {locked_at}",
                    operation.verb()
                )?;
            }
            FindingKind::ForgottenNotify { waits_at, changed_at, since } => {
                write!(
                    f,
                    "rule S2: what the Condvar wait at {waits_at} waits for came true under the lock taken at {changed_at}, released at {since:?}, and nobody notified it"
                )?;
            }
            FindingKind::ForeignCall { call, instead, place } => {
                write!(f, "{call} at {place}: use {instead}")?;
            }
        }
        write!(f, " (thread '{}'", self.thread)?;
        if let Some(machine) = &self.machine {
            write!(f, " of machine '{machine}'")?;
        }
        write!(f, ", at {:?}", self.at)?;
        if 1 < self.count {
            write!(f, ", {} times", self.count)?;
        }
        write!(f, ")")
    }
}
