//! What a server is known to hold at the end of its log: whom it may vote for, and what its own
//! candidacy must show. Rules E6, A2, N5, N7, P1.
//!
//! What a server has acknowledged to the leader of a term, it holds until a leader of a later
//! term speaks to it. What it has sent as a leader, too, though it may save that meanwhile, and
//! lose it in a crash, until it counts itself among those who hold it.

use std::time::Duration;

use super::{Index, Term, broken_if};
use crate::harness::{Broken, Violation, seconds};

/// An entry that a server is known to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The term of the leader to whom it was acknowledged, or that the server led itself.
    leader_term: Term,
    index: Index,
    term: Term,
    life: u32,
    how: How,
    at: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Acknowledged,
    Sent,
    Counted,
}

/// The end of each server's log, as far as it is known.
pub(super) struct Logs {
    servers: Vec<Known>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    acknowledged: Option<Held>,
    sent: Option<Held>,
    /// The highest term of a leader that has spoken to it.
    last_leader: Term,
    life: u32,
}

impl Held {
    fn end(&self) -> (Term, Index) {
        (self.term, self.index)
    }

    fn words(&self) -> String {
        let what = match self.how {
            How::Acknowledged => "acknowledged",
            How::Sent => "sent as a leader",
            How::Counted => "for which it counted itself when it committed it as a leader",
        };
        format!("index {} of term {}, {what} at {}", self.index, self.term, seconds(self.at))
    }
}

impl Known {
    fn end(&self) -> Option<Held> {
        [self.acknowledged, self.sent].into_iter().flatten().max_by_key(Held::end)
    }

    fn keep(place: &mut Option<Held>, held: Held) {
        if place.is_none_or(|known| known.end() < held.end()) {
            *place = Some(held);
        }
    }
}

impl Logs {
    pub(super) fn new(servers: usize) -> Self {
        Self { servers: vec![Known::default(); servers] }
    }

    pub(super) fn begin_life(&mut self, server: usize, life: u32) {
        let known = &mut self.servers[server];
        known.sent = None;
        known.life = life;
    }

    /// A leader speaks to `server`: what it holds of others may be cut from now on.
    pub(super) fn hears(&mut self, server: usize, leader_term: Term) {
        let known = &mut self.servers[server];
        known.last_leader = known.last_leader.max(leader_term);
        for held in [&mut known.acknowledged, &mut known.sent] {
            if held.is_some_and(|held| held.leader_term < leader_term) {
                *held = None;
            }
        }
    }

    /// `server` tells the leader of `leader_term` that it has the log up to `end`.
    pub(super) fn acknowledges(
        &mut self,
        server: usize,
        leader_term: Term,
        end: (Index, Term),
        at: Duration,
    ) {
        self.holds(server, How::Acknowledged, leader_term, end, at);
    }

    /// `server` leads `leader_term`, and sends its log up to `end`.
    pub(super) fn sends(
        &mut self,
        server: usize,
        leader_term: Term,
        end: (Index, Term),
        at: Duration,
    ) {
        self.holds(server, How::Sent, leader_term, end, at);
    }

    /// `server` leads the term of the entry `end`, and counts itself among those who hold it.
    pub(super) fn counts(&mut self, server: usize, end: (Index, Term), at: Duration) {
        self.holds(server, How::Counted, end.1, end, at);
    }

    fn holds(
        &mut self,
        server: usize,
        how: How,
        leader_term: Term,
        (index, term): (Index, Term),
        at: Duration,
    ) {
        let known = &mut self.servers[server];
        if known.last_leader <= leader_term {
            let held = Held { leader_term, index, term, life: known.life, how, at };
            let place = match how {
                How::Acknowledged | How::Counted => &mut known.acknowledged,
                How::Sent => &mut known.sent,
            };
            Known::keep(place, held);
        }
    }

    /// The end of what `server` is known to hold.
    pub(super) fn of(&self, server: usize) -> Option<Held> {
        self.servers[server].end()
    }

    /// `voter` has voted for a candidate whose log ends so. `then` is what it held when it was
    /// asked.
    pub(super) fn check_vote(
        &self,
        voter: usize,
        candidate: usize,
        term: Term,
        then: Option<Held>,
        (last_log_term, last_log_index): (Term, Index),
        at: Duration,
    ) -> Result<(), Violation> {
        // A later leader may have cut it while the vote was decided.
        let Some(held) = then.filter(|held| self.servers[voter].last_leader <= held.leader_term)
        else {
            return Ok(());
        };
        broken_if((last_log_term, last_log_index) < held.end(), || {
            let crashed = held.life != self.servers[voter].life;
            Violation::new(
                if crashed { Broken::VoteAfterCrash } else { Broken::VoteForStaleLog },
                format!(
                    "no vote of server {voter} for a log that ends before its own, which reaches \
                     {}{}",
                    held.words(),
                    if crashed { ", before it crashed" } else { "" }
                ),
                format!(
                    "it voted in term {term} for server {candidate}, whose log ends at index \
                     {last_log_index} of term {last_log_term}, at {}",
                    seconds(at)
                ),
            )
        })
    }

    /// `server` stands for election with a log that ends so.
    pub(super) fn check_candidacy(
        &self,
        server: usize,
        term: Term,
        (last_log_term, last_log_index): (Term, Index),
        at: Duration,
    ) -> Result<(), Violation> {
        let known = &self.servers[server];
        let Some(held) = known.end().filter(|held| held.leader_term < term) else { return Ok(()) };
        broken_if((last_log_term, last_log_index) < held.end(), || {
            let crashed = held.life != known.life;
            let as_long = held.index <= last_log_index;
            Violation::new(
                match crashed {
                    true if as_long => Broken::EntryTermLost,
                    true => Broken::EntriesForgotten,
                    false => Broken::EntriesLost,
                },
                format!(
                    "a log of server {server} that reaches {}{}",
                    held.words(),
                    if crashed { ", before it crashed" } else { "" }
                ),
                format!(
                    "it asks for votes in term {term} with a log that ends at index \
                     {last_log_index} of term {last_log_term}, at {}",
                    seconds(at)
                ),
            )
        })
    }
}
