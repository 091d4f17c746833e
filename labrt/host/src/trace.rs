//! The events of a run, and where two runs part.

use std::fmt;
use std::time::Duration;

use crate::Place;

/// What a lab thread did at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum EventKind {
    Run = 1,
    Block,
    Lock,
    TryLock,
    Unlock,
    Read,
    Write,
    Notify,
    Atomic,
    Send,
    Receive,
    Spawn,
    Join,
    Sleep,
    Yield,
    Crash,
    Call,
    Save,
}

/// One step of one lab thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Virtual nanoseconds since the start of the run.
    pub at_nanos: u64,
    /// The thread, by order of spawning, from 1.
    pub task: u64,
    /// What it did.
    pub kind: EventKind,
    /// Where; for `Run`, where it had left.
    pub place: Place,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Duration::from_nanos(self.at_nanos);
        write!(f, "{at:?} thread {} {:?} at {}", self.task, self.kind, self.place)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first step at which two runs of the same seed differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The number of the step, from 0.
    pub step: usize,
    /// What the first run did there; `None` if it was over.
    pub first: Option<Event>,
    /// What the second run did there; `None` if it was over.
    pub second: Option<Event>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words =
            |event: &Option<Event>| event.map_or("was over".to_owned(), |event| event.to_string());
        writeln!(f, "two runs of the same seed part at step {}", self.step)?;
        writeln!(f, "  the first   {}", words(&self.first))?;
        writeln!(f, "  the second  {}", words(&self.second))?;
        write!(
            f,
            "means   something outside labrt decided: a foreign clock, generator, thread or address"
        )
    }
}

pub(crate) fn first_divergence(first: &[Event], second: &[Event]) -> Option<Divergence> {
    let shorter = first.len().min(second.len());
    let step = (0..shorter).find(|step| first[*step] != second[*step]).unwrap_or(shorter);
    if step == first.len() && step == second.len() {
        return None;
    }
    Some(Divergence { step, first: first.get(step).copied(), second: second.get(step).copied() })
}
