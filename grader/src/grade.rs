//! One grading: every run that the plan names, made, judged, scored and reported.

use crate::battery::Battery;
use crate::cli::GradeArgs;
use crate::error::GradeError;
use crate::plan::{Plan, Run};
use crate::print::say;
use crate::report::model::Report;
use crate::report::progress::Progress;
use crate::report::{autolab, json, terminal};
use crate::sandbox::Sandbox;
use crate::{exit_code, interrupt, schedule, submissions};

/// Grades as the flags say; the exit code is that of the worst verdict.
pub(crate) fn grade(args: &GradeArgs) -> Result<u8, GradeError> {
    if let Some(results) = &args.out {
        return submissions::grade(args, results);
    }
    let plan = Plan::check(args)?;
    let (sandbox, _) = Sandbox::choose(args.sandbox_at_most(), args.require_sandbox)?;
    let battery = Battery::open(&args.battery, &plan.grading, sandbox)?;
    let workshop = battery.workshop();
    let mut report = Report::new(&plan.grading, plan.runs(), "working tree", sandbox);
    let mut progress = Progress::start(&plan.lanes);
    let make = |run: &Run, attempt| schedule::run_one(run, attempt, &workshop);
    schedule::run_all(&plan.lanes, make, |_, result| {
        progress.tell(&result);
        report.add(result);
    });
    progress.end();
    report.finish(interrupt::interrupted());

    terminal::print(&report);
    if let Some(path) = &plan.json {
        json::write(&report, path)
            .map_err(|source| GradeError::NoResults { path: path.clone(), source })?;
    }
    if args.autolab {
        say!("{}", autolab::line(&report));
    }
    Ok(exit_code::of_report(&report))
}
