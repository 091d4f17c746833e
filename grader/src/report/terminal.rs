//! Failures and tables, for people. Colour only repeats what the words say.

use std::fmt::Write;
use std::time::Duration;

use colored::Colorize;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::{number, tally};
use crate::print;
use crate::report::model::{PartReport, Report, RunReport, Score, TestReport};
use crate::score::Tally;
use crate::verdict::Verdict;

/// Prints a report on stdout.
pub(crate) fn print(report: &Report) {
    print::out(text(report));
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for part in &report.parts {
        for test in &part.tests {
            if let Some(run) = first_not_passed(test) {
                let _ = writeln!(text, "{}\n", paint(run.verdict, &run.text));
            }
        }
    }
    for part in &report.parts {
        let _ = writeln!(text, "{}", format!("{}  {}", part.part, part.title).bold());
        let _ = writeln!(text, "{}\n", table(part));
    }
    notes(report, &mut text);
    let _ = writeln!(text, "{}", total(report).bold());
    text
}

/// The run to show of a test: one that failed before one that says nothing.
fn first_not_passed(test: &TestReport) -> Option<&RunReport> {
    let not_passed = || test.runs.iter().filter(|run| run.verdict != Verdict::Pass);
    not_passed().find(|run| run.verdict.counts()).or_else(|| not_passed().next())
}

/// A text whose first line has the colour of the verdict.
pub(crate) fn paint(verdict: Verdict, text: &str) -> String {
    let (headline, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
    let headline = match verdict {
        Verdict::Pass => headline.green(),
        Verdict::Fail | Verdict::Aborted => headline.red(),
        Verdict::Inconclusive | Verdict::FrameworkError => headline.yellow(),
    };
    format!("{}{rest}", headline.bold())
}

fn table(part: &PartReport) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header(["test", "points", "virtual", "real", "time"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut wall = Duration::ZERO;
    for test in &part.tests {
        let of_test = test.runs.iter().map(|run| run.wall).sum();
        wall += of_test;
        table.add_row([
            test.test.clone(),
            points(test.score),
            tally(test.virtual_clock),
            tally(test.real_clock),
            time(of_test),
        ]);
    }
    let under = |of: fn(&TestReport) -> Tally| tally(Tally::sum(part.tests.iter().map(of)));
    table.add_row([
        format!("part {}", part.part),
        points(part.score),
        under(|test| test.virtual_clock),
        under(|test| test.real_clock),
        time(wall),
    ]);
    let lines: Vec<String> = table.lines().map(|line| format!(" {}", line.trim_end())).collect();
    lines.join("\n")
}

pub(super) fn points(score: Score) -> String {
    let known = score.points_undecided < f64::from(score.points_max) || score.points_max == 0;
    let got = if known { number(score.points) } else { "?".to_owned() };
    format!("{got} / {}", score.points_max)
}

fn time(wall: Duration) -> String {
    format!("{:.2} s", wall.as_secs_f64())
}

/// What an instructor should know beside the points.
fn notes(report: &Report, text: &mut String) {
    let undecided = report.runs().filter(|run| !run.verdict.counts());
    for run in undecided {
        let (test, clock, seed, verdict) = (&run.test, run.clock, run.seed, run.verdict.name());
        let tries = run.attempts;
        let _ = writeln!(
            text,
            "note    {test}, {clock} clock, seed {seed}: {verdict} in each of {tries} tries; left out"
        );
    }
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for run in report.runs() {
        for note in &run.notes {
            if !seen.contains(&(run.test.as_str(), note.as_str())) {
                seen.push((&run.test, note));
                let note = crate::verdict::clean(note);
                let _ =
                    writeln!(text, "note    {}: {}", run.test, note.replace('\n', "\n        "));
            }
        }
    }
    let run_count = report.runs().count();
    if report.interrupted {
        let planned = report.runs_planned;
        let _ = writeln!(text, "note    interrupted after {run_count} of {planned} runs");
    }
}

fn total(report: &Report) -> String {
    let verdicts = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Aborted,
        Verdict::Inconclusive,
        Verdict::FrameworkError,
    ];
    let counts: Vec<String> = verdicts
        .into_iter()
        .map(|verdict| (verdict, report.runs().filter(|run| run.verdict == verdict).count()))
        .filter(|(verdict, count)| 0 < *count || *verdict == Verdict::Pass)
        .map(|(verdict, count)| format!("{count} {}", verdict.name()))
        .collect();
    let run_count = report.runs().count();
    let runs = if run_count == 1 { "run" } else { "runs" };
    let score = report.score;
    let undecided = match score.points_undecided {
        0.0 => String::new(),
        points => format!(", {} undecided", number(points)),
    };
    format!(
        "total {} of {} points{undecided}; {run_count} {runs}: {}; {}",
        number(score.points),
        score.points_max,
        counts.join(", "),
        time(report.wall)
    )
}
