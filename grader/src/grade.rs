//! One grading: every run that the plan names, made, judged, scored and reported.

use crate::battery::Battery;
use crate::cli::GradeArgs;
use crate::error::GradeError;
use crate::plan::Plan;
use crate::report::model::Report;
use crate::report::progress::Progress;
use crate::report::{json, terminal};
use crate::{exit_code, interrupt, schedule};

/// Grades as the flags say; the exit code is that of the worst verdict.
pub(crate) fn grade(args: &GradeArgs) -> Result<u8, GradeError> {
    let plan = Plan::check(args)?;
    let battery = Battery::open(&args.battery, &plan.grading)?;
    let workshop = battery.workshop();
    let mut report = Report::new(&plan);
    let mut progress = Progress::start(&plan.lanes);
    schedule::run_all(&plan.lanes, &workshop, |result| {
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
    Ok(exit_code::of_report(&report))
}
