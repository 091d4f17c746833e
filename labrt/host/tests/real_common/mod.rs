//! What the tests of the real clock share.

use labrt_host::RunConfig;
use labrt_host::dispatch::{Current, current};
use labrt_host::real::{RealOutcome, RealRun, RealThread};

/// Runs `main` under the real clock; it must succeed and leave no thread behind.
pub(crate) fn in_run<T: Send + 'static>(main: impl FnOnce(&RealThread) -> T + Send + 'static) -> T {
    let outcome = outcome(RunConfig::real_time(1), main);
    assert_eq!(outcome.leaked, 0, "every thread ends with the run");
    outcome.result.unwrap_or_else(|failure| panic!("the run succeeds: {failure}"))
}

/// Runs `main` under the real clock.
pub(crate) fn outcome<T: Send + 'static>(
    config: RunConfig,
    main: impl FnOnce(&RealThread) -> T + Send + 'static,
) -> RealOutcome<T> {
    RealRun::start(&config, || main(here()))
}

/// The current lab thread.
pub(crate) fn here<'a>() -> &'a RealThread {
    match current() {
        Current::Real(thread) => thread,
        _ => panic!("not on a lab thread under the real clock"),
    }
}
