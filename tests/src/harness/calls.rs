//! Asking single servers, and chance.

use std::sync::Arc;

use labapi::{Started, State};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::now;
use rand::RngExt;
use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::rngs::ChaCha8Rng;

use super::applied::{Applied, Command};
use super::broken::Broken;
use super::cluster::Cluster;
use super::violation::{Violation, seconds, shown};
use crate::check::wire::Checkers;

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

    fn observe(&self, server: usize, state: State) {
        self.shared.claims.observe(self.referee(), server, state);
    }

    /// Lets the cluster go on alone.
    pub(crate) fn sleep_ms(&self, millis: u64) {
        thread::sleep(Duration::from_millis(millis));
    }

    /// A number of `range`, which the seed decides.
    pub(crate) fn random<T: SampleUniform>(&self, range: impl SampleRange<T>) -> T {
        self.with_random(|random| random.random_range(range))
    }

    /// Draws from what the seed decides.
    pub(crate) fn with_random<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.shared.random.lock())
    }

    /// Whether something happens that does so `of_1000` times in a thousand.
    pub(crate) fn chance(&self, of_1000: u32) -> bool {
        self.random(0..1000) < of_1000
    }

    /// A command that no other is likely to be: a number of up to 63 bits.
    pub(crate) fn random_command(&self) -> Command {
        command(self.random(0..1_u64 << 63))
    }

    fn checkers(&self) -> &Checkers {
        &self.shared.site.checkers
    }

    pub(crate) fn applied(&self) -> &Arc<Applied> {
        &self.shared.site.applied
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
