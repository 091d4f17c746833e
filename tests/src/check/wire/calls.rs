//! The calls that are under way.

use std::collections::{HashMap, VecDeque};

use super::held::Held;
use super::{Index, Term};

/// A request between two servers, in brief, and what was known when it arrived.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) from: usize,
    /// The server that handles it, from its dispatch on.
    pub(super) to: usize,
    pub(super) term: Term,
    pub(super) kind: Kind,
    /// How many handlers of it have not returned.
    pub(super) running: u32,
    /// Whether the caller was answered, or never will be.
    pub(super) is_over: bool,
    /// What was known of its receiver when it was first dispatched.
    pub(super) then: Then,
    /// Whether the reply granted a vote.
    pub(super) granted: bool,
}

/// What a request is about.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Vote {
        last_log_index: Index,
        last_log_term: Term,
    },
    Append {
        prev_log_index: Index,
        prev_log_term: Term,
        leader_commit: Index,
        /// The terms of its entries; `None` if they cannot be read.
        entries: Option<Vec<Term>>,
    },
    Snapshot {
        last_included_index: Index,
        last_included_term: Term,
    },
}

/// What was known of a server when a request was first dispatched to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Then {
    /// The highest term that it had shown.
    pub(super) shown_term: Term,
    /// What it is known to hold.
    pub(super) held: Option<Held>,
    /// Up to where it had acknowledged the log of the sender in this very term.
    pub(super) acknowledged: Index,
    /// How often it had saved, if the request brings its last entry for the first time.
    pub(super) saves: Option<u64>,
}

impl Call {
    /// The last index that it vouches for, and the term there; `None` for a request for a vote.
    pub(super) fn vouches_for(&self) -> Option<(Index, Term)> {
        match &self.kind {
            Kind::Vote { .. } => None,
            Kind::Append { prev_log_index, prev_log_term, entries, .. } => {
                let entries = entries.as_deref()?;
                let term = entries.last().copied().unwrap_or(*prev_log_term);
                Some((prev_log_index + entries.len() as u64, term))
            }
            Kind::Snapshot { last_included_index, last_included_term } => {
                Some((*last_included_index, *last_included_term))
            }
        }
    }
}

/// Calls by number. The numbers rise, and old calls end: a window is enough for nearly all.
#[derive(Default)]
pub(super) struct Calls {
    first: u64,
    window: VecDeque<Option<Call>>,
    /// Those before the window: duplicates that arrive when all else is over.
    late: HashMap<u64, Call>,
}

impl Calls {
    pub(super) fn insert(&mut self, number: u64, call: Call) {
        if self.window.is_empty() && self.first < number {
            self.first = number;
        }
        let Some(place) = number.checked_sub(self.first) else {
            self.late.insert(number, call);
            return;
        };
        while self.window.len() as u64 <= place {
            self.window.push_back(None);
        }
        self.window[place as usize] = Some(call);
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Call> {
        match number.checked_sub(self.first) {
            Some(place) => self.window.get_mut(usize::try_from(place).ok()?)?.as_mut(),
            None => self.late.get_mut(&number),
        }
    }

    /// Takes a call out, to be put back or settled.
    pub(super) fn take(&mut self, number: u64) -> Option<Call> {
        match number.checked_sub(self.first) {
            Some(place) => self.window.get_mut(usize::try_from(place).ok()?)?.take(),
            None => self.late.remove(&number),
        }
    }

    /// Forgets a call that is over, once none of its handlers runs.
    pub(super) fn settle(&mut self, number: u64) {
        if self.get_mut(number).is_none_or(|call| call.is_over && call.running == 0) {
            self.remove(number);
        }
    }

    /// No handler of `server` runs any more. A vote that has left it may still arrive.
    pub(super) fn end_life(&mut self, server: usize) {
        let ended = |call: &mut Call| {
            if call.to == server && 0 < call.running {
                call.running = 0;
                return call.is_over || !call.granted;
            }
            false
        };
        for place in self.window.iter_mut() {
            if place.as_mut().is_some_and(ended) {
                *place = None;
            }
        }
        self.late.retain(|_, call| !ended(call));
        self.trim();
    }

    fn remove(&mut self, number: u64) {
        match number.checked_sub(self.first) {
            Some(place) => {
                if let Some(slot) = self.window.get_mut(place as usize) {
                    *slot = None;
                }
            }
            None => drop(self.late.remove(&number)),
        }
        self.trim();
    }

    fn trim(&mut self) {
        while let Some(None) = self.window.front() {
            self.window.pop_front();
            self.first += 1;
        }
    }
}
