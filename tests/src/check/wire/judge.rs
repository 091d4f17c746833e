//! All checkers of a cluster, and what they are told beside messages: lives, saves, answers,
//! deliveries.

use std::time::Duration;

use super::acks::Acks;
use super::applies::Applies;
use super::calls::Calls;
use super::commits::Commits;
use super::coverage::Coverage;
use super::entries::{Entries, Source};
use super::held::Logs;
use super::sightings::Sighting;
use super::snapshots::{Snapshots, Store};
use super::terms::Terms;
use super::votes::{Votes, Who};
use super::{Index, Term};
use crate::harness::{Command, Violation};

pub(super) type Judged = Result<(), Violation>;

/// All checkers of one cluster.
pub(super) struct Judge {
    servers: usize,
    /// The number of each server's present life.
    pub(super) lives: Vec<u32>,
    pub(super) calls: Calls,
    pub(super) terms: Terms,
    pub(super) votes: Votes,
    pub(super) logs: Logs,
    pub(super) entries: Entries,
    pub(super) acks: Acks,
    pub(super) commits: Commits,
    pub(super) applies: Applies,
    pub(super) store: Store,
    pub(super) coverage: Coverage,
    pub(super) sightings: Vec<Sighting>,
}

impl Judge {
    pub(super) fn new(servers: usize, snapshots: Snapshots) -> Self {
        Self {
            servers,
            lives: vec![0; servers],
            calls: Calls::default(),
            terms: Terms::new(servers),
            votes: Votes::new(servers),
            logs: Logs::new(servers),
            entries: Entries::default(),
            acks: Acks::new(servers),
            commits: Commits::new(servers),
            applies: Applies::new(servers),
            store: Store::new(servers, snapshots),
            coverage: Coverage::default(),
            sightings: vec![Sighting::default(); servers],
        }
    }

    /// The commit index of `server`, as far as it can be told from outside.
    pub(super) fn sighting(&self, server: usize) -> Sighting {
        let mut sighting = self.sightings[server];
        let knows = self.applies.knows(server);
        if sighting.role.is_some() {
            sighting.commits(knows);
        }
        sighting
    }

    /// `server` in its present life.
    pub(super) fn present(&self, server: usize) -> Who {
        Who { server, life: self.lives[server] }
    }

    /// A life of `server` begins; the one before is over.
    pub(super) fn begin_life(&mut self, server: usize) -> Who {
        self.lives[server] += 1;
        let life = self.lives[server];
        self.calls.end_life(server);
        self.terms.begin_life(server);
        self.logs.begin_life(server, life);
        self.acks.begin_life(server, life);
        self.applies.begin_life(server);
        self.sightings[server] = Sighting::default();
        Who { server, life }
    }

    /// `server` saves.
    pub(super) fn saved(&mut self, server: usize, snapshot: &[u8], at: Duration) -> Judged {
        self.store.saved(server, snapshot, at)
    }

    /// The highest term that `server` has shown.
    pub(super) fn shown_term(&self, server: usize) -> Term {
        self.terms.of(server)
    }

    /// `who` tells the tester its term, and whether it leads. `known` is what it had shown before
    /// it was asked.
    pub(super) fn told(
        &mut self,
        who: Who,
        term: Term,
        is_leader: bool,
        known: Term,
        at: Duration,
    ) -> Judged {
        const HOW: &str = "what it told the tester";
        self.terms.check_answer(who.server, term, known, HOW, at)?;
        self.terms.told(who.server, term, at);
        if is_leader && 0 < self.servers {
            self.votes.leads(term, who, "it told the tester", at)?;
        }
        Ok(())
    }

    /// `start` of a server is given a command.
    pub(super) fn starting(&mut self, server: usize, command: &Command) {
        self.applies.starting(server, command);
    }

    /// `start` of `server` has said where the command stands.
    pub(super) fn started(
        &mut self,
        server: usize,
        place: (Index, Term),
        command: &[u8],
        at: Duration,
    ) -> Judged {
        self.entries.started(place, command, Source { server, at })
    }

    /// The service of `server` hands a snapshot to its Raft.
    pub(super) fn snapshot_made(&mut self, server: usize, index: Index, data: &[u8]) {
        self.applies.snapshot_made(server, index);
        self.store.made(index, data);
    }

    /// `who` applies a command.
    pub(super) fn applied(
        &mut self,
        who: Who,
        index: Index,
        command: &[u8],
        at: Duration,
    ) -> Judged {
        if !self.coverage.is_whole() || self.servers == 1 || self.present(who.server) != who {
            return Ok(());
        }
        self.applies.check_command(who.server, index, command, &self.entries, at)
    }

    /// `who` applies a snapshot.
    pub(super) fn applied_snapshot(&mut self, who: Who, index: Index, at: Duration) -> Judged {
        match self.coverage.is_whole() && self.present(who.server) == who {
            true => self.applies.check_snapshot(who.server, index, at),
            false => Ok(()),
        }
    }
}
