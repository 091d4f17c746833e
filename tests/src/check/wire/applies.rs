//! What a server applies it was given, and could know to be committed. Rules C3, A1, A5, A6, L1.

use std::time::Duration;

use super::entries::Entries;
use super::{Index, Term, broken_if};
use crate::harness::{Broken, Command, Violation, seconds, shown};

/// What each server can know to be committed, and what was given to it.
pub(super) struct Applies {
    servers: Vec<Server>,
}

#[derive(Clone, Default)]
struct Server {
    /// Up to where it can know the log to be committed.
    knows: Index,
    /// The highest commit index that a leader whom it followed has told it.
    told: Index,
    /// Up to where its log is that of the leader of `term`.
    verified: Index,
    term: Term,
    /// Messages of leaders that it is handling: it may follow them, or refuse them.
    handling: Vec<Handling>,
    /// The last index of a snapshot that was sent to it.
    snapshot_sent: Index,
    /// The commands given to its `start`. They are many, and hardly ever looked for.
    started: Vec<Command>,
    /// The indexes of the snapshots that are its own.
    own_snapshots: Vec<Index>,
    snapshots_sent: Vec<Index>,
    /// The highest commit index that reached it beyond what the message vouched for.
    beyond: Index,
}

#[derive(Clone, Copy)]
struct Handling {
    call: u64,
    term: Term,
    verified: Index,
    told: Index,
}

impl Server {
    fn follow(&mut self, handling: Handling) {
        let Handling { term, verified, told, .. } = handling;
        if self.term < term {
            (self.term, self.verified) = (term, 0);
        }
        if self.term == term {
            self.verified = self.verified.max(verified);
        }
        self.told = self.told.max(told);
        self.knows = self.knows.max(told.min(verified)).max(self.told.min(self.verified));
    }

    fn may_know(&self) -> Index {
        let told = self.handling.iter().map(|handling| handling.told).max().unwrap_or_default();
        let of_its_term = self.handling.iter().filter(|handling| self.term <= handling.term);
        let verified = of_its_term.map(|handling| handling.verified).max().unwrap_or_default();
        self.knows.max(self.told.max(told).min(self.verified.max(verified)))
    }
}

impl Applies {
    pub(super) fn new(servers: usize) -> Self {
        Self { servers: vec![Server::default(); servers] }
    }

    /// What the last life was handling it may have followed, and kept.
    pub(super) fn begin_life(&mut self, server: usize) {
        let server = &mut self.servers[server];
        for handling in std::mem::take(&mut server.handling) {
            server.follow(handling);
        }
    }

    /// The commit index of `server`, as far as it can be told from outside.
    pub(super) fn knows(&self, server: usize) -> Index {
        self.servers[server].knows
    }

    /// A leader's message reaches `server`: it vouches for the log up to `verified`, and says
    /// that everything up to `told` is committed.
    pub(super) fn arrives(
        &mut self,
        server: usize,
        call: u64,
        term: Term,
        verified: Index,
        told: Index,
    ) {
        let server = &mut self.servers[server];
        server.beyond = server.beyond.max(told);
        server.handling.push(Handling { call, term, verified, told });
    }

    /// `server` has answered; `accepted` unless it refused.
    pub(super) fn answered(&mut self, server: usize, call: u64, accepted: bool) {
        let server = &mut self.servers[server];
        let place = server.handling.iter().position(|handling| handling.call == call);
        if let Some(handling) = place.map(|place| server.handling.swap_remove(place))
            && accepted
        {
            server.follow(handling);
        }
    }

    /// `server` leads, and can have committed up to `index`.
    pub(super) fn commits(&mut self, server: usize, index: Index) {
        let known = &mut self.servers[server].knows;
        *known = index.max(*known);
    }

    /// A snapshot up to `index` reaches `server`.
    pub(super) fn snapshot_arrives(&mut self, server: usize, index: Index) {
        let server = &mut self.servers[server];
        server.snapshot_sent = server.snapshot_sent.max(index);
        server.knows = server.knows.max(index);
        if !server.snapshots_sent.contains(&index) {
            server.snapshots_sent.push(index);
        }
    }

    /// The last index of all snapshots that were sent to `server`.
    pub(super) fn snapshot_sent(&self, server: usize) -> Index {
        self.servers[server].snapshot_sent
    }

    /// The service of `server` has made a snapshot.
    pub(super) fn snapshot_made(&mut self, server: usize, index: Index) {
        let made = &mut self.servers[server].own_snapshots;
        if !made.contains(&index) {
            made.push(index);
        }
    }

    /// `start` of `server` is given a command.
    pub(super) fn starting(&mut self, server: usize, command: &Command) {
        self.servers[server].started.push(command.clone());
    }

    /// `server` applies a command.
    pub(super) fn check_command(
        &self,
        server: usize,
        index: Index,
        command: &[u8],
        entries: &Entries,
        at: Duration,
    ) -> Result<(), Violation> {
        let known = &self.servers[server];
        let applied = || {
            format!(
                "server {server} applied {} at index {index}, at {}",
                shown(command),
                seconds(at)
            )
        };
        let was_sent = entries.command_reached(index, command, server);
        let was_given = || known.started.iter().any(|given| **given == *command);
        broken_if(was_sent == Some(false) && !was_given(), || {
            Violation::new(
                Broken::AppliedFromNowhere,
                format!(
                    "server {server} to apply at index {index} what it was sent for that index, \
                     or given by `start`"
                ),
                applied(),
            )
        })?;
        let may_know = known.may_know();
        broken_if(may_know < index, || {
            let (broken, why) = match index <= known.beyond {
                true => (
                    Broken::AppliedUnverified,
                    format!(
                        "; a leader told it commit index {}, in a message that vouched for less, \
                         or that it refused",
                        known.beyond
                    ),
                ),
                false => (Broken::AppliedUncommitted, String::new()),
            };
            Violation::new(
                broken,
                format!(
                    "server {server} to apply no further than index {may_know}, which is all that \
                     it can know to be committed in its log"
                ),
                applied() + &why,
            )
        })
    }

    /// `server` applies a snapshot.
    pub(super) fn check_snapshot(
        &self,
        server: usize,
        index: Index,
        at: Duration,
    ) -> Result<(), Violation> {
        let known = &self.servers[server];
        let given = known.own_snapshots.contains(&index) || known.snapshots_sent.contains(&index);
        broken_if(!given, || {
            Violation::new(
                Broken::AppliedFromNowhere,
                format!("server {server} to deliver a snapshot that it was sent, or given"),
                format!("it delivered one up to index {index}, at {}", seconds(at)),
            )
        })
    }
}
