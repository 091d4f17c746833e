//! A small cluster for the tests of this crate: servers on machines of their own, a network that
//! can be made bad, and a record that judges everything that is applied, as it is applied.
//!
//! The battery has a larger one of its own. This one knows only what is needed to work on Raft.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_types)] // The record is the host's: no lab thread is to wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use labapi::{ApplyMsg, NotLeader, Persister, Raft as _, Started, State};
use labrpc_host::{EndSpec, Event, Network, Server, Stage};
use labrt::channel::{self, Receiver};
use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt_host::{LockWatch, Machine, Policy, RunConfig, RunReport};
use raft::Raft;

/// A run takes no notice of how busy the machine is, and a wait under a lock fails it (L4).
pub fn virtual_time(seed: u64) -> RunConfig {
    RunConfig::virtual_time(seed).lock_watch(LockWatch::Strict)
}

/// All scheduling policies, PCT with an early and with a late horizon.
pub const POLICIES: [Policy; 5] = [
    Policy::EveryOperation,
    Policy::Sometimes { one_in: 8 },
    Policy::BlockingOnly,
    Policy::Pct { depth: 3, operations: 5_000 },
    Policy::Pct { depth: 6, operations: 200_000 },
];

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs `body`; a failed run fails the test with the run's own words, seed and policy.
#[track_caller]
pub fn passes(config: &RunConfig, body: impl FnOnce() + Send + 'static) -> RunReport {
    let outcome = labrt_host::run(config, body);
    assert!(outcome.findings.is_empty(), "seed {}: {:?}", config.seed, outcome.findings);
    if let Err(failure) = outcome.result {
        panic!("seed {} under {:?}: {failure}", config.seed, config.policy);
    }
    outcome.report
}

/// Runs `body` under the virtual clock with so many seeds, spread over the policies.
#[track_caller]
pub fn passes_everywhere(seeds: u64, body: impl Fn() + Clone + Send + 'static) {
    for seed in 0..seeds {
        let policy = POLICIES[seed as usize % POLICIES.len()];
        passes(&virtual_time(seed).policy(policy), body.clone());
    }
}

/// What was ever applied, by whomever, and who ever led.
#[derive(Default)]
pub struct Record {
    /// The command at each index. The first server to apply it decides.
    commands: BTreeMap<u64, Vec<u8>>,
    /// For each server, how far its service has come in its current life.
    applied: Vec<u64>,
    leaders: BTreeMap<u64, u64>,
}

impl Record {
    /// Election safety: a term has one leader. Paper §5.2.
    fn led(&mut self, term: u64, leader: u64) {
        let first = *self.leaders.entry(term).or_insert(leader);
        if first != leader {
            labrt_host::fail(format!("servers {first} and {leader} both lead in term {term}"));
        }
    }

    /// State machine safety: an index has one command. Paper §5.4.3.
    fn applies(&mut self, server: usize, index: u64, command: &[u8]) {
        let first = self.commands.entry(index).or_insert_with(|| command.to_vec());
        if first != command {
            labrt_host::fail(format!(
                "server {server} applies {command:?} at {index}, another one applied {first:?}"
            ));
        }
    }
}

/// How often the service takes a snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Snapshots {
    Never,
    EveryTenCommands,
}

struct Slot {
    raft: Option<Raft>,
    machine: Machine,
    persister: Arc<Persister>,
    ends: Vec<String>,
    connected: bool,
    /// It is to crash at a step to come.
    doomed: bool,
}

pub struct Cluster {
    pub network: Network,
    pub record: Arc<Mutex<Record>>,
    snapshots: Snapshots,
    slots: Vec<Slot>,
    lives: usize,
}

impl Cluster {
    /// Servers that have been started, and can reach each other.
    pub fn new(servers: usize, snapshots: Snapshots) -> Self {
        let network = Network::new();
        network.set_long_delays(true);
        let record =
            Arc::new(Mutex::new(Record { applied: vec![0; servers], ..Record::default() }));
        let led = Arc::clone(&record);
        network.tap(move |event: &Event<'_>| watch_leaders(event, &led));
        let slots = (0..servers).map(|server| Slot {
            raft: None,
            machine: Machine::new(format!("server {server}")),
            persister: Arc::default(),
            ends: Vec::new(),
            connected: false,
            doomed: false,
        });
        let mut cluster = Self { network, record, snapshots, slots: slots.collect(), lives: 0 };
        for server in 0..servers {
            cluster.start_server(server);
        }
        for server in 0..servers {
            cluster.connect(server);
        }
        cluster
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn machine(&self, server: usize) -> &Machine {
        &self.slots[server].machine
    }

    pub fn persister(&self, server: usize) -> &Persister {
        &self.slots[server].persister
    }

    pub fn raft(&self, server: usize) -> &Raft {
        self.slots[server].raft.as_ref().expect("the server was started")
    }

    pub fn is_up(&self, server: usize) -> bool {
        !self.slots[server].machine.is_crashed()
    }

    pub fn is_connected(&self, server: usize) -> bool {
        self.slots[server].connected
    }

    /// Ends the server's life, if it has one, and begins another from what was saved. It is cut
    /// off until it is connected.
    pub fn start_server(&mut self, server: usize) {
        self.crash(server);
        self.lives += 1;
        let ends: Vec<_> =
            (0..self.len()).map(|to| format!("life {}: {server} to {to}", self.lives)).collect();
        let slot = &mut self.slots[server];
        slot.machine = Machine::new(format!("server {server}"));
        slot.doomed = false;
        slot.persister = Arc::new(slot.persister.copy());
        slot.ends = ends;
        let ends = slot.ends.iter().enumerate().map(|(to, end)| {
            let spec = EndSpec::new(end.clone()).on(&slot.machine);
            let client = self.network.make_end(spec).expect("a fresh name");
            self.network.connect(end, &format!("server {to}")).expect("it was just made");
            client
        });
        let ends = ends.collect();
        self.record.lock().unwrap().applied[server] = 0;

        let (sender, receiver) = channel::bounded(0);
        let persister = Arc::clone(&slot.persister);
        let raft = slot.machine.call("make", move || Raft::make(ends, server, persister, sender));
        let Ok(raft) = raft else { return };
        let service = Service {
            server,
            raft: raft.clone(),
            record: Arc::clone(&self.record),
            snapshots: self.snapshots,
            commands: Vec::new(),
        };
        slot.machine.spawn("service", move || service.run(&receiver));
        let handlers = Server::new(&slot.machine, raft.services()).expect("one service");
        self.network.add_server(&format!("server {server}"), handlers);
        slot.raft = Some(raft);
    }

    pub fn crash(&mut self, server: usize) {
        self.disconnect(server);
        self.slots[server].machine.crash();
    }

    /// Lets the server crash so many steps from now.
    pub fn crash_after_steps(&mut self, server: usize, steps: u64) {
        let slot = &mut self.slots[server];
        slot.doomed = true;
        slot.machine.crash_at_step(slot.machine.steps() + steps);
    }

    pub fn connect(&mut self, server: usize) {
        self.slots[server].connected = true;
        self.set_links(server);
    }

    pub fn disconnect(&mut self, server: usize) {
        self.slots[server].connected = false;
        self.set_links(server);
    }

    fn set_links(&self, server: usize) {
        for other in 0..self.len() {
            let enabled = self.slots[server].connected && self.slots[other].connected;
            for (from, to) in [(server, other), (other, server)] {
                if let Some(end) = self.slots[from].ends.get(to) {
                    self.network.enable(end, enabled).expect("it was made");
                }
            }
        }
    }

    /// Makes everything good again: all servers up and connected, a reliable network.
    pub fn heal(&mut self) {
        self.network.set_reliable(true);
        self.network.set_long_reordering(false);
        self.network.set_duplicates(None);
        self.network.mend_all();
        for server in 0..self.len() {
            if self.slots[server].doomed || !self.is_up(server) {
                self.start_server(server);
            }
            self.connect(server);
        }
    }

    /// `None` if the server is down.
    pub fn state(&self, server: usize) -> Option<State> {
        let raft = self.slots[server].raft.clone()?;
        let state = self.slots[server].machine.call("state", move || raft.state()).ok()?;
        if state.is_leader {
            self.record.lock().unwrap().led(state.term, server as u64);
        }
        Some(state)
    }

    pub fn start(&self, server: usize, command: &[u8]) -> Result<Started, NotLeader> {
        let raft = self.slots[server].raft.clone().ok_or(NotLeader)?;
        let command = command.to_vec();
        let started = self.slots[server].machine.call("start", move || raft.start(command));
        started.unwrap_or(Err(NotLeader))
    }

    /// The leader of the highest term among the connected servers; waits up to 5 s for one.
    #[track_caller]
    pub fn leader(&self) -> usize {
        let deadline = Instant::now() + ms(5000);
        while Instant::now() < deadline {
            thread::sleep(ms(50));
            let connected = (0..self.len()).filter(|&server| self.is_connected(server));
            let states = connected.filter_map(|server| Some((self.state(server)?, server)));
            let leaders = states.filter(|(state, _)| state.is_leader);
            if let Some((_, leader)) = leaders.max_by_key(|(state, _)| state.term) {
                return leader;
            }
        }
        labrt_host::fail("E9: no leader within five seconds")
    }

    /// No connected server leads.
    pub fn assert_no_leader(&self) {
        for server in (0..self.len()).filter(|&server| self.is_connected(server)) {
            let leads = self.state(server).is_some_and(|state| state.is_leader);
            assert!(!leads, "E7: server {server} leads without a majority");
        }
    }

    /// How many servers have applied `index`.
    pub fn applied_count(&self, index: u64) -> usize {
        let record = self.record.lock().unwrap();
        record.applied.iter().filter(|&&applied| index <= applied).count()
    }

    pub fn applied(&self, server: usize) -> u64 {
        self.record.lock().unwrap().applied[server]
    }

    pub fn command(&self, index: u64) -> Option<Vec<u8>> {
        self.record.lock().unwrap().commands.get(&index).cloned()
    }

    /// Waits until so many servers have applied `index`.
    #[track_caller]
    pub fn wait_applied(&self, index: u64, servers: usize, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.applied_count(index) < servers {
            if deadline <= Instant::now() {
                return false;
            }
            thread::sleep(ms(20));
        }
        true
    }

    /// Has a command agreed upon and applied by so many servers, within ten seconds; its index.
    #[track_caller]
    pub fn agree(&self, command: &[u8], servers: usize) -> u64 {
        let deadline = Instant::now() + ms(10_000);
        while Instant::now() < deadline {
            let mut up = (0..self.len()).filter(|&server| self.is_connected(server));
            match up.find_map(|server| self.start(server, command).ok()) {
                Some(started) => {
                    let applied = self.wait_applied(started.index, servers, ms(2000));
                    if applied && self.command(started.index).as_deref() == Some(command) {
                        return started.index;
                    }
                }
                None => thread::sleep(ms(50)),
            }
        }
        labrt_host::fail(format!("no agreement on {command:?} within ten seconds"))
    }

    /// Requests that were dispatched to a server so far, all servers together.
    pub fn dispatched_count(&self) -> u64 {
        let name = |server| format!("server {server}");
        (0..self.len()).map(|server| self.network.server_count(&name(server)).unwrap()).sum()
    }
}

fn watch_leaders(event: &Event<'_>, record: &Mutex<Record>) {
    if event.stage != Stage::RequestSent || event.message.method().method != "append_entries" {
        return;
    }
    let field = |name| event.message.field(name).and_then(|value| value.as_u64());
    if let (Some(term), Some(leader)) = (field("term"), field("leader_id")) {
        record.lock().unwrap().led(term, leader);
    }
}

/// What stands above one Raft: a list of all commands, which is its snapshot, too.
struct Service {
    server: usize,
    raft: Raft,
    record: Arc<Mutex<Record>>,
    snapshots: Snapshots,
    commands: Vec<Vec<u8>>,
}

impl Service {
    fn run(mut self, deliveries: &Receiver<ApplyMsg>) {
        for message in deliveries {
            match message {
                ApplyMsg::Command { index, command } => self.apply(index, command),
                ApplyMsg::Snapshot { index, data, .. } => self.install(index, &data),
            }
        }
    }

    fn apply(&mut self, index: u64, command: Vec<u8>) {
        let (server, expected) = (self.server, self.commands.len() as u64 + 1);
        if index != expected {
            labrt_host::fail(format!("C3: server {server} applies {index}, not {expected}"));
        }
        let mut record = self.record.lock().unwrap();
        record.applies(server, index, &command);
        record.applied[server] = index;
        drop(record);
        self.commands.push(command);
        if self.snapshots == Snapshots::EveryTenCommands && index % 10 == 9 {
            let data = labgob::to_bytes(&self.commands).expect("lists of bytes can be encoded");
            self.raft.snapshot(index, data);
        }
    }

    fn install(&mut self, index: u64, data: &[u8]) {
        let (server, before) = (self.server, self.commands.len() as u64);
        self.commands = labgob::from_bytes(data).expect("N1: what a service gave to `snapshot`");
        if index != self.commands.len() as u64 || index < before {
            let len = self.commands.len();
            labrt_host::fail(format!(
                "N4: server {server} at {before} gets a snapshot of {index} with {len} commands"
            ));
        }
        let mut record = self.record.lock().unwrap();
        for (index, command) in (1..).zip(&self.commands) {
            record.applies(server, index, command);
        }
        record.applied[server] = index;
    }
}
