//! What outlives a run: the first violation, the figures, and what each server was last seen as.

use labapi::State;
use parking_lot::Mutex;

use super::violation::Violation;
use crate::report::Figures;

/// Collects what a test's verdict is made of. Shared by the run and whoever started it.
#[derive(Default)]
pub(crate) struct Referee {
    notes: Mutex<Notes>,
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
        let text = violation.to_string();
        self.note(|notes| {
            notes.violation.get_or_insert(violation);
        });
        labrt_host::fail(text)
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

    pub(crate) fn notes(&self) -> Notes {
        self.notes.lock().clone()
    }
}
