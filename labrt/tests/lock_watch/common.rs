//! Programs run under the watch: what it must tell, and what it must not.

use std::panic::Location;

use labrt::time::Duration;
use labrt_host::{Finding, FindingKind, Operation, Policy, RunConfig, run};

use crate::lines::Lines;

pub(crate) const MILLI: Duration = Duration::from_millis(1);

/// What the run noticed; it must succeed.
#[track_caller]
pub(crate) fn findings(program: impl FnOnce() + Send + 'static) -> Vec<Finding> {
    let outcome = run(&RunConfig::virtual_time(1).policy(Policy::BlockingOnly), program);
    assert!(outcome.result.is_ok(), "the watch only warns: {:?}", outcome.result);
    outcome.findings
}

/// `program` marks where a lock is `locked` and where it `waits`; that is what must be told, once,
/// seen `count` times.
#[track_caller]
pub(crate) fn told(
    operation: Operation,
    count: u64,
    program: impl FnOnce(&Lines) + Send + 'static,
) {
    let file = Location::caller().file();
    let lines = Lines::default();
    let theirs = lines.clone();
    let findings = findings(move || program(&theirs));
    let [finding] = &findings[..] else { panic!("one finding: {findings:?}") };
    let FindingKind::WaitUnderLock { operation: found, waits_at, locked_at } = finding.kind else {
        panic!("a wait under a lock: {finding}");
    };
    assert_eq!(finding.kind.rule(), Some("L4"), "the rule");
    assert_eq!(found, operation, "the operation");
    assert_eq!((locked_at.file(), waits_at.file()), (file, file), "places of the program");
    assert_eq!(locked_at.line(), lines.of("locked"), "where locked");
    assert_eq!(waits_at.line(), lines.of("waits"), "where waited");
    assert_eq!(finding.count, count, "how many times");
}

#[track_caller]
pub(crate) fn not_told(program: impl FnOnce() + Send + 'static) {
    assert_eq!(findings(program), [], "nothing waits under a lock here");
}
