//! Where things happen in a program under test, as the line numbers that a message must name.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex};

/// Lines of the program under test, by what happens there.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<BTreeMap<&'static str, u32>>>);

impl Lines {
    /// What happens on the next line.
    #[track_caller]
    pub(crate) fn next(&self, what: &'static str) {
        self.0.lock().expect("no thread panics here").insert(what, Location::caller().line() + 1);
    }

    #[track_caller]
    pub(crate) fn of(&self, what: &'static str) -> u32 {
        self.0.lock().expect("no thread panics here")[what]
    }
}
