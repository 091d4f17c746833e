//! A report for the author of a submission, as Markdown.

use std::fmt::Write;

use super::model::{Report, RunReport, Status, TestReport};
use super::{number, tally};
use crate::verdict::Verdict;

/// The whole report.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = format!("# {}\n\n{}\n", report.submission, headline(report));
    if !report.message.is_empty() {
        let _ = write!(text, "\n{}", block(&report.message));
    }
    let remarks: Vec<String> = report.remarks.iter().cloned().chain(report.checks_off()).collect();
    for remark in &remarks {
        let _ = write!(text, "\n* {remark}");
    }
    if !remarks.is_empty() {
        text.push('\n');
    }
    for part in &report.parts {
        let _ = writeln!(text, "\n## {}  {}\n", part.part, part.title);
        let _ = writeln!(text, "| test | points | virtual clock | real clock |\n|---|---|---|---|");
        for test in &part.tests {
            let _ = writeln!(
                text,
                "| {} | {} of {}{} | {} | {} |",
                test.test,
                number(test.score.points),
                test.score.points_max,
                match test.score.points_undecided {
                    0.0 => String::new(),
                    points => format!(", {} undecided", number(points)),
                },
                tally(test.virtual_clock),
                tally(test.real_clock),
            );
        }
        for test in &part.tests {
            if let Some(said) = of_test(test) {
                let _ = write!(text, "\n### {}::{}\n\n{}", part.part, test.test, block(&said));
            }
        }
    }
    let _ = writeln!(
        text,
        "\nFramework {}, sandbox `{}`, cgroups: {}. A run is the same again, event hash and all, for the same \
         seed and build.",
        report.framework_version, report.sandbox, report.cgroups
    );
    text
}

/// What it came to, why if it did not come to runs, and what else there is to know.
pub(crate) fn summary(report: &Report) -> String {
    let mut text = headline(report);
    if !report.message.is_empty() {
        let _ = write!(text, "\n\n{}", report.message.trim_end());
    }
    for remark in report.remarks.iter().cloned().chain(report.checks_off()) {
        let _ = write!(text, "\n* {remark}");
    }
    text
}

/// In a line or two: what it came to.
pub(crate) fn headline(report: &Report) -> String {
    let score = report.score;
    match report.status {
        Status::Graded => {
            let undecided = match score.points_undecided {
                0.0 => String::new(),
                points => format!(", and {} that no run has decided yet", number(points)),
            };
            format!("{} of {} points{undecided}.", number(score.points), score.points_max)
        }
        Status::DoesNotCompile => "It does not compile, so no test was run: 0 points.".to_owned(),
        Status::Refused => "It is not accepted, so no test was run: 0 points.".to_owned(),
        Status::NotGraded => {
            "It could not be graded, which says nothing of it. Your instructor knows.".to_owned()
        }
    }
}

/// What is to be told of a test that did not pass in each run: the first failure, and which others
/// there are. `None` for one that did.
pub(crate) fn of_test(test: &TestReport) -> Option<String> {
    if test.is_missing {
        return Some("The submission does not have the crate that this tests.".to_owned());
    }
    let not_passed: Vec<&RunReport> =
        test.runs.iter().filter(|run| run.verdict != Verdict::Pass).collect();
    let first = not_passed.iter().find(|run| run.verdict.counts()).or(not_passed.first())?;
    let mut text = first.text.trim_end().to_owned();
    if let Some(hash) = &first.event_hash {
        let _ = write!(text, "\nhash    {hash}");
    }
    let others = not_passed.iter().filter(|run| run.run() != first.run());
    for run in others.take(10) {
        let what = run.text.lines().next().unwrap_or_default();
        let _ = write!(text, "\nalso    {} clock, seed {}: {what}", run.clock, run.seed);
    }
    Some(text)
}

/// Text as it is, whatever it holds.
fn block(text: &str) -> String {
    let longest = text.split(|symbol| symbol != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}
