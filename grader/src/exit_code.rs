//! The documented exit codes, and the one match that gives every error its own.

use crate::error::{GradeError, SelectionError, StressError};
use crate::handout::HandoutError;
use crate::report::model::{Report, Status};
use crate::verdict::Verdict;

pub(crate) const ALL_PASSED: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const INCONCLUSIVE: u8 = 2;
/// Clap's own 2 is mapped here too.
pub(crate) const USAGE: u8 = 3;
pub(crate) const NOTHING_SELECTED: u8 = 4;
pub(crate) const DOES_NOT_COMPILE: u8 = 5;
/// A replay went another way.
pub(crate) const NOT_REPRODUCED: u8 = 6;
pub(crate) const NO_TOOLCHAIN: u8 = 120;
pub(crate) const NO_BATTERY: u8 = 121;
pub(crate) const NO_PROCESS: u8 = 122;
pub(crate) const NO_RESULTS: u8 = 123;
pub(crate) const FRAMEWORK_ERROR: u8 = 124;
pub(crate) const INTERRUPTED: u8 = 130;

/// The code of an error.
pub(crate) fn of_error(error: &GradeError) -> u8 {
    match error {
        GradeError::Config(_) => USAGE,
        GradeError::Selection(
            SelectionError::Unknown { .. }
            | SelectionError::NotOneTest { .. }
            | SelectionError::Flags { .. }
            | SelectionError::Secret { .. },
        ) => USAGE,
        GradeError::Selection(SelectionError::Nothing { .. }) => NOTHING_SELECTED,
        GradeError::Stress(StressError::NotWritten { .. }) => NO_RESULTS,
        GradeError::Stress(
            StressError::Variables { .. }
            | StressError::NoIndex { .. }
            | StressError::Exists { .. }
            | StressError::Mixed { .. }
            | StressError::NotRead { .. },
        ) => USAGE,
        GradeError::Mutants(error) => error.exit_code(),
        GradeError::Handout(HandoutError::Io { .. }) => NO_RESULTS,
        GradeError::Handout(HandoutError::NotEmpty { .. } | HandoutError::Missing { .. }) => USAGE,
        GradeError::Compile(_) => DOES_NOT_COMPILE,
        GradeError::NoToolchain { .. } => NO_TOOLCHAIN,
        GradeError::NoSubmissions { .. } => USAGE,
        GradeError::CargoFailed { .. }
        | GradeError::NoListing { .. }
        | GradeError::Framework { .. } => NO_BATTERY,
        GradeError::NoProcess { .. } | GradeError::Sandbox { .. } => NO_PROCESS,
        GradeError::NoResults { .. } => NO_RESULTS,
    }
}

/// The code of a grading that came to a report: the worst of its verdicts.
pub(crate) fn of_report(report: &Report) -> u8 {
    match report.status {
        _ if report.interrupted => return INTERRUPTED,
        Status::Graded => {}
        Status::DoesNotCompile => return DOES_NOT_COMPILE,
        Status::Refused => return FAILED,
        Status::NotGraded => return FRAMEWORK_ERROR,
    }
    let is_missing = report.parts.iter().flat_map(|part| &part.tests).any(|test| test.is_missing);
    let missing = is_missing.then_some(FAILED);
    let of_runs = report.runs().map(|run| of_verdict(run.verdict));
    worst(of_runs.chain(missing)).unwrap_or(NOTHING_SELECTED)
}

/// The code of many submissions: that of the worst, and that none compiles only if none does.
pub(crate) fn of_reports(reports: &[Report]) -> u8 {
    let codes = || reports.iter().map(|report| report.exit_code);
    if codes().any(|code| code == INTERRUPTED) {
        return INTERRUPTED;
    }
    if codes().all(|code| code == DOES_NOT_COMPILE) {
        return DOES_NOT_COMPILE;
    }
    let among_others = |code| if code == DOES_NOT_COMPILE { FAILED } else { code };
    worst(codes().map(among_others)).unwrap_or(NOTHING_SELECTED)
}

fn worst(codes: impl Iterator<Item = u8>) -> Option<u8> {
    codes.max_by_key(|code| match *code {
        ALL_PASSED => 0,
        NOTHING_SELECTED => 1,
        INCONCLUSIVE => 2,
        FRAMEWORK_ERROR => 3,
        _ => 4,
    })
}

/// The code of one verdict.
pub(crate) fn of_verdict(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => ALL_PASSED,
        Verdict::Fail | Verdict::Aborted => FAILED,
        Verdict::Inconclusive => INCONCLUSIVE,
        Verdict::FrameworkError => FRAMEWORK_ERROR,
    }
}
