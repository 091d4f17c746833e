//! Who holds and awaits what.

use std::fmt;
use std::time::Duration;

use crate::Place;
use crate::failure::Operation;

/// What one live lab thread was doing when a run ended.
#[derive(Clone, Debug)]
pub struct ThreadReport {
    /// Its name.
    pub name: String,
    /// Its machine's name, if it is on one.
    pub machine: Option<String>,
    /// Where it was spawned.
    pub spawned_at: Place,
    /// Where each lock that it holds was taken, in that order.
    pub holds: Vec<Place>,
    /// What it waits for, if it waits.
    pub waits: Option<WaitReport>,
}

/// What a lab thread waits for.
#[derive(Clone, Debug)]
pub struct WaitReport {
    /// The operation.
    pub operation: Operation,
    /// Where.
    pub place: Place,
    /// Since when.
    pub since: Duration,
    /// Who has what it needs, in words: the holder of the lock, the thread that is joined.
    pub needs: Option<String>,
}

impl fmt::Display for ThreadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  '{}'", self.name)?;
        if let Some(machine) = &self.machine {
            write!(f, " of machine '{machine}'")?;
        }
        match &self.waits {
            Some(wait) => {
                write!(f, " {} at {} since {:?}", wait.operation.verb(), wait.place, wait.since)?;
                if let Some(needs) = &wait.needs {
                    write!(f, ", {needs}")?;
                }
            }
            None => write!(f, " can run")?,
        }
        for place in &self.holds {
            write!(f, "; holds the lock taken at {place}")?;
        }
        writeln!(f, " (spawned at {})", self.spawned_at)
    }
}
