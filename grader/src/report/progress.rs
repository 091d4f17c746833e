//! What is told while runs are made: a bar on a terminal, a line per test and clock elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lab_record::Clock;

use crate::plan::Run;
use crate::print::remark;
use crate::report::model::RunReport;
use crate::schedule::Lane;
use crate::score::Tally;
use crate::verdict::Verdict;

/// Tells of results as they come, on stderr.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// Runs still to come, what came, and how long it took.
    open: BTreeMap<(String, Clock), (usize, Tally, Duration)>,
    not_passed_count: usize,
}

impl Progress {
    pub(crate) fn start(lanes: &[Lane<Run>]) -> Self {
        let mut open: BTreeMap<_, (usize, Tally, Duration)> = BTreeMap::new();
        for run in lanes.iter().flat_map(|lane| &lane.tasks) {
            open.entry((run.test.clone(), run.clock)).or_default().0 += 1;
        }
        let run_count: usize = open.values().map(|(count, ..)| count).sum();
        let bar = std::io::stderr().is_terminal().then(|| bar(run_count as u64));
        Progress { bar, open, not_passed_count: 0 }
    }

    pub(crate) fn tell(&mut self, result: &RunReport) {
        let name = &result.test;
        if 1 < result.attempts {
            let (clock, verdict) = (result.clock, result.verdict.name());
            self.line(&format!("{name}  {clock}  seed {} again, alone: {verdict}", result.seed));
            return;
        }
        if result.verdict != Verdict::Pass {
            self.not_passed_count += 1;
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_message(format!("{} not passed; {name}", self.not_passed_count));
        }
        let Some((count, tally, wall)) = self.open.get_mut(&(name.clone(), result.clock)) else {
            return;
        };
        *count = count.saturating_sub(1);
        tally.add(result.verdict);
        *wall += result.wall;
        if *count == 0 {
            let line = closing_line(name, result.clock, *tally, *wall);
            let is_news = self.bar.is_none() || tally.passed < tally.counted + tally.left_out;
            if is_news {
                self.line(&line);
            }
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => remark!("{text}"),
        }
    }

    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn closing_line(name: &str, clock: Clock, tally: Tally, wall: Duration) -> String {
    let undecided = match tally.left_out {
        0 => String::new(),
        count => format!(", {count} undecided"),
    };
    let (passed, counted, seconds) = (tally.passed, tally.counted, wall.as_secs_f64());
    format!("{name:38} {clock:7} {passed:>3} of {counted} passed{undecided}  {seconds:.2} s")
}

fn bar(run_count: u64) -> ProgressBar {
    let bar = ProgressBar::new(run_count);
    // Without the wide style the plain one is shown; nothing is lost.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {elapsed}  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
