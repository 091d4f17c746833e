//! One test, for a grader: its order comes in on stdin, the record goes back by a private way.

use std::process::ExitCode;

use lab_record::{Clock, Finding, Ordered, Outcome};
use labrt_host::RunConfig;

use super::one::run_test;
use crate::battery::TESTS;
use crate::harness::Submission;
use crate::report::{TestRun, Verdict};

/// Takes the order that waits for this process, if one does; runs its test, and hands back the
/// record.
pub(super) fn answer(submission: Submission) -> Option<ExitCode> {
    match lab_record::accept() {
        Ok(None) => None,
        Ok(Some(ordered)) => Some(complete(ordered, submission)),
        Err(error) => {
            eprintln!("the order cannot be taken: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn complete(ordered: Ordered, submission: Submission) -> ExitCode {
    let finding = run(&ordered, submission);
    let passed = finding.outcome == Outcome::Pass;
    match ordered.complete(finding) {
        Ok(()) if passed => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the record cannot be handed back: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(ordered: &Ordered, submission: Submission) -> Finding {
    let order = ordered.order();
    let Some(test) = TESTS.iter().find(|test| test.name == order.test) else {
        let message = format!("the battery has no test `{}`", order.test);
        return Finding::not_passed(Outcome::FrameworkError, None, message);
    };
    let config = match order.clock {
        Clock::Virtual => RunConfig::virtual_time(order.seed),
        Clock::Real => RunConfig::real_time(order.seed),
    };
    finding(run_test(test, submission, &config), order.clock)
}

fn finding(run: TestRun, clock: Clock) -> Finding {
    let figures = run.figures.map_or_else(Default::default, |figures| lab_record::Figures {
        time: figures.elapsed,
        peer_count: u32::try_from(figures.servers).unwrap_or(u32::MAX),
        rpc_count: figures.calls,
        byte_count: figures.bytes,
        command_count: figures.commands,
    });
    let outcome = match run.verdict {
        Verdict::Pass => Outcome::Pass,
        Verdict::Fail => Outcome::Fail,
        Verdict::Aborted => Outcome::Aborted,
        Verdict::Inconclusive => Outcome::Inconclusive,
    };
    let failed = outcome == Outcome::Fail;
    Finding {
        outcome,
        rule: run.rule.filter(|_| failed).map(str::to_owned),
        message: if outcome == Outcome::Pass { String::new() } else { run.text },
        notes: run.notes,
        figures,
        event_hash: (clock == Clock::Virtual).then_some(run.event_hash),
        lateness: run.lateness.map(|lateness| lab_record::Lateness {
            worst: lateness.worst,
            own_cpu: lateness.own_cpu,
        }),
    }
}
