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
