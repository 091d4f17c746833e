//! What outlives a run: the first violation, the figures, and what each server was last seen as.

use std::sync::Arc;

use labapi::State;
use parking_lot::Mutex;

use super::broken::Broken;
use super::lateness::Looks;
use super::violation::Violation;
use crate::check::wire::{Checkers, Sighting};
use crate::report::Figures;

/// Collects what a test's verdict is made of. Shared by the run and whoever started it.
#[derive(Default)]
pub(crate) struct Referee {
    notes: Mutex<Notes>,
    checkers: Mutex<Option<Checkers>>,
    looks: Arc<Looks>,
}

#[derive(Clone, Default)]
pub(crate) struct Notes {
    pub(crate) violation: Option<Violation>,
    pub(crate) figures: Option<Figures>,
    pub(crate) servers: Vec<LastSeen>,
    pub(crate) warnings: Vec<String>,
}

/// What a server was last seen as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastSeen {
    /// What `state` or `start` told last; `None` if neither was asked yet.
    pub(crate) state: Option<State>,
    /// The index that it delivered last.
    pub(crate) applied: Option<u64>,
    pub(crate) standing: Standing,
    /// What it was last seen as on the wire, in its present life.
    pub(crate) sighting: Sighting,
}

/// Whether a server can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Connected,
    CutOff,
    Crashed,
}

impl Referee {
    /// Ends the run: the rule is broken. The first violation counts.
    pub(crate) fn fail(&self, violation: Violation) -> ! {
        labrt_host::fail(self.found(violation))
    }

    /// As [`Referee::fail`], and comes back: for observers, which must not unwind.
    pub(crate) fn report(&self, violation: Violation) {
        labrt_host::stop(self.found(violation));
    }

    fn found(&self, violation: Violation) -> String {
        let text = violation.to_string();
        self.looks.found(violation.limit);
        self.note(|notes| {
            notes.violation.get_or_insert(violation);
        });
        text
    }

    /// Where the lateness of the machine is seen.
    pub(crate) fn looks(&self) -> &Arc<Looks> {
        &self.looks
    }

    /// The messages must have the names of Figure 2, without which nobody can tell whether a
    /// test that aims at them has been passed.
    pub(crate) fn check_readable(&self) {
        let renamed = self.checkers.lock().as_ref().and_then(Checkers::renamed);
        if let Some(fields) = renamed {
            self.fail(Violation::new(
                Broken::UnreadableMessage,
                "messages with the field names of Figure 2, in snake case, as this test needs",
                format!("no message has {fields}"),
            ));
        }
    }

    /// Something to tell, whatever the verdict.
    pub(crate) fn warn(&self, warning: String) {
        self.note(|notes| notes.warnings.push(warning));
    }

    pub(crate) fn note<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.notes.lock())
    }

    pub(crate) fn see(&self, server: usize, change: impl FnOnce(&mut LastSeen)) {
        self.note(|notes| change(&mut notes.servers[server]));
    }

    /// From now on these checkers are asked for what they have seen.
    pub(crate) fn ask_checkers(&self, checkers: &Checkers) {
        *self.checkers.lock() = Some(checkers.clone());
    }

    /// All that is known, when the run is over.
    pub(crate) fn notes(&self) -> Notes {
        let mut notes = self.notes.lock().clone();
        // Taken, since the checkers hold the referee.
        if let Some(checkers) = self.checkers.lock().take() {
            for (server, seen) in notes.servers.iter_mut().enumerate() {
                seen.sighting = checkers.sighting(server);
            }
            notes.warnings.extend(checkers.gaps());
        }
        notes
    }
}
