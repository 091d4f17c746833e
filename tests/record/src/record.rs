//! What a battery process says of the run it completed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Clock, Order, RecordError, VERSION};

/// The longest record that is read. A longer message is cut when it is written.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;
/// Room for everything but the message; JSON writes a byte of text as at most six.
const MESSAGE_BYTES_MAX: usize = RECORD_BYTES_MAX / 8;

/// What the harness found in a run that it saw through to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every check held.
    Pass,
    /// A rule was broken.
    Fail,
    /// The run was stopped at a limit, and the harness lived to tell.
    Aborted,
    /// The machine was too late, or a checker ran out of budget: nothing is said of the code.
    Inconclusive,
    /// The harness itself went wrong.
    FrameworkError,
}

/// The figures of a test's closing line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Time by the run's own clock.
    pub time: Duration,
    /// Servers of the cluster.
    pub peer_count: u32,
    /// RPCs sent, refused ones included.
    pub rpc_count: u64,
    /// Bytes of their arguments and replies.
    pub byte_count: u64,
    /// Commands committed.
    pub command_count: u64,
}

/// How late the machine was in a run under the real clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// The latest wake-up of the harness's own timers.
    pub worst: Duration,
    /// CPU time the run itself used; lateness that it caused is no excuse.
    pub own_cpu: Duration,
}

/// What the harness says of a run; the rest of a [`Record`] comes from the [`Order`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The verdict, as far as the harness can give one.
    pub outcome: Outcome,
    /// The rule that broke, for example `C4`; only with [`Outcome::Fail`].
    pub rule: Option<String>,
    /// Whether it was a panic of the code under test that ended the run, and no check.
    pub panicked: bool,
    /// The whole text to show, first line the headline; empty when the run passed.
    pub message: String,
    /// What an instructor should know beside the verdict: lock hazards, checks that were off.
    pub notes: Vec<String>,
    /// The closing line's figures.
    pub figures: Figures,
    /// Hash of every event, the same for the same seed; only under the virtual clock.
    pub event_hash: Option<u64>,
    /// Only under the real clock.
    pub lateness: Option<Lateness>,
}

impl Finding {
    /// A run whose every check held.
    pub fn pass(figures: Figures) -> Self {
        Finding {
            outcome: Outcome::Pass,
            rule: None,
            panicked: false,
            message: String::new(),
            notes: Vec::new(),
            figures,
            event_hash: None,
            lateness: None,
        }
    }

    /// A run that did not pass, and the text that says why.
    pub fn not_passed(outcome: Outcome, rule: Option<String>, message: String) -> Self {
        Finding { outcome, rule, message, ..Finding::pass(Figures::default()) }
    }
}

/// The completion record: proof that the harness itself saw a run through to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    nonce: String,
    /// The test that was run.
    pub test: String,
    /// The clock it was run under.
    pub clock: Clock,
    /// The seed it was run with.
    pub seed: u64,
    /// What the harness found.
    pub finding: Finding,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Record {
    /// The answer to `order`.
    pub fn answer(order: &Order, mut finding: Finding) -> Self {
        cut(&mut finding.message, MESSAGE_BYTES_MAX);
        finding.notes.truncate(16);
        finding.notes.iter_mut().for_each(|note| cut(note, 1024));
        Record {
            version: VERSION,
            nonce: order.nonce().to_owned(),
            test: order.test.clone(),
            clock: order.clock,
            seed: order.seed,
            finding,
        }
    }

    /// What goes into the pipe: one line.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("strings and numbers are always JSON");
        line.push('\n');
        line
    }

    /// Reads all that came through the pipe of the process that was given `order`.
    ///
    /// Exactly one whole record must have come, for this very run. Anything else is an error:
    /// whoever writes to the pipe beside the harness can only spoil their own record.
    pub fn parse(bytes: &[u8], order: &Order) -> Result<Self, RecordError> {
        if bytes.is_empty() {
            return Err(RecordError::Missing);
        }
        if RECORD_BYTES_MAX < bytes.len() {
            return Err(RecordError::TooLong);
        }
        let Some(line_bytes) = bytes.iter().position(|byte| *byte == b'\n') else {
            return Err(RecordError::Unfinished { byte_count: bytes.len() });
        };
        let (line, rest) = bytes.split_at(line_bytes + 1);
        if !rest.is_empty() {
            return Err(RecordError::MoreThanOne { byte_count: rest.len() });
        }
        let Versioned { version } =
            serde_json::from_slice(line).map_err(RecordError::NotARecord)?;
        if version != VERSION {
            return Err(RecordError::Version { found: version });
        }
        let record: Record = serde_json::from_slice(line).map_err(RecordError::NotARecord)?;
        record.check(order)?;
        Ok(record)
    }

    fn check(&self, order: &Order) -> Result<(), RecordError> {
        if self.nonce != order.nonce() {
            return Err(RecordError::WrongNonce);
        }
        let run =
            |test: &str, clock: Clock, seed: u64| format!("{test}, {clock} clock, seed {seed}");
        let (ordered, recorded) =
            (run(&order.test, order.clock, order.seed), run(&self.test, self.clock, self.seed));
        if ordered != recorded {
            return Err(RecordError::OtherRun { ordered, recorded });
        }
        let finding = &self.finding;
        if finding.outcome == Outcome::Pass && finding.rule.is_some() {
            return Err(RecordError::Contradiction("a pass names a broken rule"));
        }
        if finding.outcome != Outcome::Pass && finding.message.trim().is_empty() {
            return Err(RecordError::Contradiction("it did not pass, and does not say why"));
        }
        Ok(())
    }
}

fn cut(text: &mut String, bytes_max: usize) {
    if bytes_max < text.len() {
        let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n  (cut here: the text is too long for a record)");
    }
}
