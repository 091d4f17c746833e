//! One grading, from the command line to the exit code.

use clap::Parser;

use crate::cli::Cli;
use crate::error::GradeError;
use crate::plan::{BatterySource, Plan};
use crate::report::model::Report;
use crate::report::progress::Progress;
use crate::report::{json, terminal};
use crate::resources::Watch;
use crate::worker::Workshop;
use crate::{compile, exit_code, interrupt, process, schedule};

/// Everything `main` does.
pub(crate) fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            let is_mistake = answer.use_stderr();
            let _ = answer.print(); // nobody is left to be told
            return if is_mistake { exit_code::USAGE } else { exit_code::ALL_PASSED };
        }
    };
    interrupt::watch();
    match grade(cli) {
        Ok(code) => code,
        Err(_) if interrupt::interrupted() => {
            eprintln!("interrupted before any test was run");
            exit_code::INTERRUPTED
        }
        Err(error) => {
            eprintln!("{error}");
            exit_code::of_error(&error)
        }
    }
}

fn grade(cli: Cli) -> Result<u8, GradeError> {
    let plan = Plan::check(cli)?;
    let battery = match &plan.source {
        BatterySource::Build => compile::build(&plan.workspace)?,
        BatterySource::Given(path) => path.clone(),
    };
    let no_listing = |why: String| GradeError::NoListing { path: battery.clone(), why };
    // Processes are started in another folder than this one.
    let absolute = std::path::absolute(&battery).map_err(|error| no_listing(error.to_string()))?;
    let listed = schedule::list(&absolute)
        .map_err(|error| no_listing(error.to_string()))?
        .map_err(no_listing)?;
    plan.grading.check_against(&listed)?;

    let scratch = tempfile::tempdir().map_err(|source| GradeError::NoProcess { source })?;
    process::forbid_core_files();
    let workshop = Workshop {
        battery: &absolute,
        scratch: scratch.path(),
        limits: plan.grading.limits(),
        watch: Watch::start(),
    };
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
