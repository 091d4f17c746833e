//! The three answers, what a check may cost, and what it did cost.

use std::fmt;

use serde::Serialize;

use super::evidence::Evidence;

/// What a check may cost. It is counted, not timed: a history gets the same answer on every
/// machine, however busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How often an operation may be tried in some order, over all keys together. A million takes
    /// some 50 to 100 ms.
    pub steps: u64,
    /// How much memory the states that were visited may take. When it is used up the search goes
    /// on without remembering more, which is slower and just as right.
    pub memory_bytes: usize,
}

impl Default for Budget {
    /// Twenty million steps, 256 MiB.
    fn default() -> Self {
        Self { steps: 20_000_000, memory_bytes: 256 << 20 }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Some order explains all operations of every key.
    Linearizable,
    /// No order explains the operations of one key, and here is why.
    NotLinearizable(Evidence),
    /// The budget ended first: neither is known. This is no pass and no fail.
    GaveUp(GaveUp),
}

/// What was not finished when the budget ended. No violation was found up to there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GaveUp {
    /// The keys without an answer, in order. All others are linearizable.
    pub unfinished: Vec<UnfinishedKey>,
    /// How many keys there are.
    pub keys: usize,
    /// The steps that were made, over all keys.
    pub steps: u64,
    /// Whether the memory was used up as well.
    pub memory_full: bool,
}

/// A key that the search did not finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnfinishedKey {
    /// The key.
    pub key: String,
    /// How many operations there are on it.
    pub operations: usize,
    /// The steps that were made on it.
    pub steps: u64,
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "linearizability is not decided: {} of {} keys are open after {} steps",
            self.unfinished.len(),
            self.keys,
            self.steps
        )?;
        if self.memory_full {
            write!(f, ", and the memory for visited states is full")?;
        }
        for open in self.unfinished.iter().take(5) {
            write!(f, "\n  key {:?}: {} operations", open.key, open.operations)?;
        }
        if 5 < self.unfinished.len() {
            write!(f, "\n  and {} more", self.unfinished.len() - 5)?;
        }
        Ok(())
    }
}

/// What a check did cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// How many operations were judged.
    pub operations: usize,
    /// On how many keys.
    pub keys: usize,
    /// How often an operation was tried.
    pub steps: u64,
    /// How many rounds over the keys were begun.
    pub rounds: u32,
    /// The most memory that the states visited took at one time.
    pub visited_bytes_max: usize,
}
