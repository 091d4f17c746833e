//! A server's term never falls, crash or not, and what it answers shows its term.
//! Rules E3, E10, P1.

use std::time::Duration;

use super::calls::Call;
use super::{Term, broken_if};
use crate::harness::{Broken, Violation, seconds};

/// The highest term that each server has shown.
pub(super) struct Terms {
    servers: Vec<Shown>,
}

#[derive(Clone, Copy, Default)]
struct Shown {
    term: Term,
    at: Duration,
    how: &'static str,
    /// The highest term shown before the present life began.
    before_this_life: Term,
    /// How many different terms it has put on the wire, each higher than the one before.
    on_the_wire: u64,
}

impl Terms {
    pub(super) fn new(servers: usize) -> Self {
        Self { servers: vec![Shown::default(); servers] }
    }

    pub(super) fn begin_life(&mut self, server: usize) {
        let shown = &mut self.servers[server];
        shown.before_this_life = shown.term;
    }

    /// The highest term that `server` has shown so far.
    pub(super) fn of(&self, server: usize) -> Term {
        self.servers[server].term
    }

    /// `server` has put `term` on the wire. Before that it must have saved it, and each before.
    pub(super) fn on_the_wire(
        &mut self,
        server: usize,
        term: Term,
        how: &'static str,
        saves: u64,
        at: Duration,
    ) -> Result<(), Violation> {
        let shown = &mut self.servers[server];
        if term <= shown.term {
            return Ok(());
        }
        shown.on_the_wire += 1;
        (shown.term, shown.at, shown.how) = (term, at, how);
        broken_if(saves < shown.on_the_wire, || {
            Violation::new(
                Broken::UnsavedTerm,
                format!("term {term} saved by server {server} before it shows it to others"),
                format!(
                    "it showed it with {how} at {}; it is the {} that it shows, and there were \
                     {saves} saves",
                    seconds(at),
                    nth(shown.on_the_wire)
                ),
            )
        })
    }

    /// `server` has told the tester that it is in `term`.
    pub(super) fn told(&mut self, server: usize, term: Term, at: Duration) {
        let shown = &mut self.servers[server];
        if shown.term < term {
            // It counts as nothing to be saved: the tester is no other server.
            (shown.term, shown.at, shown.how) = (term, at, "what it told the tester");
        }
    }

    /// What `server` says shows `term`; `known` is the highest term that it had shown before it
    /// was asked.
    pub(super) fn check_answer(
        &self,
        server: usize,
        term: Term,
        known: Term,
        how: &str,
        at: Duration,
    ) -> Result<(), Violation> {
        broken_if(term < known, || {
            let shown = &self.servers[server];
            let forgotten = term < shown.before_this_life;
            Violation::new(
                if forgotten { Broken::TermForgotten } else { Broken::TermFell },
                format!(
                    "term {known} or more from server {server}, which had shown term {} with {} \
                     at {}",
                    shown.term.max(known),
                    shown.how,
                    seconds(shown.at)
                ) + if forgotten { ", in an earlier life" } else { "" },
                format!("it showed term {term} with {how}, at {}", seconds(at)),
            )
        })
    }

    /// `server` sends a request in `term`. Arguments may be old when they leave, but not older
    /// than the life that sends them.
    pub(super) fn check_request(
        &self,
        server: usize,
        term: Term,
        how: &str,
        at: Duration,
    ) -> Result<(), Violation> {
        self.check_answer(server, term, self.servers[server].before_this_life, how, at)
    }

    /// `server` grants its vote in a term that was over, as it had shown before.
    pub(super) fn check_vote(server: usize, call: &Call, at: Duration) -> Result<(), Violation> {
        broken_if(call.term < call.then.shown_term, || {
            Violation::new(
                Broken::VoteInOldTerm,
                format!(
                    "server {server} to refuse its vote in term {}: it had shown term {} before \
                     the request arrived",
                    call.term, call.then.shown_term
                ),
                format!("it voted for server {}, at {}", call.from, seconds(at)),
            )
        })
    }

    /// The reply to a leader's request of `asked`: the leader's term is adopted first (E3).
    pub(super) fn check_adopted(
        server: usize,
        leader: usize,
        asked: Term,
        term: Term,
        at: Duration,
    ) -> Result<(), Violation> {
        broken_if(term < asked, || {
            Violation::new(
                Broken::TermNotAdopted,
                format!(
                    "term {asked} or more from server {server} in its reply to leader {leader} of \
                     term {asked}"
                ),
                format!("it replied with term {term}, at {}", seconds(at)),
            )
        })
    }
}

fn nth(number: u64) -> String {
    match number {
        1 => "first term".to_owned(),
        2 => "second term".to_owned(),
        3 => "third term".to_owned(),
        number => format!("{number}th term"),
    }
}
