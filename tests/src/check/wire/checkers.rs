//! Attaching the checkers to a cluster, and where all that happens comes in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use labapi::{Persister, SaveObserver, Started, State};
use labrpc_host::{Cause, Event, Network, Stage, Tap};
use labrt_host::{Machine, now};
use parking_lot::Mutex;

use super::judge::Judge;
use super::snapshots::Snapshots;
use super::votes::Who;
use super::{Index, Sighting, Term};
use crate::harness::{Command, Referee, Violation};

/// All checkers of one cluster. A handle: clones are the same checkers.
///
/// What they find broken ends the run, wherever it happens.
#[derive(Clone)]
pub(crate) struct Checkers {
    shared: Arc<Shared>,
}

struct Shared {
    referee: Arc<Referee>,
    watching: Mutex<Watching>,
}

struct Watching {
    judge: Judge,
    /// Who runs on which machine. Machines are numbered in the order of their making.
    machines: Vec<Option<Who>>,
    first_machine: u32,
    /// Servers that are to crash as soon as they have saved another snapshot than before.
    doomed: BTreeMap<usize, Machine>,
    /// Nothing is judged any more: something was found, or the test is over.
    is_closed: bool,
}

/// A server that is about to be asked something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    who: Who,
    /// The highest term that it had shown before.
    known: Term,
}

impl Checkers {
    /// Attaches all checkers to a cluster of so many servers on `network`, which has just been
    /// made. The servers come in with [`Checkers::begin_life`].
    pub(crate) fn attach(
        network: &Network,
        servers: usize,
        snapshots: Snapshots,
        referee: Arc<Referee>,
    ) -> Self {
        let watching = Watching {
            judge: Judge::new(servers, snapshots),
            machines: Vec::new(),
            first_machine: 0,
            doomed: BTreeMap::new(),
            is_closed: false,
        };
        let checkers =
            Self { shared: Arc::new(Shared { referee, watching: Mutex::new(watching) }) };
        network.tap(checkers.clone());
        checkers
    }

    /// A life of `server` begins on `machine`, from what `persister` holds. The one before is
    /// over. The server is to be given the persister that comes back.
    pub(crate) fn begin_life(
        &self,
        server: usize,
        machine: &Machine,
        persister: Persister,
    ) -> Persister {
        {
            let mut watching = self.shared.watching.lock();
            let who = watching.judge.begin_life(server);
            watching.doomed.remove(&server);
            watching.runs_on(machine.id(), who);
        }
        persister.observed_by(Arc::new(Saves { checkers: self.clone(), server }))
    }

    /// The test is over: what happens from now on is not judged.
    pub(crate) fn close(&self) {
        self.shared.watching.lock().is_closed = true;
    }

    /// `machine`, on which `server` runs, crashes as soon as that has saved a snapshot that it had
    /// not saved before: at the next step it would take.
    pub(crate) fn crash_at_new_snapshot(&self, server: usize, machine: &Machine) {
        self.shared.watching.lock().doomed.insert(server, machine.clone());
    }

    /// What could not be read, and which checks are off for that: one line each.
    pub(crate) fn gaps(&self) -> Vec<String> {
        self.shared.watching.lock().judge.coverage.gaps()
    }

    /// The fields of Figure 2 that no message has, if one is missing.
    pub(crate) fn renamed(&self) -> Option<&'static str> {
        self.shared.watching.lock().judge.coverage.renamed()
    }

    /// What `server` was last seen as on the wire.
    pub(crate) fn sighting(&self, server: usize) -> Sighting {
        self.shared.watching.lock().judge.sighting(server)
    }

    /// `server` is about to be asked for its state, or to start a command.
    pub(crate) fn asking(&self, server: usize) -> Asked {
        let watching = self.shared.watching.lock();
        let who = watching.judge.present(server);
        Asked { who, known: watching.judge.shown_term(server) }
    }

    /// What it has answered.
    pub(crate) fn told(&self, asked: Asked, state: State) {
        self.judge(|judge| judge.told(asked.who, state.term, state.is_leader, asked.known, now()));
    }

    /// `start` of `server` is about to be given a command.
    pub(crate) fn starting(&self, server: usize, command: &Command) -> Asked {
        self.judge(|judge| {
            judge.starting(server, command);
            Ok(())
        });
        self.asking(server)
    }

    /// Where it has put the command.
    pub(crate) fn started(&self, asked: Asked, started: Started, command: &[u8]) {
        let Started { index, term } = started;
        self.judge(|judge| {
            judge.told(asked.who, term, true, asked.known, now())?;
            judge.started(asked.who.server, (index, term), command, now())
        });
    }

    /// `server` has delivered a command in its `life`; the first is 1.
    pub(crate) fn applied(&self, server: usize, life: u32, index: Index, command: &[u8]) {
        self.judge(|judge| judge.applied(Who { server, life }, index, command, now()));
    }

    /// `server` has delivered a snapshot in its `life`.
    pub(crate) fn applied_snapshot(&self, server: usize, life: u32, index: Index) {
        self.judge(|judge| judge.applied_snapshot(Who { server, life }, index, now()));
    }

    /// The service of `server` is about to hand a snapshot to its Raft.
    pub(crate) fn snapshot_made(&self, server: usize, index: Index, data: &[u8]) {
        self.judge(|judge| {
            judge.snapshot_made(server, index, data);
            Ok(())
        });
    }

    fn judge(&self, event: impl FnOnce(&mut Judge) -> Result<(), Violation>) {
        self.watch(|watching| event(&mut watching.judge));
    }

    fn watch(&self, event: impl FnOnce(&mut Watching) -> Result<(), Violation>) {
        let mut watching = self.shared.watching.lock();
        if watching.is_closed {
            return;
        }
        if let Err(violation) = event(&mut watching) {
            watching.is_closed = true;
            drop(watching);
            self.shared.referee.report(violation);
        }
    }
}

impl Watching {
    fn runs_on(&mut self, machine: u32, who: Who) {
        if self.machines.is_empty() {
            self.first_machine = machine;
        }
        let place = machine.saturating_sub(self.first_machine) as usize;
        if self.machines.len() <= place {
            self.machines.resize(place + 1, None);
        }
        self.machines[place] = Some(who);
    }

    fn on(&self, machine: Option<u32>) -> Option<Who> {
        let place = machine?.checked_sub(self.first_machine)?;
        *self.machines.get(place as usize)?
    }

    fn saved(&mut self, server: usize, snapshot: &[u8]) -> Result<(), Violation> {
        let at: Duration = now();
        if self.judge.store.is_new(server, snapshot)
            && let Some(machine) = self.doomed.remove(&server)
        {
            labrt_host::event::after(Duration::ZERO, move || machine.crash());
        }
        self.judge.saved(server, snapshot, at)
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), Violation> {
        let (message, at) = (&event.message, event.at);
        let number = message.call().0;
        match event.stage {
            Stage::RequestSent => {
                if let Some(who) = self.on(message.caller_machine()) {
                    return self.judge.sent(who, number, message.method(), message.bytes(), at);
                }
            }
            Stage::RequestDispatched => {
                if let Some(who) = self.on(message.called_machine()) {
                    self.judge.dispatched(who.server, number);
                }
            }
            Stage::DuplicateDispatched => {
                let (from, to) =
                    (self.on(message.caller_machine()), self.on(message.called_machine()));
                if let (Some(from), Some(to)) = (from, to) {
                    let (method, bytes) = (message.method(), message.bytes());
                    self.judge.duplicate(to.server, from.server, number, method, bytes);
                }
            }
            Stage::ReplySent => {
                if let Some(who) = self.on(message.called_machine()) {
                    return self.judge.replied(who, number, message.bytes(), at);
                }
            }
            Stage::ReplyDelivered => self.judge.delivered(number),
            // It says nothing of the caller: the first reply may still be on its way.
            Stage::ReplyDropped(Cause::Duplicate) => self.judge.calls.settle(number),
            Stage::RequestDropped(_) | Stage::ReplyDropped(_) => self.judge.over(number),
            Stage::RequestHeld | Stage::ReplyHeld => {}
        }
        Ok(())
    }
}

impl Tap for Checkers {
    fn event(&self, event: &Event<'_>) {
        self.watch(|watching| watching.see(event));
    }
}

/// Sees what one life of a server saves.
struct Saves {
    checkers: Checkers,
    server: usize,
}

impl SaveObserver for Saves {
    fn saved(&self, _raft_state: &[u8], snapshot: &[u8]) {
        self.checkers.watch(|watching| watching.saved(self.server, snapshot));
    }
}
