//! What could not be read, and which checks are off for that.

use std::collections::BTreeSet;

use labrpc::MethodName;

use super::calls::{Call, Kind};
use super::message::{Reply, Request};

/// What was read so far.
#[derive(Default)]
pub(super) struct Coverage {
    requests: u64,
    votes: u64,
    pre_votes: u64,
    appends: u64,
    appends_without_entries: u64,
    unread: BTreeSet<String>,
    unread_replies: BTreeSet<&'static str>,
}

impl Coverage {
    /// A request between servers was sent.
    pub(super) fn request(&mut self, request: &Request<'_>, method: MethodName) {
        self.requests += 1;
        match request {
            Request::Vote(_) => self.votes += 1,
            Request::PreVote => self.pre_votes += 1,
            Request::Append(_) => self.appends += 1,
            Request::Snapshot(_) => {}
            Request::Other => {
                let known = self.unread.iter().any(|known| known == method.method);
                if !known {
                    self.unread.insert(method.method.to_owned());
                }
            }
        }
    }

    /// The entries of a message could not be read.
    pub(super) fn entries_unread(&mut self) {
        self.appends_without_entries += 1;
    }

    /// A reply left; whether it says what Figure 2 wants it to say.
    pub(super) fn reply(&mut self, call: &Call, reply: &Reply) -> bool {
        let (whole, kind) = match call.kind {
            Kind::Vote { .. } => (reply.vote_granted.is_some(), "RequestVote"),
            Kind::Append { .. } => (reply.success.is_some(), "AppendEntries"),
            Kind::Snapshot { .. } => (true, "InstallSnapshot"),
        };
        let whole = whole && reply.term.is_some();
        if !whole {
            self.unread_replies.insert(kind);
        }
        whole
    }

    /// Whether all that moves entries between servers was read: what is concluded from a message
    /// that was *not* sent needs that.
    pub(super) fn is_whole(&self) -> bool {
        self.unread.is_empty()
            && self.unread_replies.is_empty()
            && self.appends_without_entries == 0
    }

    /// Of a cluster that elects and replicates, the fields of Figure 2 that none of its messages
    /// has. `None` if all can be read; further fields, and further messages, do not matter.
    pub(super) fn renamed(&self) -> Option<&'static str> {
        let reasons = [
            (self.votes + self.pre_votes == 0, "the fields of RequestVote"),
            (self.appends == 0, "the fields of AppendEntries"),
            (0 < self.appends_without_entries, "the fields of an entry, term and command"),
            (self.unread_replies.contains("RequestVote"), "term and vote_granted in a reply"),
            (self.unread_replies.contains("AppendEntries"), "term and success in a reply"),
        ];
        let first = reasons.into_iter().find(|(is_missing, _)| *is_missing);
        first.filter(|_| 0 < self.requests).map(|(_, what)| what)
    }

    /// One line for each reason why checks are off, with the rules that go unchecked.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.requests == 0 {
            return gaps;
        }
        if self.votes == 0 && 0 < self.pre_votes {
            gaps.push(
                "checks off: votes (E5, E6, E7, E8): requests for votes have fields beyond \
                 Figure 2's, and may be no votes"
                    .to_owned(),
            );
        } else if self.votes == 0 {
            gaps.push(
                "checks off: votes (E5, E6, E7, E8, E10): no request has the fields term, \
                 candidate_id, last_log_index, last_log_term"
                    .to_owned(),
            );
        }
        if self.appends == 0 {
            gaps.push(
                "checks off: log and commit (A1 to A6, C1, C2, C3, N5, P1): no request has the \
                 fields term, prev_log_index, prev_log_term, entries, leader_commit"
                    .to_owned(),
            );
        }
        if 0 < self.appends_without_entries {
            gaps.push(
                "checks off: entries (A2, A4, C1, C2, C3): an entry has not the fields term and \
                 command"
                    .to_owned(),
            );
        }
        if !self.unread.is_empty() {
            let names: Vec<_> = self.unread.iter().map(String::as_str).collect();
            gaps.push(format!(
                "checks off: what a server can hold and know (A1, A3, A4, C1, C2, C3): requests \
                 that are none of the paper's: {}",
                names.join(", ")
            ));
        }
        for kind in &self.unread_replies {
            gaps.push(format!(
                "checks off: replies to {kind}: they have not the fields of Figure 2 (term, and \
                 vote_granted or success)"
            ));
        }
        gaps
    }
}
