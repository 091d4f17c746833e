//! The table of a stress run: how often each test failed, how often at most, and in which ways.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::results::{Common, NotPassed};
use super::statistics::upper_bound;
use super::tally::{Counts, EXAMPLES_MAX, Group, Kind, Tally};
use crate::grading::part_of;

/// Groups that are shown.
const GROUPS_MAX: usize = 20;

/// The whole text: rates, groups of failures, notes.
pub(super) fn text(
    tally: &Tally,
    tests: &[String],
    common: &Common,
    battery: Option<&str>,
) -> String {
    let mut text = rates(tally, tests);
    text.push('\n');
    let groups = tally.groups();
    for (number, (kind, signature, group)) in groups.iter().take(GROUPS_MAX).enumerate() {
        let _ =
            writeln!(text, "{}", group_text(number + 1, *kind, signature, group, common, battery));
    }
    if GROUPS_MAX < groups.len() {
        let _ = writeln!(text, "and {} other kinds\n", groups.len() - GROUPS_MAX);
    }
    let contradictions = tally.contradictions();
    if 0 < contradictions {
        let _ = writeln!(
            text,
            "note    {} runs passed once and failed once with the same seed; they count as failed",
            thousands(contradictions)
        );
    }
    if 0 < tally.count(Kind::Unconfirmed) {
        text.push_str(
            "note    what is unconfirmed failed in a process with other runs and went another way in \
             one of its own;\n        look for a `static`, an iterated HashMap, a clock or a generator \
             that is not labrt's\n",
        );
    }
    text
}

fn rates(tally: &Tally, tests: &[String]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header(["test", "runs", "failed", "rate", "at most (95 %)", "undecided"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut row = |name: &str, of: &[&str]| {
        let Counts { counted, failed, undecided } = tally.together(of);
        let rate =
            if counted == 0 { "?".to_owned() } else { percent(failed as f64 / counted as f64) };
        let bound = percent(upper_bound(failed, counted));
        let (counted, failed) = (thousands(counted), thousands(failed));
        table.add_row([name.to_owned(), counted, failed, rate, bound, thousands(undecided)]);
    };
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for test in tests {
        row(test, &[test]);
        let part = part_of(test);
        match parts.iter_mut().find(|(name, _)| *name == part) {
            Some((_, of_part)) => of_part.push(test),
            None => parts.push((part, vec![test])),
        }
    }
    for (part, of_part) in parts.iter().filter(|(_, of_part)| 1 < of_part.len()) {
        row(&format!("any of {part}"), of_part);
    }
    if 1 < parts.len() {
        row("any of all", &tests.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let lines: Vec<String> = table.lines().map(|line| format!(" {}\n", line.trim_end())).collect();
    lines.concat()
}

fn group_text(
    number: usize,
    kind: Kind,
    signature: &str,
    group: &Group,
    common: &Common,
    battery: Option<&str>,
) -> String {
    let runs = if group.count == 1 { "run" } else { "runs" };
    let mut text = format!("{number}  {} {runs} {}", thousands(group.count), kind.name());
    for line in signature.lines() {
        let _ = write!(text, "\n   {line}");
    }
    let tests: Vec<String> =
        group.tests.iter().map(|(test, count)| format!("{test} {}", thousands(*count))).collect();
    let _ = write!(text, "\nin      {}", tests.join(", "));
    for example in group.examples.iter().take(EXAMPLES_MAX) {
        let _ = write!(text, "\nreplay  {}", replay_command(example, common, battery));
        if let Some(kept) = &example.kept {
            let _ = write!(text, "\nkept    {kept}");
        }
    }
    text.push('\n');
    text
}

/// The command that makes the run again, and says whether it went the same way.
pub(crate) fn replay_command(run: &NotPassed, common: &Common, battery: Option<&str>) -> String {
    let mut command = format!("./grade.sh replay {} --seed {}", run.test, run.seed);
    if common.clock == lab_record::Clock::Real {
        command.push_str(" --clock real");
    }
    if let Some(hash) = &run.event_hash {
        let _ = write!(command, " --expect {hash}");
    }
    if let Some(edition) = &common.edition {
        let _ = write!(command, " --edition {edition}");
    }
    if let Some(battery) = battery {
        let _ = write!(command, " --battery {battery}");
    }
    command
}

/// Two digits that count: `0.030 %`.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent <= 0.0 {
        return "0 %".to_owned();
    }
    let decimals = (1.0 - percent.log10().floor()).clamp(0.0, 12.0);
    format!("{percent:.*} %", decimals as usize)
}

/// `10,000`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if 0 < at && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rates_keep_two_digits() {
        assert_eq!([7, 1000, 10_000_000].map(thousands), ["7", "1,000", "10,000,000"]);
        assert_eq!(
            [0.0, 1.0, 0.5, 0.0003, 0.000_029_957].map(percent),
            ["0 %", "100 %", "50 %", "0.030 %", "0.0030 %"]
        );
    }
}
