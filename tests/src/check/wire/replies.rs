//! Replies: each given to the checkers whom it concerns, when it leaves and when it arrives.

use std::time::Duration;

use super::acks::Acks;
use super::calls::{Call, Kind};
use super::judge::{Judge, Judged};
use super::message::Reply;
use super::sightings::Role;
use super::terms::Terms;
use super::votes::Who;
use super::{Index, Term};

impl Judge {
    /// `who` replies.
    pub(super) fn replied(&mut self, who: Who, number: u64, bytes: &[u8], at: Duration) -> Judged {
        let Some(mut call) = self.calls.take(number) else { return Ok(()) };
        let reply = Reply::read(bytes);
        call.running = call.running.saturating_sub(1);
        call.granted |= reply.vote_granted == Some(true);
        let judged = self.judge_reply(who, number, &call, &reply, at);
        if 0 < call.running || !call.is_over {
            self.calls.insert(number, call);
        } else {
            self.calls.settle(number);
        }
        judged
    }

    fn judge_reply(
        &mut self,
        who: Who,
        number: u64,
        call: &Call,
        reply: &Reply,
        at: Duration,
    ) -> Judged {
        let server = who.server;
        let whole = self.coverage.reply(call, reply);
        if !whole {
            self.applies.answered(server, number, true);
            if matches!(call.kind, Kind::Vote { .. }) {
                self.votes.give_up();
            }
            return Ok(());
        }
        let term = reply.term.unwrap_or_default();
        self.terms.check_answer(server, term, call.then.shown_term, "a reply", at)?;
        self.shows(server, term, "a reply", at)?;
        match call.kind {
            Kind::Vote { last_log_index, last_log_term } => match reply.vote_granted {
                Some(true) => {
                    let end = (last_log_term, last_log_index);
                    self.granted(who, call, end, at)
                }
                _ => Ok(()),
            },
            Kind::Append { prev_log_index, prev_log_term, .. } => {
                Terms::check_adopted(server, call.from, call.term, term, at)?;
                let prev = (prev_log_index, prev_log_term);
                match reply.success {
                    Some(true) => self.accepted(who, number, call, prev, at),
                    _ => self.refused(who, number, call, prev, term, at),
                }
            }
            Kind::Snapshot { .. } => {
                Terms::check_adopted(server, call.from, call.term, term, at)?;
                if term == call.term {
                    self.sightings[server].acts(Role::Follower, term);
                    self.acknowledged(who, call, at)?;
                }
                Ok(())
            }
        }
    }

    fn granted(&mut self, who: Who, call: &Call, end: (Term, Index), at: Duration) -> Judged {
        let Who { server, .. } = who;
        self.sightings[server].acts(Role::Follower, call.term);
        Terms::check_vote(server, call, at)?;
        self.votes.granted(call.term, who, call.from, self.store.saves(server), at)?;
        self.logs.check_vote(server, call.from, call.term, call.then.held, end, at)
    }

    fn accepted(
        &mut self,
        who: Who,
        number: u64,
        call: &Call,
        prev: (Index, Term),
        at: Duration,
    ) -> Judged {
        let server = who.server;
        self.applies.answered(server, number, true);
        self.sightings[server].acts(Role::Follower, call.term);
        Acks::check_not_stale(server, call, at)?;
        if self.coverage.is_whole() {
            let has = prev.0 == 0
                || prev.0 <= self.applies.snapshot_sent(server)
                || self.entries.has_reached(prev.0, prev.1, server);
            Acks::check_success(server, call, prev, has, at)?;
        }
        let Some(end) = call.vouches_for() else { return Ok(()) };
        if self.applies.snapshot_sent(server) < end.0 && self.votes.leader(end.1) != Some(server) {
            Acks::check_saved(server, call, end, self.store.saves(server), at)?;
        }
        self.acknowledged(who, call, at)
    }

    /// `who` has told the leader that it holds what the message vouches for.
    fn acknowledged(&mut self, who: Who, call: &Call, at: Duration) -> Judged {
        let Some((index, term)) = call.vouches_for() else { return Ok(()) };
        let (server, leader) = (who.server, call.from);
        self.logs.acknowledges(server, call.term, (index, term), at);
        self.acks.acknowledges(server, call.term, index, at);
        self.commits.acknowledges(call.term, leader, server, index, &self.entries, at)?;
        self.applies.commits(leader, self.commits.by_leader_of(call.term));
        Ok(())
    }

    fn refused(
        &mut self,
        who: Who,
        number: u64,
        call: &Call,
        prev: (Index, Term),
        term: Term,
        at: Duration,
    ) -> Judged {
        let server = who.server;
        self.applies.answered(server, number, false);
        if term != call.term {
            return Ok(());
        }
        self.sightings[server].acts(Role::Follower, term);
        let snapshot_max = self.store.index_max(self.commits.max());
        self.acks.check_refusal(server, call, prev, snapshot_max, at)
    }

    /// A reply arrives: the caller goes on.
    pub(super) fn delivered(&mut self, number: u64) {
        if let Some(call) = self.calls.get_mut(number)
            && call.granted
        {
            let (term, voter, candidate) = (call.term, call.to, call.from);
            self.votes.received(term, voter, candidate);
        }
        self.over(number);
    }

    /// A message will never arrive, or just has.
    pub(super) fn over(&mut self, number: u64) {
        if let Some(call) = self.calls.get_mut(number) {
            call.is_over = true;
            self.calls.settle(number);
        }
    }
}
