//! The proof that a hand-out can be given away: it builds, each of its tests fails for the right
//! reason under either clock, and passes once the reference stands in the skeletons' place.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab_record::Clock;

use super::files;
use crate::battery::Battery;
use crate::cli::{BatteryArgs, PlaceArgs};
use crate::error::GradeError;
use crate::grading::Grading;
use crate::plan::Run;
use crate::print::say;
use crate::report::model::RunReport;
use crate::sandbox::Sandbox;
use crate::schedule::Lane;
use crate::verdict::Verdict;
use crate::{compile, exit_code, interrupt, schedule};

/// What an unwritten part says, and every test with it.
const UNWRITTEN: &str = "not implemented yet";

/// Checks the hand-out in `folder`, and says so. What it finds wrong goes to stdout.
pub(super) fn check(project: &Path, folder: &Path) -> Result<u8, GradeError> {
    say!("check   it builds, and every test fails with \"{UNWRITTEN}\"");
    let unwritten = run_all(project, folder, &[Clock::Virtual, Clock::Real])?;
    let wrong =
        |result: &&RunReport| result.verdict != Verdict::Fail || !result.text.contains(UNWRITTEN);
    let mut mistakes = told(&unwritten, wrong);

    if !interrupt::interrupted() {
        say!("check   with the reference in its place, every test passes");
        files::drop_reference_in(project, folder)?;
        let written = run_all(project, folder, &[Clock::Virtual])?;
        mistakes += told(&written, |result| result.verdict != Verdict::Pass);
    }
    if interrupt::interrupted() {
        return Ok(exit_code::INTERRUPTED);
    }
    match mistakes {
        0 => say!("total   the hand-out is as it should be"),
        count => say!("total   {count} runs went another way; do not give it away"),
    }
    Ok(if mistakes == 0 { exit_code::ALL_PASSED } else { exit_code::FAILED })
}

/// Tells how many runs there were, and of each that is wrong; how many those are.
fn told(results: &[RunReport], is_wrong: impl Fn(&&RunReport) -> bool) -> usize {
    let wrong: Vec<&RunReport> = results.iter().filter(is_wrong).collect();
    for result in &wrong {
        let (test, verdict) = (&result.test, result.verdict.name());
        say!("\n{test} under the {} clock: {verdict}\n{}", result.clock, result.text);
    }
    say!("        {} runs, {} of them wrong", results.len(), wrong.len());
    wrong.len()
}

/// Builds the battery in `folder`, and runs each test once under each clock.
fn run_all(project: &Path, folder: &Path, clocks: &[Clock]) -> Result<Vec<RunReport>, GradeError> {
    let args = BatteryArgs {
        grading: None,
        battery: Some(build(project, folder)?),
        place: PlaceArgs { workspace: folder.to_owned() },
    };
    let grading = Grading::of(&args)?;
    let battery = Battery::open(&args, &grading, Sandbox::PLAIN)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let lane = |clock: &Clock| Lane {
        width: if *clock == Clock::Real { 6 * cores } else { cores },
        tasks: grading.test_names().map(|test| Run { test, clock: *clock, seed: 1 }).collect(),
    };
    let lanes: Vec<Lane<Run>> = clocks.iter().map(lane).collect();
    let mut results = Vec::new();
    let workshop = battery.workshop();
    let make = |run: &Run, attempt| schedule::run_one(run, attempt, &workshop);
    schedule::run_all(&lanes, make, |_, result| {
        results.retain(|earlier: &RunReport| earlier.run() != result.run());
        results.push(result);
    });
    Ok(results)
}

/// The battery of the hand-out. What it needs from elsewhere is taken from the project's own target
/// folder, where it is compiled already.
fn build(project: &Path, folder: &Path) -> Result<PathBuf, GradeError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", project.join("target"))
        .args(["test", "--release", "--no-run", "-p", "lab-tests", "--test", "battery"])
        .args(["--message-format", "json"])
        .stdin(Stdio::null());
    compile::run(cargo)
}
