//! Who said that it leads, and in which term.

use std::collections::BTreeMap;

use labapi::State;
use labrt_host::now;
use parking_lot::Mutex;

use super::broken::Broken;
use super::referee::Referee;
use super::violation::{Violation, seconds};

/// Every claim to lead, by term. A term has one leader at most (Figure 3, election safety).
#[derive(Default)]
pub(crate) struct Claims {
    by_term: Mutex<BTreeMap<u64, usize>>,
}

impl Claims {
    /// Takes note of what `server` said of itself, and holds a claim to lead against every other
    /// one of the same term, whenever made.
    pub(crate) fn observe(&self, referee: &Referee, server: usize, state: State) {
        referee.see(server, |seen| seen.state = Some(state));
        if !state.is_leader {
            return;
        }
        let first = *self.by_term.lock().entry(state.term).or_insert(server);
        if first != server {
            referee.fail(Violation::new(
                Broken::TwoLeaders,
                format!(
                    "no leader of term {} but server {first}, which said it leads it",
                    state.term
                ),
                format!("server {server} said at {} that it leads it too", seconds(now())),
            ));
        }
    }
}
