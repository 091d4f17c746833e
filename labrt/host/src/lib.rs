//! The host side of the lab runtime: what starts a run, and what a run is made of.
//!
//! Student code sees crate `labrt` only, whose manifest line it has; it can neither name this
//! crate nor tell which clock, seed or policy it runs under.
//!
//! Start here:
//! * [`run`] takes a [`RunConfig`] and a main function and gives an [`Outcome`]
//! * [`Machine`] is a failure domain: threads that crash together
//! * [`event`], [`oneshot`], [`random`]: later, one value, seeded numbers
//! * [`Failure`], [`Finding`]: what ended a run, what was noticed
//!
//! Beneath: [`dispatch`] says which clock a thread is under; [`engine`] is the virtual clock,
//! [`real`] the other one. `labrt`'s faces call these two directly.
//!
//! ```
//! use labrt_host::{RunConfig, now, run};
//! use std::time::Duration;
//!
//! let outcome = run(&RunConfig::virtual_time(7), || now());
//! assert_eq!(outcome.report.seed, 7);
//! assert!(outcome.unwrap() < Duration::from_millis(1));
//! ```

mod backtraces;
mod config;
pub mod dispatch;
pub mod engine;
pub mod event;
mod failure;
mod kill;
mod machine;
pub mod oneshot;
mod outcome;
pub mod random;
pub mod real;
mod run;
mod stalls;
pub mod thread;
mod trace;
pub mod watch;

use std::time::Duration;

pub use config::{Backend, Clock, Limits, LockWatch, Policy, RunConfig, Trace};
pub use failure::{Failure, FailureKind, Finding, FindingKind, Operation};
pub use machine::{Crashed, Machine};
pub use outcome::{Outcome, RunReport};
pub use run::{fail, find_divergence, run, stop};
pub use stalls::Stalls;
pub use trace::{Divergence, Event, EventKind};

/// A place in somebody's source.
pub type Place = &'static std::panic::Location<'static>;

/// Time since the start of the run, on its clock; zero outside a run.
pub fn now() -> Duration {
    match dispatch::current() {
        dispatch::Current::Outside => Duration::ZERO,
        dispatch::Current::Real(thread) => thread.now(),
        dispatch::Current::Virtual(engine) => Duration::from_nanos(engine.now_nanos()),
    }
}

/// The clock of the current run; `None` outside one.
pub fn clock() -> Option<Clock> {
    match dispatch::current() {
        dispatch::Current::Outside => None,
        dispatch::Current::Real(_) => Some(Clock::Real),
        dispatch::Current::Virtual(_) => Some(Clock::Virtual),
    }
}

/// A scheduling point of the host's own: another thread may run here, a crash may fall. Whether
/// the caller is alive; if not, what it is about to do must have no effect.
pub fn point(kind: EventKind, place: Place) -> bool {
    match dispatch::current() {
        dispatch::Current::Outside => true,
        dispatch::Current::Real(thread) => {
            thread.check();
            !thread.is_inert()
        }
        dispatch::Current::Virtual(engine) => engine.point(kind, place) == engine::Standing::Alive,
    }
}
