//! What a run amounts to.

use std::fmt;

use labrt_host::FailureKind;

use super::figures::Figures;
use crate::harness::{Lateness, Violation};

/// What a run says about the submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It did all that the test asks.
    Pass,
    /// It broke a rule.
    Fail,
    /// It was stopped before the test was over.
    Aborted,
    /// Nothing: the machine was too slow to tell.
    Inconclusive,
}

impl Verdict {
    pub(crate) fn of(failure: FailureKind) -> Self {
        match failure {
            FailureKind::WallLimit => Self::Inconclusive,
            FailureKind::StackOverflow
            | FailureKind::Stuck
            | FailureKind::StepLimit
            | FailureKind::VirtualTimeLimit
            | FailureKind::TooManyThreads
            | FailureKind::ForeignThread => Self::Aborted,
            _ => Self::Fail,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Aborted => "ABORTED",
            Self::Inconclusive => "INCONCLUSIVE",
        })
    }
}

/// What became of one test.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// What it says about the submission.
    pub verdict: Verdict,
    /// What it took, if it was over.
    pub figures: Option<Figures>,
    /// The rule that broke, if one is known.
    pub rule: Option<&'static str>,
    /// Whether a thread of the submission panicked, and that ended the run.
    pub panicked: bool,
    /// What was found broken, if it was the battery that found it.
    pub violation: Option<Violation>,
    /// A hash of all its steps: the same seed gives the same. 0 under the real clock.
    pub event_hash: u64,
    /// What should be known beside the verdict.
    pub notes: Vec<String>,
    /// How late the machine was; only under the real clock.
    pub lateness: Option<Lateness>,
    /// What there is to tell: the closing line, or the whole failure.
    pub text: String,
}
