//! Histories, written by hand: for each checker, hard ones that a correct Raft can show, and
//! wrong ones that it must name.

mod acks;
mod applies;
mod commits;
mod coverage;
mod entries;
mod held;
mod snapshots;
mod terms;
mod votes;

use std::time::Duration;

use labrpc::MethodName;
use serde::Serialize;

use super::judge::{Judge, Judged};
use super::snapshots::Snapshots;
use super::votes::Who;
use crate::harness::{Broken, Violation};

#[derive(Serialize)]
struct VoteArgs {
    term: u64,
    candidate_id: usize,
    last_log_index: u64,
    last_log_term: u64,
}

#[derive(Serialize)]
struct VoteReply {
    term: u64,
    vote_granted: bool,
}

#[derive(Serialize)]
struct AppendArgs {
    term: u64,
    leader_id: usize,
    prev_log_index: u64,
    prev_log_term: u64,
    entries: Vec<Entry>,
    leader_commit: u64,
}

#[derive(Serialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

#[derive(Serialize)]
struct AppendReply {
    term: u64,
    success: bool,
}

#[derive(Serialize)]
struct SnapshotArgs {
    term: u64,
    leader_id: usize,
    last_included_index: u64,
    last_included_term: u64,
    data: Vec<u8>,
}

#[derive(Serialize)]
struct TermReply {
    term: u64,
}

/// A cluster of which only the messages exist. Steps follow each other by a millisecond; the
/// first violation is kept, and nothing is judged after it.
struct History {
    judge: Judge,
    millis: u64,
    call: u64,
    /// The snapshot that each server saved last.
    snapshots: Vec<Vec<u8>>,
    found: Option<Violation>,
}

/// A call under way.
#[derive(Clone, Copy)]
struct Sent {
    call: u64,
    term: u64,
}

impl History {
    /// So many servers, all in their first lives, without snapshots.
    fn of(servers: usize) -> Self {
        Self::with(servers, Snapshots::Never)
    }

    fn with(servers: usize, snapshots: Snapshots) -> Self {
        let mut judge = Judge::new(servers, snapshots);
        (0..servers).for_each(|server| {
            judge.begin_life(server);
        });
        Self { judge, millis: 0, call: 0, snapshots: vec![Vec::new(); servers], found: None }
    }

    fn step(&mut self, event: impl FnOnce(&mut Judge, Duration) -> Judged) {
        self.millis += 1;
        if self.found.is_none() {
            self.found = event(&mut self.judge, Duration::from_millis(self.millis)).err();
        }
    }

    fn who(&self, server: usize) -> Who {
        self.judge.present(server)
    }

    fn send(
        &mut self,
        from: usize,
        method: &'static str,
        term: u64,
        args: &impl Serialize,
    ) -> Sent {
        self.call += 1;
        let (call, who) = (self.call, self.who(from));
        let bytes = labgob::to_bytes(args).expect("arguments can be encoded");
        let method = MethodName { service: "RaftRpc", method };
        self.step(|judge, at| judge.sent(who, call, method, &bytes, at));
        Sent { call, term }
    }

    fn arrive(&mut self, sent: Sent, to: usize) {
        self.step(|judge, _| {
            judge.dispatched(to, sent.call);
            Ok(())
        });
    }

    fn reply(&mut self, sent: Sent, from: usize, reply: &impl Serialize) {
        let who = self.who(from);
        let bytes = labgob::to_bytes(reply).expect("a reply can be encoded");
        self.step(|judge, at| judge.replied(who, sent.call, &bytes, at));
    }

    fn deliver(&mut self, sent: Sent) {
        self.step(|judge, _| {
            judge.delivered(sent.call);
            Ok(())
        });
    }

    fn save(&mut self, server: usize) {
        let snapshot = self.snapshots[server].clone();
        self.save_with(server, &snapshot);
    }

    fn save_with(&mut self, server: usize, snapshot: &[u8]) {
        self.snapshots[server] = snapshot.to_vec();
        self.step(|judge, at| judge.saved(server, snapshot, at));
    }

    /// `server` crashes, and starts again.
    fn restart(&mut self, server: usize) {
        self.judge.begin_life(server);
    }

    /// `server` asks for votes with a log that ends at `last`, index and term.
    fn ask(&mut self, server: usize, term: u64, last: (u64, u64)) -> Sent {
        let (last_log_index, last_log_term) = last;
        let args = VoteArgs { term, candidate_id: server, last_log_index, last_log_term };
        self.send(server, "request_vote", term, &args)
    }

    fn vote(&mut self, asked: Sent, voter: usize, vote_granted: bool) {
        self.reply(asked, voter, &VoteReply { term: asked.term, vote_granted });
    }

    /// `server` asks `voter` for its vote, which saves it; the reply is under way.
    fn ask_and_vote(&mut self, server: usize, term: u64, last: (u64, u64), voter: usize) -> Sent {
        let asked = self.ask(server, term, last);
        self.arrive(asked, voter);
        self.save(voter);
        self.vote(asked, voter, true);
        asked
    }

    /// `server` saves its vote for itself, and wins the votes of `voters`, which save them.
    fn elect(&mut self, server: usize, term: u64, last: (u64, u64), voters: &[usize]) {
        self.save(server);
        for voter in voters {
            let voted = self.ask_and_vote(server, term, last, *voter);
            self.deliver(voted);
        }
    }

    /// The leader `from` sends entries of these terms after `prev`, index and term. The command
    /// of each is its index and term.
    fn append(
        &mut self,
        from: usize,
        term: u64,
        prev: (u64, u64),
        terms: &[u64],
        leader_commit: u64,
    ) -> Sent {
        let entries = (prev.0 + 1..)
            .zip(terms)
            .map(|(index, &term)| Entry { term, command: command(index, term) })
            .collect();
        let args = AppendArgs {
            term,
            leader_id: from,
            prev_log_index: prev.0,
            prev_log_term: prev.1,
            entries,
            leader_commit,
        };
        self.send(from, "append_entries", term, &args)
    }

    fn accept(&mut self, sent: Sent, server: usize) {
        self.reply(sent, server, &AppendReply { term: sent.term, success: true });
    }

    fn refuse(&mut self, sent: Sent, server: usize, term: u64) {
        self.reply(sent, server, &AppendReply { term, success: false });
    }

    /// Sends entries, and each of `to` receives, saves and acknowledges them.
    fn replicate(
        &mut self,
        from: usize,
        term: u64,
        prev: (u64, u64),
        terms: &[u64],
        commit: u64,
        to: &[usize],
    ) {
        for server in to {
            let sent = self.append(from, term, prev, terms, commit);
            self.arrive(sent, *server);
            self.save(*server);
            self.accept(sent, *server);
            self.deliver(sent);
        }
    }

    fn install(&mut self, from: usize, term: u64, last: (u64, u64), data: &[u8]) -> Sent {
        let (last_included_index, last_included_term) = last;
        let args = SnapshotArgs {
            term,
            leader_id: from,
            last_included_index,
            last_included_term,
            data: data.to_vec(),
        };
        self.send(from, "install_snapshot", term, &args)
    }

    fn installed(&mut self, sent: Sent, server: usize) {
        self.reply(sent, server, &TermReply { term: sent.term });
    }

    fn make_snapshot(&mut self, server: usize, index: u64, data: &[u8]) {
        self.judge.snapshot_made(server, index, data);
    }

    fn start(&mut self, server: usize, command: &[u8]) {
        self.judge.starting(server, &command.into());
    }

    fn started(&mut self, server: usize, place: (u64, u64), command: &[u8]) {
        self.step(|judge, at| judge.started(server, place, command, at));
    }

    fn apply(&mut self, server: usize, index: u64, command: &[u8]) {
        let who = self.who(server);
        self.step(|judge, at| judge.applied(who, index, command, at));
    }

    fn tell(&mut self, server: usize, term: u64, is_leader: bool) {
        let (who, known) = (self.who(server), self.judge.shown_term(server));
        self.step(|judge, at| judge.told(who, term, is_leader, known, at));
    }

    #[track_caller]
    fn is_accepted(&self) {
        assert_eq!(self.found, None, "a correct Raft can do this");
    }

    #[track_caller]
    fn breaks(self, broken: Broken) -> Violation {
        let found = self.found.expect("somebody must name this");
        assert_eq!(found.broken, broken, "{found}");
        assert!(broken.is_safety(), "no late machine excuses it");
        found
    }
}

fn command(index: u64, term: u64) -> Vec<u8> {
    format!("{index} of term {term}").into_bytes()
}
