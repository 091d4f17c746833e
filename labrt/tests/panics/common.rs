//! Programs run under every clock, and a function that panics at a known place.

use std::panic::Location;

use labrt::time::Duration;
use labrt_host::{Backend, Clock, Failure, FailureKind, Outcome, Policy, RunConfig, run};

pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const FOR_EVER: Duration = Duration::from_secs(3000);

/// The virtual clock on both backends, and the real one.
pub(crate) fn clocks() -> [RunConfig; 4] {
    let config = RunConfig::virtual_time(1);
    [
        config.clone(),
        config.clone().policy(Policy::EveryOperation),
        config.backend(Backend::OsThreads),
        RunConfig::real_time(1),
    ]
}

/// Runs `program`, which must fail by a panic, under both clocks.
#[track_caller]
pub(crate) fn panics(program: impl Fn() + Clone + Send + 'static, check: impl Fn(Clock, &Failure)) {
    for config in clocks() {
        let outcome = run(&config, program.clone());
        let (clock, leaked) = (config.clock, outcome.report.leaked);
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::Panic, "{clock:?}: {failure}");
        assert_eq!(leaked, 0, "{clock:?}: every thread could be ended: {failure}");
        check(clock, &failure);
    }
}

/// Runs `program`, which must succeed, under both clocks.
#[track_caller]
pub(crate) fn accepted(program: impl Fn() + Clone + Send + 'static) {
    for config in clocks() {
        let outcome: Outcome<()> = run(&config, program.clone());
        if let Err(failure) = outcome.result {
            panic!("{:?}: {failure}", config.clock);
        }
    }
}

/// The message begins with this text and names this line of the caller's file.
#[track_caller]
pub(crate) fn assert_text(failure: &Failure, text: &str, line: u32) {
    assert_text_at(failure, text, &format!("{}:{line}", Location::caller().file()));
}

/// The message begins with this text and names [`place_of_helper`].
#[track_caller]
pub(crate) fn assert_text_of_helper(failure: &Failure, text: &str) {
    assert_text_at(failure, text, &place_of_helper());
}

#[track_caller]
fn assert_text_at(failure: &Failure, text: &str, place: &str) {
    let begin = format!("{text}\nat {place}:");
    assert!(failure.message.starts_with(&begin), "{begin}\nbegins the message of\n{failure}");
}

const LINE_OF_HELPER: u32 = line!() + 4;

#[inline(never)]
pub(crate) fn helper_that_panics(term: u64) {
    assert!(term < 3, "term {term} is not below 3");
    std::hint::black_box(term);
}

/// Where [`helper_that_panics`] does so.
pub(crate) fn place_of_helper() -> String {
    format!("{}:{LINE_OF_HELPER}", file!())
}
