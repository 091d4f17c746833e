//! Gradescope's `results.json`: one test case for each test of the battery. Its fields are those
//! of the autograder specification.

use serde::Serialize;

use super::model::{PartReport, Report, Status, TestReport};
use super::student::{of_test, summary};
use super::{number, tallies};
use crate::verdict::Verdict;

/// The whole file.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    score: f64,
    execution_time: f64,
    output: String,
    output_format: &'static str,
    visibility: Visibility,
    stdout_visibility: Visibility,
    tests: Vec<Case>,
}

#[derive(Debug, Serialize)]
struct Case {
    score: f64,
    max_score: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    name: String,
    number: String,
    output: String,
    output_format: &'static str,
    tags: Vec<String>,
    visibility: Visibility,
}

/// Who sees something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Visibility {
    /// Instructors only.
    Hidden,
    AfterPublished,
    Visible,
}

/// The file's content. `failures` says when students see the texts of what failed, which name
/// seeds.
pub(crate) fn results(report: &Report, failures: Visibility) -> Results {
    let cases = report.parts.iter().enumerate().flat_map(|(part_number, part)| {
        part.tests.iter().enumerate().map(move |(test_number, test)| {
            let number = format!("{}.{}", part_number + 1, test_number + 1);
            case(report, part, test, number, failures)
        })
    });
    Results {
        score: rounded(report.score.points),
        execution_time: report.wall.as_secs_f64().round(),
        output: summary(report),
        output_format: "text",
        visibility: Visibility::Visible,
        stdout_visibility: Visibility::Hidden,
        tests: cases.collect(),
    }
}

fn case(
    report: &Report,
    part: &PartReport,
    test: &TestReport,
    number: String,
    failures: Visibility,
) -> Case {
    let is_decided = report.status != Status::NotGraded && test.score.points_undecided == 0.0;
    let all_passed = test.runs.iter().all(|run| run.verdict == Verdict::Pass);
    let passed = report.status == Status::Graded && !test.runs.is_empty() && all_passed;
    Case {
        score: rounded(test.score.points),
        max_score: test.score.points_max,
        // Neither: it is the instructor's to decide.
        status: is_decided.then_some(if passed { "passed" } else { "failed" }),
        name: format!("{}::{}  ({} runs passed)", part.part, test.test, tallies(test)),
        number,
        output: of_test(test).unwrap_or_default(),
        output_format: "text",
        tags: vec![part.part.clone()],
        visibility: if passed { Visibility::Visible } else { failures },
    }
}

fn rounded(points: f64) -> f64 {
    number(points).parse().unwrap_or(points)
}
