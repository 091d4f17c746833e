//! One test, in this process.

use std::sync::Arc;

use labrt_host::{Event, Failure, FailureKind, LockWatch, Outcome, Policy, RunConfig, run};

use crate::battery::Test;
use crate::edition::Edition;
use crate::harness::{Broken, Lab, Lateness, Notes, Referee, Submission, cpu_time};
use crate::report::{Figures, Replay, Report, TestRun, Verdict};

/// Runs `test` against `submission`, as `config` says.
///
/// ```no_run
/// # fn check<Raft: labapi::Raft>() {
/// use lab_tests::{Submission, TESTS, Verdict, run_test};
/// let config = labrt_host::RunConfig::virtual_time(7);
/// let run = run_test(&TESTS[0], Submission::of::<Raft>(), &config);
/// assert_eq!(run.verdict, Verdict::Pass, "{}", run.text);
/// # }
/// ```
pub fn run_test(test: &Test, submission: Submission, config: &RunConfig) -> TestRun {
    run_edition(test, submission, config, Edition::Standard).0
}

/// The same, of any edition; and the run's events, if `config` asks for them.
pub(super) fn run_edition(
    test: &Test,
    submission: Submission,
    config: &RunConfig,
    edition: Edition,
) -> (TestRun, Vec<Event>) {
    let referee = Arc::new(Referee::default());
    let (scenario, of_the_run) = (test.scenario, referee.clone());
    let reads_messages = test.part.ends_with('X');
    let cpu_before = cpu_time();
    let mut outcome = run(&asked_by(test, config), move || {
        let lab = Lab::new(submission, edition, of_the_run);
        scenario(&lab);
        if reads_messages {
            lab.referee().check_readable();
        }
        lab.end();
    });
    let own_cpu = cpu_time().saturating_sub(cpu_before);
    let lateness = referee.looks().lateness(&outcome.report, own_cpu);
    let events = outcome.trace.take().unwrap_or_default();
    (judge(test, edition, &outcome, referee.notes(), lateness), events)
}

/// The configuration of a test that asks for more than others.
fn asked_by(test: &Test, config: &RunConfig) -> RunConfig {
    let mut config = config.clone();
    if test.strict_locks {
        config.lock_watch = LockWatch::Strict;
    }
    if test.every_interruption && config.policy == Policy::Seeded {
        config.policy = Policy::EveryOperation;
    }
    config
}

fn judge(
    test: &Test,
    edition: Edition,
    outcome: &Outcome<()>,
    seen: Notes,
    lateness: Option<Lateness>,
) -> TestRun {
    let findings = outcome.findings.iter().map(ToString::to_string);
    let notes: Vec<String> = seen.warnings.iter().cloned().chain(findings).collect();
    let run = TestRun {
        verdict: Verdict::Pass,
        figures: seen.figures,
        rule: None,
        panicked: false,
        violation: None,
        event_hash: outcome.report.event_hash,
        text: passed(&notes, seen.figures),
        notes,
        lateness,
    };
    let Err(failure) = &outcome.result else { return run };
    let report = Report {
        test,
        verdict: verdict(failure, &seen, lateness, outcome.report.live_max),
        replay: Replay { clock: outcome.report.clock, seed: outcome.report.seed, edition },
        failure,
        findings: &outcome.findings,
        notes: &seen,
        lateness,
    };
    TestRun {
        verdict: report.verdict,
        figures: None,
        rule: report.rule().map(|rule| rule.id),
        panicked: failure.kind == FailureKind::Panic && failure.machine.is_some(),
        text: report.text(),
        violation: seen.violation,
        ..run
    }
}

/// A run that had fewer lab threads than this, and was refused another one, met a machine that
/// others had filled: correct servers have some hundred, and no run may have more than 10,000.
const OWN_THREADS_MIN: usize = 2_000;

/// A limit of which the machine took enough says nothing of the submission, and neither does a
/// check that was not finished, nor a full machine. What breaks safety does, however late the
/// machine was.
fn verdict(
    failure: &Failure,
    seen: &Notes,
    lateness: Option<Lateness>,
    threads_max: usize,
) -> Verdict {
    if failure.kind == FailureKind::TooManyThreads && threads_max < OWN_THREADS_MIN {
        return Verdict::Inconclusive;
    }
    let found = seen.violation.as_ref().filter(|_| failure.kind == FailureKind::Host);
    let excused = lateness.is_some_and(|lateness| lateness.excuses());
    match found.map(|violation| violation.broken) {
        Some(Broken::NotDecided) => Verdict::Inconclusive,
        Some(broken) if !broken.is_safety() && excused => Verdict::Inconclusive,
        _ => Verdict::of(failure.kind),
    }
}

fn passed(notes: &[String], figures: Option<Figures>) -> String {
    let notes = notes.iter().map(|note| format!("note    {note}\n"));
    let closing_line = figures.map(|figures| format!("{figures}\n"));
    notes.chain(closing_line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of_threads(threads_max: usize) -> Verdict {
        let failure = Failure {
            kind: FailureKind::TooManyThreads,
            thread: None,
            machine: None,
            at: Duration::ZERO,
            message: "the system refused another thread".to_owned(),
            threads: Vec::new(),
            backtrace: None,
        };
        verdict(&failure, &Notes::default(), None, threads_max)
    }

    #[test]
    fn a_machine_that_others_have_filled_is_no_fault_of_the_submission() {
        assert_eq!(of_threads(70), Verdict::Inconclusive, "it had a few threads, as all have");
    }

    #[test]
    fn a_submission_that_fills_the_machine_itself_is_aborted() {
        assert_eq!(of_threads(OWN_THREADS_MIN), Verdict::Aborted, "it had thousands");
        assert_eq!(of_threads(10_000), Verdict::Aborted, "the limit of a run");
    }
}
