//! What a grader asks of a battery process: one run.

use serde::{Deserialize, Serialize};

use crate::{AcceptError, VERSION};

/// Which clock a run is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// One OS thread, one seed, simulated time.
    Virtual,
    /// OS threads and the wall clock.
    Real,
}

impl Clock {
    /// The name as flags, records and reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        }
    }
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no clock.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no clock (hint: `virtual` and `real` are)")]
pub struct UnknownClock(pub String);

impl std::str::FromStr for Clock {
    type Err = UnknownClock;

    fn from_str(name: &str) -> Result<Self, UnknownClock> {
        match name {
            "virtual" => Ok(Clock::Virtual),
            "real" => Ok(Clock::Real),
            other => Err(UnknownClock(other.to_owned())),
        }
    }
}

/// One run: a test, a clock, a seed; and the nonce that proves who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    version: u32,
    nonce: String,
    /// Full name of the test, for example `2A::initial_election`.
    pub test: String,
    /// The clock to run it under.
    pub clock: Clock,
    /// The seed; under the virtual clock it decides everything.
    pub seed: u64,
    /// The file to write every event of the run to, a line each, by its path from the folder that
    /// the process was started in. Only under the virtual clock.
    pub trace: Option<String>,
    /// The edition of the scenarios, by its name on the battery's command line; `None` is the one
    /// that is graded.
    pub edition: Option<String>,
}

impl Order {
    /// An order of one run. `nonce` must be new for each run and must not be guessable.
    pub fn new(nonce: String, test: String, clock: Clock, seed: u64) -> Self {
        Order { version: VERSION, nonce, test, clock, seed, trace: None, edition: None }
    }

    /// The same order, and every event of the run written to this file.
    pub fn with_trace(mut self, file: String) -> Self {
        self.trace = Some(file);
        self
    }

    /// The same order, of this edition of the scenarios.
    pub fn of_edition(mut self, edition: Option<String>) -> Self {
        self.edition = edition;
        self
    }

    /// What goes to the battery's stdin.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("strings and numbers are always JSON");
        line.push('\n');
        line
    }

    /// Reads what [`Order::to_line`] wrote.
    pub fn parse(line: &str) -> Result<Self, AcceptError> {
        let order: Order = serde_json::from_str(line).map_err(AcceptError::NotAnOrder)?;
        if order.version != VERSION {
            return Err(AcceptError::Version { found: order.version });
        }
        Ok(order)
    }

    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }
}
