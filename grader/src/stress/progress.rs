//! What is told while a stress run goes on: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::table::thousands;
use crate::print::remark;

/// The first line comes after this time, the next after twice as long, up to a minute.
const FIRST_LINE: Duration = Duration::from_secs(5);
const LINES_APART_MAX: Duration = Duration::from_secs(60);

/// Tells how far it is, on stderr.
pub(super) struct Progress {
    began: Instant,
    made: u64,
    failed: u64,
    /// Runs to make, if there is an end.
    planned: Option<u64>,
    bar: Option<ProgressBar>,
    next_line: Instant,
    apart: Duration,
}

impl Progress {
    pub(super) fn start(planned: Option<u64>) -> Self {
        let began = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| bar(planned));
        let apart = FIRST_LINE;
        Progress { began, made: 0, failed: 0, planned, bar, next_line: began + apart, apart }
    }

    /// A run is over.
    pub(super) fn tell(&mut self, failed: bool) {
        self.made += 1;
        self.failed += u64::from(failed);
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                if self.made.is_multiple_of(64) || failed {
                    bar.set_message(self.words());
                }
            }
            None if self.next_line <= Instant::now() => {
                let of =
                    self.planned.map_or(String::new(), |all| format!(" of {}", thousands(all)));
                remark!("{}{of} runs, {}", thousands(self.made), self.words());
                self.apart = (2 * self.apart).min(LINES_APART_MAX);
                self.next_line = Instant::now() + self.apart;
            }
            None => {}
        }
    }

    fn words(&self) -> String {
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = self.made as f64 / seconds.max(1e-3);
        format!("{rate:.0} a second, {} failed, {seconds:.0} s", thousands(self.failed))
    }

    /// A line that stays.
    pub(super) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => remark!("{text}"),
        }
    }

    pub(super) fn made(&self) -> u64 {
        self.made
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(planned: Option<u64>) -> ProgressBar {
    let (bar, template) = match planned {
        Some(planned) => (ProgressBar::new(planned), "{bar:30} {pos}/{len} runs, {msg}"),
        None => (ProgressBar::no_length(), "{spinner} {pos} runs, {msg}"),
    };
    // Without the style the plain one is shown; nothing is lost.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
