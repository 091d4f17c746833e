//! From how a process ended, and what its record says, to a verdict.
//!
//! A pass needs the harness's own record. How the process ended says nothing for it: an exit
//! code is as easily made by the code under test. Once the record is there, it says nothing
//! against it either: the harness was done.

use std::fmt::Write;

use lab_record::{Order, Outcome, Record, RecordError};
use serde::{Deserialize, Serialize};

use crate::plan::Run;
use crate::process::how_it_ended;
use crate::report::model::hash_text;
use crate::worker::{Ended, How, Limit, Output};

/// What is said of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The harness saw the run through, and every check held.
    Pass,
    /// A rule was broken.
    Fail,
    /// The process died or was stopped before the harness was done.
    Aborted,
    /// The machine was too late, or a checker ran out of budget.
    Inconclusive,
    /// The framework itself went wrong.
    FrameworkError,
}

impl Verdict {
    /// As reports write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "passed",
            Verdict::Fail => "failed",
            Verdict::Aborted => "aborted",
            Verdict::Inconclusive => "inconclusive",
            Verdict::FrameworkError => "framework error",
        }
    }

    /// Whether it says something of the code under test. What does not is repeated, and then
    /// left out of the score.
    pub(crate) fn counts(self) -> bool {
        match self {
            Verdict::Pass | Verdict::Fail | Verdict::Aborted => true,
            Verdict::Inconclusive | Verdict::FrameworkError => false,
        }
    }
}

/// A verdict, and what it rests on.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// The text to show; empty for a pass.
    pub(crate) text: String,
    /// The record, if one is believed.
    pub(crate) record: Option<Record>,
}

/// How many lines of a dead process's output are shown.
const LINES_SHOWN: usize = 12;
/// A process one of whose threads spent this share of the time waiting for a core that others
/// used was kept from ending.
const STARVED_SHARE: u32 = 4;

/// Judges a run. `None`: it was interrupted, and there is nothing to judge.
pub(crate) fn judge(run: &Run, order: &Order, ended: &Ended) -> Option<Judgement> {
    match Record::parse(&ended.record, order) {
        Ok(record) => Some(believed(run, order, record, ended)),
        Err(_) if matches!(ended.how, How::Interrupted) => None,
        Err(RecordError::Version { found }) => Some(other_version(run, found)),
        Err(error) => Some(not_completed(run, ended, &error)),
    }
}

/// The judgement of a run whose process could not be started.
pub(crate) fn not_started(run: &Run, error: &std::io::Error) -> Judgement {
    let headline = "its process could not be started";
    let text = Text::new(run, Verdict::FrameworkError, headline)
        .fact(&format!("the system says: {error}"))
        .ending("nothing is said of the code under test");
    Judgement { verdict: Verdict::FrameworkError, text, record: None }
}

fn believed(run: &Run, order: &Order, record: Record, ended: &Ended) -> Judgement {
    let verdict = match record.finding.outcome {
        Outcome::Pass => Verdict::Pass,
        Outcome::Fail => Verdict::Fail,
        Outcome::Aborted => Verdict::Aborted,
        Outcome::Inconclusive => match own_doing(&record, ended) {
            Some(why) => return no_excuse(run, record, &why),
            None => Verdict::Inconclusive,
        },
        Outcome::FrameworkError => Verdict::FrameworkError,
    };
    let mut text = told(run, order, &record);
    if verdict != Verdict::Pass {
        let _ = write!(text, "\n{}", version(record.finding.event_hash));
    }
    Judgement { verdict, text, record: Some(record) }
}

/// What the harness says; the replay is that of a grading, which knows what is expected of it.
fn told(run: &Run, order: &Order, record: &Record) -> String {
    let Record { finding, .. } = record;
    let edition = order.edition.iter().map(|edition| format!(" --edition {edition}"));
    let replay =
        format!("replay  {}{}", run.replay(finding.event_hash), edition.collect::<String>());
    let said = clean(finding.message.trim_end());
    let has_replay = said.lines().any(is_replay);
    let lines = said.lines().map(|line| if is_replay(line) { replay.as_str() } else { line });
    let more = (finding.outcome != Outcome::Pass && !has_replay).then_some(replay.as_str());
    lines.chain(more).collect::<Vec<_>>().join("\n")
}

fn is_replay(line: &str) -> bool {
    line.starts_with("replay  ")
}

/// Threads of the system below which a run cannot have filled the machine: one under the real
/// clock has some hundred.
const OWN_TASKS_MIN: u64 = 2000;
/// A core that processes beside the battery's use to this part, or more, is not the machine's.
const OTHERS_CPU_PART: u32 = 8;

/// What the code under test did to make its run undecided; the harness cannot see all of it.
fn own_doing(record: &Record, ended: &Ended) -> Option<String> {
    let own_cpu = record.finding.lateness.map(|lateness| lateness.own_cpu);
    let of_others = own_cpu.map(|own_cpu| ended.used.cpu.saturating_sub(own_cpu));
    if 0 < ended.used.processes_beside_max {
        return Some("it started processes, which no Raft needs".to_owned());
    }
    if OWN_TASKS_MIN <= ended.used.tasks_max {
        return Some(format!("it had {} threads", ended.used.tasks_max));
    }
    let of_others = of_others.filter(|cpu| ended.wall / OTHERS_CPU_PART < *cpu)?;
    Some(format!("processes that it started used {:.1} s of CPU time", of_others.as_secs_f64()))
}

fn no_excuse(run: &Run, record: Record, why: &str) -> Judgement {
    let headline = "not decided, through its own doing";
    let said = clean(record.finding.message.trim_end());
    let said = said.lines().filter(|line| !is_replay(line));
    let text = Text::new(run, Verdict::Aborted, headline).fact(why);
    let text = said.fold(text, |text, line| text.fact(line));
    let text = text.ending("a run that keeps the machine from deciding it does not pass");
    Judgement { verdict: Verdict::Aborted, text, record: Some(record) }
}

/// What a replay must be of, to be the same run.
fn version(event_hash: Option<u64>) -> String {
    let framework = env!("CARGO_PKG_VERSION");
    match event_hash {
        Some(hash) => format!("version framework {framework}, event hash {}", hash_text(hash)),
        None => format!("version framework {framework}"),
    }
}

fn other_version(run: &Run, found: u32) -> Judgement {
    let headline = "the battery and this grader are of different builds";
    let text = Text::new(run, Verdict::FrameworkError, headline)
        .fact(&RecordError::Version { found }.to_string())
        .ending("nothing is said of the code under test; build both anew");
    Judgement { verdict: Verdict::FrameworkError, text, record: None }
}

fn not_completed(run: &Run, ended: &Ended, error: &RecordError) -> Judgement {
    let aborted = |headline: &str, meaning: &str| {
        let text = Text::new(run, Verdict::Aborted, headline)
            .fact(&format!("{error}; it ran for {:.2} s", ended.wall.as_secs_f64()))
            .output(&ended.output)
            .ending(meaning);
        Judgement { verdict: Verdict::Aborted, text, record: None }
    };
    let limit = match &ended.how {
        How::AtLimit(limit) => limit,
        How::ByItself(status) => {
            let how = how_it_ended(*status);
            let headline = format!("the process ended with {how} before the test was over");
            return aborted(&headline, meaning(status.code(), error));
        }
        // Its record came, and is not believed.
        How::AfterItsRecord | How::Interrupted => {
            return aborted("the process ended without a record that can be believed", FORGED);
        }
    };
    let mib = |bytes: u64| bytes >> 20;
    match limit {
        Limit::Wall { limit, cpu, waited_for_a_core } => {
            // While it waits for its own processes, these use what it waits for.
            let waited = waited_for_a_core.unwrap_or_default().saturating_sub(*cpu);
            let headline = format!("stopped at its limit of {} s", limit.as_secs());
            if *limit < waited * STARVED_SHARE {
                return starved(run, &headline, waited);
            }
            let used = format!("it used {:.1} s of CPU time, and hung", cpu.as_secs_f64());
            aborted(&headline, &used)
        }
        Limit::Cpu { limit } => aborted(
            &format!("stopped at its limit of {} s of CPU time", limit.as_secs()),
            "a loop that does not end, or far too much work",
        ),
        Limit::Memory { limit_bytes, bytes } => aborted(
            &format!("stopped at its limit of {} MiB of memory", mib(*limit_bytes)),
            &format!("it held {} MiB: something grows without end", mib(*bytes)),
        ),
        Limit::Output { limit_bytes } => aborted(
            &format!("stopped at its limit of {} MiB of output", mib(*limit_bytes)),
            "a loop that prints; under the virtual clock, print less than every step",
        ),
    }
}

const FORGED: &str = "something beside the harness wrote to its private pipe";

/// What it means that a process ended so, and that its record is not believed for this reason.
fn meaning(exit_code: Option<i32>, error: &RecordError) -> &'static str {
    match (error, exit_code) {
        (RecordError::Missing | RecordError::Unfinished { .. }, Some(_)) => {
            "only the harness's record counts; an exit code does not"
        }
        (RecordError::Missing | RecordError::Unfinished { .. }, None) => {
            "the code under test ended its process: an abort, a full stack, or too little memory"
        }
        (_, _) => FORGED,
    }
}

fn starved(run: &Run, headline: &str, waited: std::time::Duration) -> Judgement {
    let text = Text::new(run, Verdict::Inconclusive, headline)
        .fact(&format!("others kept a thread from a core for {:.1} s", waited.as_secs_f64()))
        .ending("the machine was too busy to tell; nothing is said of the code under test");
    Judgement { verdict: Verdict::Inconclusive, text, record: None }
}

/// What broke, the facts, what to run, what it means: in this order.
struct Text {
    text: String,
    replay: String,
    output: String,
}

impl Text {
    fn new(run: &Run, verdict: Verdict, headline: &str) -> Self {
        let mut text = format!("{} {}  {headline}", run.test, verdict.name().to_uppercase());
        let _ = write!(text, "\n  {} clock, seed {}", run.clock, run.seed);
        Text { text, replay: run.replay(None), output: String::new() }
    }

    fn fact(mut self, fact: &str) -> Self {
        let _ = write!(self.text, "\n  {fact}");
        self
    }

    fn output(mut self, output: &Output) -> Self {
        let (lines, before) = output.last_lines(LINES_SHOWN);
        let title = match before {
            _ if output.byte_count == 0 => "\noutput  none".to_owned(),
            Some(0) => "\noutput  all it printed".to_owned(),
            Some(before) => format!("\noutput  the last lines, after {before} others"),
            None => format!("\noutput  the last lines of {} bytes", output.byte_count),
        };
        self.output.push_str(&title);
        for line in lines {
            let line: String = clean(&line).chars().take(200).collect();
            let _ = write!(self.output, "\n        {}", line.trim_end());
        }
        self
    }

    fn ending(self, meaning: &str) -> String {
        let (text, replay, output) = (&self.text, &self.replay, &self.output);
        format!("{text}\nreplay  {replay}\n{}{output}\nmeans   {meaning}", version(None))
    }
}

/// Text from a process, without what could move the cursor or change the colours.
pub(crate) fn clean(text: &str) -> String {
    let shown = |symbol: char| match symbol {
        '\n' => '\n',
        '\t' => ' ',
        symbol if symbol.is_control() => '\u{fffd}',
        symbol => symbol,
    };
    text.chars().map(shown).collect()
}
