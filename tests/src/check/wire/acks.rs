//! A success means that the log is there up to the entry before, and what was acknowledged to a
//! leader stays while nobody leads a later term, crash or not. Rules A1 to A4, N5, P1.

use std::time::Duration;

use super::calls::Call;
use super::{Index, Term, broken_if};
use crate::harness::{Broken, Violation, seconds};

/// Up to where each server has acknowledged the log of which leader.
pub(super) struct Acks {
    servers: Vec<Acknowledged>,
}

#[derive(Clone, Copy, Default)]
struct Acknowledged {
    term: Term,
    index: Index,
    at: Duration,
    life: u32,
    present_life: u32,
}

impl Acks {
    pub(super) fn new(servers: usize) -> Self {
        Self { servers: vec![Acknowledged::default(); servers] }
    }

    pub(super) fn begin_life(&mut self, server: usize, life: u32) {
        self.servers[server].present_life = life;
    }

    /// Up to where `server` has acknowledged the log of the leader of `term`.
    pub(super) fn up_to(&self, server: usize, term: Term) -> Index {
        let acknowledged = &self.servers[server];
        if acknowledged.term == term { acknowledged.index } else { 0 }
    }

    /// `server` tells the leader of `term` that it has its log up to `index`.
    pub(super) fn acknowledges(&mut self, server: usize, term: Term, index: Index, at: Duration) {
        let known = &mut self.servers[server];
        if known.term < term || (known.term == term && known.index < index) {
            *known = Acknowledged { term, index, at, life: known.present_life, ..*known };
        }
    }

    /// `server` refuses a message of the leader of its own term. `snapshot_max` is the highest
    /// index that a snapshot can cover: it may not know what stood there.
    pub(super) fn check_refusal(
        &self,
        server: usize,
        call: &Call,
        (prev_log_index, prev_log_term): (Index, Term),
        snapshot_max: Index,
        at: Duration,
    ) -> Result<(), Violation> {
        let acknowledged = call.then.acknowledged;
        broken_if(snapshot_max < prev_log_index && prev_log_index <= acknowledged, || {
            let known = &self.servers[server];
            let crashed = known.life != known.present_life;
            Violation::new(
                if crashed { Broken::EntriesForgotten } else { Broken::EntriesLost },
                format!(
                    "the log of server {server} to hold what it acknowledged to leader {} of term \
                     {}, up to index {} at {}{}",
                    call.from,
                    call.term,
                    known.index,
                    seconds(known.at),
                    if crashed { ", before it crashed" } else { "" }
                ),
                format!(
                    "it refused that leader's entries after index {prev_log_index} of term \
                     {prev_log_term}, in the same term, at {}",
                    seconds(at)
                ),
            )
        })
    }

    /// `server` says that it has the entry before those of a message; `has` says whether it can.
    pub(super) fn check_success(
        server: usize,
        call: &Call,
        (prev_log_index, prev_log_term): (Index, Term),
        has: bool,
        at: Duration,
    ) -> Result<(), Violation> {
        broken_if(!has, || {
            Violation::new(
                Broken::UnfoundedSuccess,
                format!(
                    "server {server} to refuse what follows index {prev_log_index} of term \
                     {prev_log_term}, an entry that it was never sent"
                ),
                format!(
                    "it replied success to leader {} of term {}, at {}",
                    call.from,
                    call.term,
                    seconds(at)
                ),
            )
        })
    }

    /// `server` accepts the message of a leader whose term is over, as it had shown before.
    pub(super) fn check_not_stale(
        server: usize,
        call: &Call,
        at: Duration,
    ) -> Result<(), Violation> {
        broken_if(call.term < call.then.shown_term, || {
            Violation::new(
                Broken::StaleLeaderAccepted,
                format!(
                    "server {server} to refuse leader {} of term {}: it had shown term {} before \
                     the message arrived",
                    call.from, call.term, call.then.shown_term
                ),
                format!("it replied success, at {}", seconds(at)),
            )
        })
    }

    /// `server` acknowledges entries; those that a message brought for the first time were saved
    /// since (P1).
    pub(super) fn check_saved(
        server: usize,
        call: &Call,
        (index, term): (Index, Term),
        saves: u64,
        at: Duration,
    ) -> Result<(), Violation> {
        broken_if(call.then.saves.is_some_and(|then| saves <= then), || {
            Violation::new(
                Broken::UnsavedEntries,
                format!(
                    "index {index} of term {term} saved by server {server} before it acknowledges \
                     it to leader {}",
                    call.from
                ),
                format!(
                    "it replied success at {}, and nothing was saved since that entry first \
                     arrived",
                    seconds(at)
                ),
            )
        })
    }
}
