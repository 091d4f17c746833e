//! Tests for a grader: orders come in on stdin, records go back by a private way.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use lab_record::{Clock, Finding, Order, Ordered, Orders, Outcome};
use labrt_host::{Event, RunConfig, Trace};

use super::one::run_edition;
use crate::battery::{TESTS, Test};
use crate::edition::Edition;
use crate::harness::Submission;
use crate::report::{TestRun, Verdict};

/// Takes the orders that wait for this process, if any do; runs their tests, and hands back a
/// record for each.
pub(super) fn answer(submission: Submission) -> Option<ExitCode> {
    let accepted = match lab_record::accept_stream() {
        Ok(Some(orders)) => return Some(complete_all(orders, submission)),
        Ok(None) => lab_record::accept(),
        Err(error) => Err(error),
    };
    match accepted {
        Ok(None) => None,
        Ok(Some(ordered)) => Some(complete(ordered, submission)),
        Err(error) => {
            eprintln!("the order cannot be taken: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn complete(ordered: Ordered, submission: Submission) -> ExitCode {
    let finding = run(ordered.order(), submission);
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

/// Many runs in this process, one after the other, until no more are asked for.
fn complete_all(mut orders: Orders, submission: Submission) -> ExitCode {
    loop {
        let order = match orders.next_order() {
            Ok(Some(order)) => order,
            Ok(None) => return ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("an order of the stream cannot be taken: {error}");
                return ExitCode::FAILURE;
            }
        };
        let finding = match order.clock {
            Clock::Virtual => run(&order, submission),
            // What a killed OS thread still does would disturb the next run.
            Clock::Real => framework_error("a run under the real clock has a process of its own"),
        };
        if let Err(error) = orders.complete(&order, finding) {
            eprintln!("a record of the stream cannot be handed back: {error}");
            return ExitCode::FAILURE;
        }
    }
}

fn run(order: &Order, submission: Submission) -> Finding {
    let Some(test) = TESTS.iter().find(|test| test.name == order.test) else {
        return framework_error(&format!("the battery has no test `{}`", order.test));
    };
    let config = match order.clock {
        Clock::Virtual => RunConfig::virtual_time(order.seed),
        Clock::Real => RunConfig::real_time(order.seed),
    };
    let asked = order.edition.as_deref().map(|name| Edition::from_str(name, false));
    let Ok(edition) = asked.unwrap_or(Ok(Edition::Standard)) else {
        return framework_error("the battery has no such edition of its scenarios");
    };
    let config = if order.trace.is_some() { config.trace(Trace::On) } else { config };
    let (run, events) = run_edition(test, submission, &config, edition);
    let mut finding = finding(run, order.clock);
    if let Some(file) = &order.trace
        && let Err(error) = write_trace(file, test, order.seed, &events)
    {
        finding.notes.push(format!("the trace could not be written to {file}: {error}"));
    }
    finding
}

fn write_trace(file: &str, test: &Test, seed: u64, events: &[Event]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    writeln!(file, "{}, virtual clock, seed {seed}: {} events", test.name, events.len())?;
    events.iter().try_for_each(|event| writeln!(file, "{event}"))?;
    file.flush()
}

fn framework_error(message: &str) -> Finding {
    Finding::not_passed(Outcome::FrameworkError, None, message.to_owned())
}

fn finding(run: TestRun, clock: Clock) -> Finding {
    let figures = run.figures.map_or_else(Default::default, |figures| lab_record::Figures {
        time: figures.elapsed,
        peer_count: u32::try_from(figures.servers).unwrap_or(u32::MAX),
        rpc_count: figures.calls,
        byte_count: figures.bytes,
        command_count: figures.operations.unwrap_or(figures.commands),
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
        panicked: run.panicked,
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
