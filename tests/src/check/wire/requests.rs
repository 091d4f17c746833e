//! Requests: each given to the checkers whom it concerns, when it leaves and when it arrives.

use std::time::Duration;

use labrpc::MethodName;

use super::Term;
use super::calls::{Call, Kind, Then};
use super::entries::Source;
use super::judge::{Judge, Judged};
use super::message::{AppendArgs, Request, SnapshotArgs, VoteArgs, is_pre_vote};
use super::sightings::Role;
use super::votes::Who;

impl Judge {
    /// `who` sends a request to another server.
    pub(super) fn sent(
        &mut self,
        who: Who,
        number: u64,
        method: MethodName,
        bytes: &[u8],
        at: Duration,
    ) -> Judged {
        let request = Request::read(method.method, bytes);
        self.coverage.request(&request, method);
        let mut terms = Some(Vec::new());
        let judged = match &request {
            Request::Vote(args) => self.sent_vote(who, args, at),
            Request::Append(args) => self.sent_append(who, args, &mut terms, at),
            Request::Snapshot(args) => self.sent_snapshot(who, args, at),
            Request::PreVote => {
                // Only where it shares its method with the vote itself can that not be told.
                if !is_pre_vote(method.method) {
                    self.votes.give_up();
                }
                return Ok(());
            }
            Request::Other => return Ok(()),
        };
        if let Some(call) = Self::call(who.server, &request, terms) {
            self.calls.insert(number, call);
        }
        judged
    }

    /// The call in brief; of AppendEntries, `entries` are the terms of its entries.
    fn call(from: usize, request: &Request<'_>, entries: Option<Vec<Term>>) -> Option<Call> {
        let (term, kind) = match request {
            Request::Vote(VoteArgs { term, last_log_index, last_log_term }) => {
                let (last_log_index, last_log_term) = (*last_log_index, *last_log_term);
                (*term, Kind::Vote { last_log_index, last_log_term })
            }
            Request::Append(args) => {
                let kind = Kind::Append {
                    prev_log_index: args.prev_log_index,
                    prev_log_term: args.prev_log_term,
                    leader_commit: args.leader_commit,
                    entries,
                };
                (args.term, kind)
            }
            Request::Snapshot(args) => {
                let SnapshotArgs { term, last_included_index, last_included_term, .. } = *args;
                (term, Kind::Snapshot { last_included_index, last_included_term })
            }
            Request::PreVote | Request::Other => return None,
        };
        let then = Then::default();
        Some(Call { from, to: from, term, kind, running: 0, is_over: false, then, granted: false })
    }

    pub(super) fn shows(
        &mut self,
        server: usize,
        term: Term,
        how: &'static str,
        at: Duration,
    ) -> Judged {
        let saves = self.store.saves(server);
        self.terms.on_the_wire(server, term, how, saves, at)
    }

    fn sent_vote(&mut self, who: Who, args: &VoteArgs, at: Duration) -> Judged {
        const HOW: &str = "a request for votes";
        let VoteArgs { term, last_log_index, last_log_term } = *args;
        let server = who.server;
        self.sightings[server].acts(Role::Candidate, term);
        self.terms.check_request(server, term, HOW, at)?;
        self.shows(server, term, HOW, at)?;
        self.votes.candidacy(term, who, at)?;
        let end = (last_log_index, last_log_term);
        self.commits.check_term_known(server, end, self.store.has_snapshot(server), at)?;
        self.logs.check_candidacy(server, term, (last_log_term, last_log_index), at)
    }

    fn sent_append(
        &mut self,
        who: Who,
        args: &AppendArgs<'_>,
        terms: &mut Option<Vec<Term>>,
        at: Duration,
    ) -> Judged {
        const HOW: &str = "AppendEntries";
        let (server, term) = (who.server, args.term);
        self.sightings[server].acts(Role::Leader, term);
        self.sightings[server].commits(args.leader_commit);
        self.terms.check_request(server, term, HOW, at)?;
        self.shows(server, term, HOW, at)?;
        self.votes.leads(term, who, "it sent AppendEntries", at)?;
        let prev = (args.prev_log_index, args.prev_log_term);
        self.commits.check_term_known(server, prev, self.store.has_snapshot(server), at)?;
        self.sent_entries(server, args, terms, at)?;
        if self.coverage.is_whole() {
            self.commits.check_commit_index(server, term, args.leader_commit, at)?;
            if self.commits.counts_itself(server, term, args.leader_commit) {
                self.logs.counts(server, (args.leader_commit, term), at);
            }
        }
        Ok(())
    }

    /// Looks at the entries of a message; their terms go to `terms`, if all can be read.
    fn sent_entries(
        &mut self,
        server: usize,
        args: &AppendArgs<'_>,
        terms: &mut Option<Vec<Term>>,
        at: Duration,
    ) -> Judged {
        let from = Source { server, at };
        let term = args.term;
        let mut last = (args.prev_log_index, args.prev_log_term);
        self.commits.check_complete(server, term, last, at)?;
        if 0 < last.0 {
            self.entries.leader_has(term, last, from)?;
        }
        let mut own_seen = false;
        for entry in args.entries.clone() {
            let Some(entry) = entry else {
                self.coverage.entries_unread();
                *terms = None;
                return Ok(());
            };
            let here = (last.0 + 1, entry.term);
            terms.iter_mut().for_each(|terms| terms.push(entry.term));
            self.commits.check_complete(server, term, here, at)?;
            self.entries.sent(here.0, &entry, last.1, from)?;
            self.entries.leader_has(term, here, from)?;
            if entry.term == term && !own_seen {
                own_seen = true;
                self.commits.own_entry(term, here.0);
            }
            last = here;
        }
        self.logs.sends(server, term, last, at);
        Ok(())
    }

    fn sent_snapshot(&mut self, who: Who, args: &SnapshotArgs<'_>, at: Duration) -> Judged {
        const HOW: &str = "InstallSnapshot";
        let (server, term) = (who.server, args.term);
        self.sightings[server].acts(Role::Leader, term);
        self.terms.check_request(server, term, HOW, at)?;
        self.shows(server, term, HOW, at)?;
        self.votes.leads(term, who, "it sent InstallSnapshot", at)?;
        let is_whole = self.coverage.is_whole();
        self.store.check_sent(server, args, is_whole.then_some(&self.commits), at)?;
        if is_whole {
            self.commits.check_commit_index(server, term, args.last_included_index, at)?;
        }
        Ok(())
    }

    /// A request arrives at `server`, for the first time or again.
    pub(super) fn dispatched(&mut self, server: usize, number: u64) {
        let Some(call) = self.calls.get_mut(number) else { return };
        call.running += 1;
        call.to = server;
        let first = call.running == 1 && !call.is_over;
        if first {
            call.then = Then {
                shown_term: self.terms.of(server),
                held: self.logs.of(server),
                acknowledged: self.acks.up_to(server, call.term),
                saves: None,
            };
        }
        let (term, from, end) = (call.term, call.from, call.vouches_for());
        match &call.kind {
            Kind::Vote { .. } => {
                self.votes.asked(term, server, from, self.store.saves(server));
            }
            Kind::Append { prev_log_index, leader_commit, entries, .. } => {
                self.logs.hears(server, term);
                let verified = end.map_or(*prev_log_index, |(index, _)| index);
                self.applies.arrives(server, number, term, verified, *leader_commit);
                let mut new = false;
                for (index, term) in (prev_log_index + 1..).zip(entries.iter().flatten()) {
                    new = self.entries.reaches(index, *term, server);
                }
                if new && first {
                    call.then.saves = Some(self.store.saves(server));
                }
            }
            Kind::Snapshot { last_included_index, .. } => {
                self.logs.hears(server, term);
                self.applies.snapshot_arrives(server, *last_included_index);
            }
        }
    }

    /// A duplicate arrives. The call may be long forgotten.
    pub(super) fn duplicate(
        &mut self,
        server: usize,
        from: usize,
        number: u64,
        method: MethodName,
        bytes: &[u8],
    ) {
        if self.calls.get_mut(number).is_none() {
            let request = Request::read(method.method, bytes);
            let terms = match &request {
                Request::Append(args) => {
                    args.entries.clone().map(|entry| entry.map(|entry| entry.term)).collect()
                }
                _ => None,
            };
            let Some(call) = Self::call(from, &request, terms) else { return };
            self.calls.insert(number, call);
            self.dispatched(server, number);
            // Nobody waits for its reply.
            self.over(number);
        } else {
            self.dispatched(server, number);
        }
    }
}
