//! JUnit XML: a suite for each part, a case for each test.

use quick_junit::{NonSuccessKind, Report as XmlReport, TestCase, TestCaseStatus, TestSuite};

use super::model::{Report, Status, TestReport};
use super::{student, tallies};
use crate::verdict::Verdict;

/// The whole document.
pub(crate) fn document(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut document = XmlReport::new(format!("lab: {}", report.submission));
    document.set_time(report.wall);
    for part in &report.parts {
        let mut suite = TestSuite::new(part.part.clone());
        for test in &part.tests {
            let mut case = TestCase::new(test.test.clone(), status(report, test));
            case.set_classname(part.part.clone());
            case.set_time(test.runs.iter().map(|run| run.wall).sum());
            suite.add_test_case(case);
        }
        document.add_test_suite(suite);
    }
    document.to_string()
}

fn status(report: &Report, test: &TestReport) -> TestCaseStatus {
    let error = || TestCaseStatus::non_success(NonSuccessKind::Error);
    let mut status = match worst(test) {
        // Not skipped: whoever reads the file would take all for well.
        _ if report.status != Status::Graded || test.is_missing => error(),
        None => TestCaseStatus::skipped(),
        Some(Verdict::Pass) => TestCaseStatus::success(),
        Some(Verdict::Fail) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Some(Verdict::Aborted | Verdict::FrameworkError) => error(),
        Some(Verdict::Inconclusive) => TestCaseStatus::skipped(),
    };
    let message = match report.status {
        Status::Graded => format!("{} runs passed", tallies(test)),
        status => format!("the submission: {}", status.name()),
    };
    if worst(test) != Some(Verdict::Pass) || report.status != Status::Graded {
        status.set_message(message);
        let of_all = || (report.status != Status::Graded).then(|| student::summary(report));
        if let Some(text) = student::of_test(test).or_else(of_all) {
            status.set_description(text);
        }
    }
    status
}

/// What is to be said of a test whose runs have gone so.
fn worst(test: &TestReport) -> Option<Verdict> {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::FrameworkError => 2,
        Verdict::Aborted => 3,
        Verdict::Fail => 4,
    };
    test.runs.iter().map(|run| run.verdict).max_by_key(rank)
}
