//! Many submissions, a line each; and the same for programs.

use colored::Colorize;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::model::{Report, Score, Status};
use super::number;
use super::terminal::points;
use crate::sandbox::{Level, Sandbox};
use crate::verdict::Verdict;

/// The version of the JSON results.
const FORMAT: u32 = 1;

/// All submissions, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    format: u32,
    framework_version: &'static str,
    exit_code: u8,
    interrupted: bool,
    sandbox: Level,
    cgroups: &'static str,
    seeds: &'static str,
    submissions: Vec<Line<'a>>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    submission: &'a str,
    status: Status,
    message: &'a str,
    remarks: &'a [String],
    exit_code: u8,
    #[serde(flatten)]
    score: Score,
    parts: Vec<PartLine<'a>>,
}

#[derive(Debug, Serialize)]
struct PartLine<'a> {
    part: &'a str,
    #[serde(flatten)]
    score: Score,
}

impl<'a> Summary<'a> {
    pub(crate) fn new(
        reports: &'a [Report],
        sandbox: Sandbox,
        seeds: &'static str,
        exit_code: u8,
    ) -> Self {
        let line = |report: &'a Report| Line {
            submission: &report.submission,
            status: report.status,
            message: &report.message,
            remarks: &report.remarks,
            exit_code: report.exit_code,
            score: report.score,
            parts: report
                .parts
                .iter()
                .map(|part| PartLine { part: &part.part, score: part.score })
                .collect(),
        };
        Summary {
            format: FORMAT,
            framework_version: env!("CARGO_PKG_VERSION"),
            exit_code,
            interrupted: reports.iter().any(|report| report.interrupted),
            sandbox: sandbox.level,
            cgroups: sandbox.cgroups(),
            seeds,
            submissions: reports.iter().map(line).collect(),
        }
    }
}

/// The table, and what an instructor should look at.
pub(crate) fn text(reports: &[Report]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let parts = || reports.first().into_iter().flat_map(|report| &report.parts);
    let head = ["submission", "status"].into_iter().chain(parts().map(|part| part.part.as_str()));
    table.set_header(head.chain(["total", "runs not passed"]));
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for report in reports {
        let not_passed = report.runs().filter(|run| run.verdict != Verdict::Pass).count();
        let front = [report.submission.clone(), report.status.name().to_owned()];
        let of_parts = report.parts.iter().map(|part| points(part.score));
        let back = [points(report.score), format!("{not_passed}/{}", report.runs().count())];
        table.add_row(front.into_iter().chain(of_parts).chain(back));
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    let mut text: String = lines.collect();
    for report in reports {
        let name = &report.submission;
        if !report.message.is_empty() {
            let message = report.message.replace('\n', "\n        ");
            text.push_str(&format!("note    {name}: {}: {message}\n", report.status.name()));
        }
        if 0.0 < report.score.points_undecided {
            let points = number(report.score.points_undecided);
            text.push_str(&format!("note    {name}: {points} points are undecided; look at it\n"));
        }
        for remark in report.remarks.iter().chain(&report.checks_off()) {
            text.push_str(&format!("note    {name}: {remark}\n"));
        }
    }
    if reports.iter().any(|report| report.interrupted) {
        text.push_str("note    interrupted; the same command goes on where this ended\n");
    }
    let count = reports.len();
    let average =
        reports.iter().map(|report| report.score.points).sum::<f64>() / count.max(1) as f64;
    let submissions = if count == 1 { "submission" } else { "submissions" };
    let total = format!("{count} {submissions}, {} points on average\n", number(average));
    format!("{text}{}", total.bold())
}
