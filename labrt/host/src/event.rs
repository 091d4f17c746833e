//! What happens later without a thread of its own.
//!
//! The action of an event runs outside any lab thread. It must not wait and must not call labrt.
//! It may arm other events, complete a [`crate::oneshot`], dispatch to a machine, crash one, and
//! take a parking_lot lock that is never held for long.

use std::time::Duration;

use crate::dispatch::{Current, current};
use crate::real;

/// Runs `action` after `delay` on the run's clock, unless the run is over by then.
///
/// # Panics
/// Outside a run.
///
/// ```
/// use labrt_host::{Operation, RunConfig, event, now, oneshot, run};
/// use std::{panic::Location, time::Duration};
/// run(&RunConfig::virtual_time(1), || {
///     let (completer, completion) = oneshot::oneshot();
///     event::after(Duration::from_secs(3), move || completer.complete("later"));
///     assert_eq!(completion.wait(Operation::Host, Location::caller()), Some("later"));
///     assert!(Duration::from_secs(3) <= now());
/// })
/// .unwrap();
/// ```
pub fn after(delay: Duration, action: impl FnOnce() + Send + 'static) {
    match current() {
        Current::Outside => {
            panic!("an event belongs to a run: arm it between the begin and the end of `run`")
        }
        Current::Real(thread) => real::after(thread.run(), delay, action),
        Current::Virtual(engine) => engine.after(delay, Box::new(action)),
    }
}

/// Since when the thread that runs the events of this run is awake; `None` while it waits for the
/// next event, and under the virtual clock, where nothing is awake between events.
///
/// What an event is later than this is the doing of the events before it, not of the machine.
pub fn awake_since() -> Option<Duration> {
    match current() {
        Current::Real(thread) => thread.run().timer_awake_since(),
        Current::Outside | Current::Virtual(_) => None,
    }
}
