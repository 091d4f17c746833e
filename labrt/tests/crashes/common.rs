//! Runs of a program under every clock, and what its parts have in common.

use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Backend, Outcome, Policy, RunConfig, RunReport, run};

pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const FOR_EVER: Duration = Duration::from_secs(3000);

/// What a destructor of the dead would say to the living.
pub(crate) const FROM_THE_GRAVE: u32 = 666;

#[track_caller]
pub(crate) fn succeeds<T>(what: &str, outcome: Outcome<T>) -> (T, RunReport) {
    match outcome.result {
        Ok(value) => (value, outcome.report),
        Err(failure) => panic!("{what}: {failure}"),
    }
}

/// Runs `program` under the virtual clock on both backends, and under the real one.
#[track_caller]
pub(crate) fn everywhere(leaked_virtual: u64, program: fn()) {
    for seed in 0..4 {
        for backend in [Backend::Coroutines, Backend::OsThreads] {
            let config = RunConfig::virtual_time(seed).policy(Policy::EveryOperation);
            let (_, report) = succeeds("virtual clock", run(&config.backend(backend), program));
            assert_eq!(
                report.leaked, leaked_virtual,
                "{backend:?}: threads that could not be ended"
            );
        }
    }
    let (_, report) = succeeds("real clock", run(&RunConfig::real_time(1), program));
    assert_eq!(report.leaked, 0, "under the real clock every thread ends");
}

pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        thread::sleep(MILLI);
    }
    panic!("{what}, within ten seconds");
}
