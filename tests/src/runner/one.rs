//! One test, in this process.

use std::fmt::Write;
use std::sync::Arc;

use labrt_host::{Outcome, RunConfig, run};

use crate::battery::Test;
use crate::harness::{Lab, Notes, Referee, Submission};
use crate::report::{Replay, TestRun, Verdict, failed};

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
    let referee = Arc::new(Referee::default());
    let (scenario, of_the_run) = (test.scenario, referee.clone());
    let outcome = run(config, move || {
        let lab = Lab::new(submission, of_the_run);
        scenario(&lab);
        lab.end();
    });
    judge(test, &outcome, referee.notes())
}

fn judge(test: &Test, outcome: &Outcome<()>, notes: Notes) -> TestRun {
    let event_hash = outcome.report.event_hash;
    match &outcome.result {
        Ok(()) => TestRun {
            verdict: Verdict::Pass,
            figures: notes.figures,
            violation: None,
            event_hash,
            text: passed(outcome, &notes),
        },
        Err(failure) => {
            let verdict = Verdict::of(failure.kind);
            let replay = Replay { clock: outcome.report.clock, seed: outcome.report.seed };
            let text = failed(test, verdict, replay, failure, &outcome.findings, &notes);
            TestRun { verdict, figures: None, violation: notes.violation, event_hash, text }
        }
    }
}

fn passed(outcome: &Outcome<()>, notes: &Notes) -> String {
    let mut text = String::new();
    for warning in &notes.warnings {
        let _ = writeln!(text, "note    {warning}");
    }
    for finding in &outcome.findings {
        let _ = writeln!(text, "note    {finding}");
    }
    if let Some(figures) = notes.figures {
        let _ = writeln!(text, "{figures}");
    }
    text
}
