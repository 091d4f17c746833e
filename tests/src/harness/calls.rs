//! Asking single Rafts.

use labapi::{Started, State};
use labrt_host::now;

use super::applied::Command;
use super::broken::Broken;
use super::rafts::Cluster;
use super::violation::{Violation, seconds, shown};
use crate::check::wire::{Checkers, Sighting};

impl Cluster {
    /// What `server` says of itself; `None` if it is down.
    pub(crate) fn state(&self, server: usize) -> Option<State> {
        let life = self.life(server)?;
        let asked = self.checkers().asking(server);
        let state = life.ask("state", |raft| raft.state())?;
        self.observe(server, state);
        self.checkers().told(asked, state);
        Some(state)
    }

    /// Gives `command` to `server`. `None` if it is down, or says that it does not lead.
    pub(crate) fn start(&self, server: usize, command: &Command) -> Option<Started> {
        let (bytes, life) = (command.to_vec(), self.life(server)?);
        let asked = self.checkers().starting(server, command);
        let answer = life.ask("start", move |raft| raft.start(bytes))?;
        let started = answer.ok()?;
        self.observe(server, State { term: started.term, is_leader: true });
        self.checkers().started(asked, started, command);
        Some(started)
    }

    /// Gives `command` to the leader `server`, which must accept it at one of `indexes`.
    pub(crate) fn start_at(
        &self,
        server: usize,
        command: &Command,
        indexes: std::ops::RangeInclusive<u64>,
    ) {
        let Some(started) = self.start(server, command) else {
            self.referee().fail(Violation::new(
                Broken::LeaderRefused,
                format!("command {} accepted by leader {server}", shown(command)),
                format!("its `start` said at {} that it does not lead", seconds(now())),
            ));
        };
        if !indexes.contains(&started.index) {
            self.referee().fail(Violation::new(
                Broken::WrongIndex,
                format!(
                    "command {} put at index {} by leader {server}",
                    shown(command),
                    either(&indexes)
                ),
                format!("its `start` said index {}, at {}", started.index, seconds(now())),
            ));
        }
    }

    /// Tells the Raft of `server` that the service has a snapshot up to `index`.
    pub(crate) fn snapshot(&self, server: usize, index: u64) {
        let data = self.applied().snapshot(index);
        if let Some(life) = self.life(server) {
            life.ask("snapshot", move |raft| raft.snapshot(index, data));
        }
    }

    /// A command that no other is likely to be: a number of up to 63 bits.
    pub(crate) fn random_command(&self) -> Command {
        command(self.random(0..1_u64 << 63))
    }

    /// What `server` was last seen as on the wire, in its present life.
    pub(crate) fn sighting(&self, server: usize) -> Sighting {
        self.checkers().sighting(server)
    }

    pub(super) fn checkers(&self) -> &Checkers {
        &self.shared.checkers
    }
}

/// A command: what `content` prints as.
pub(crate) fn command(content: impl ToString) -> Command {
    content.to_string().into_bytes().into()
}

fn either(indexes: &std::ops::RangeInclusive<u64>) -> String {
    match (*indexes.start(), *indexes.end()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first} to {last}"),
    }
}
