//! What catches a lab thread that leaves the lab's ways under the virtual clock: a net, never a
//! requirement. Without it the engine works the same; what is caught here then goes unseen, or
//! hangs.
//!
//! | what | where | what becomes of the run |
//! |---|---|---|
//! | loop without a scheduling point | `spread/watchdog.rs` | ends as `Stuck`, with the line |
//! | contended lock, channel, join of std; a wait in the system | `spread/watchdog.rs` | the same |
//! | stack overflow of a coroutine | `spread/signals.rs` | ends as `StackOverflow`, with the line |
//! | std's `thread::spawn` | `spread/interposed/spawn.rs` | ends as `ForeignThread`, with the line |
//! | std's `Instant::now`, `SystemTime::now`, `thread::sleep` | `spread/interposed/clock.rs` | goes on in virtual time, with a finding |
//! | order of `HashMap`s, generators seeded by the system | `spread/interposed/random.rs` | goes on, decided by the seed |
//!
//! It is spread on Linux with glibc, dynamically linked, on x86-64 and AArch64; only the first of
//! the two was ever run. Everywhere else `absent.rs` stands in, which does nothing.
//!
//! **How a run is given up.** A thread that reaches no scheduling point can not be unwound. So
//! [`crate::run`] does not wait for the run's OS thread alone: the watchdog may answer in its
//! stead, with the failure. The OS thread is stopped where it is, if it holds no lock there that
//! others need, and stays until the process ends, with all that the run owns.

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod spread;
#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
#[path = "absent.rs"]
mod spread;

pub(crate) use spread::{Heartbeat, Net, SignalStack, begin, framework, install, my_turn};

use crate::failure::{Failure, Finding};
use crate::outcome::{Outcome, RunReport};
use crate::trace::Event;

/// What is left of a run that could not be ended from within.
pub(crate) struct GivenUp {
    failure: Failure,
    findings: Vec<Finding>,
    trace: Option<Vec<Event>>,
    report: RunReport,
}

/// Whom to tell that a run was given up.
pub(crate) type Tell = std::sync::mpsc::Sender<GivenUp>;

impl GivenUp {
    pub(crate) fn into_outcome<T>(self) -> Outcome<T> {
        Outcome {
            result: Err(self.failure),
            findings: self.findings,
            report: self.report,
            trace: self.trace,
        }
    }
}
