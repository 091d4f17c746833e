//! A small cluster for the tests of this crate: servers on machines of their own, clerks, and a
//! network that can be made bad.
//!
//! The battery has a larger one of its own. This one knows only what is needed to work on a
//! key/value service.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::sync::Arc;

use kvraft::{Clerk, KvServer};
use labapi::{KvClerk as _, KvServer as _, Persister, SaveObserver};
use labrpc::ClientEnd;
use labrpc_host::{Delay, EndSpec, Network, Server};
use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt_host::{LockWatch, Machine, RunConfig};

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs `body` under the virtual clock with so many seeds; a wait under a lock fails it (L4). A
/// failed run fails the test with the run's own words.
#[track_caller]
pub fn passes(seeds: u64, body: impl Fn() + Clone + Send + 'static) {
    for seed in 0..seeds {
        let config = RunConfig::virtual_time(seed).lock_watch(LockWatch::Strict);
        let outcome = labrt_host::run(&config, body.clone());
        assert!(outcome.findings.is_empty(), "seed {seed}: {:?}", outcome.findings);
        if let Err(failure) = outcome.result {
            panic!("seed {seed}: {failure}");
        }
    }
}

struct Slot {
    server: Option<KvServer>,
    machine: Machine,
    persister: Arc<Persister>,
    observer: Option<Arc<dyn SaveObserver>>,
    life: u32,
}

pub struct Cluster {
    pub network: Network,
    /// What servers are told that are started from now on.
    pub snapshot_above: Option<usize>,
    slots: Vec<Slot>,
    clerks: usize,
}

impl Cluster {
    /// Servers that have been started, and can reach each other.
    pub fn new(servers: usize, snapshot_above: Option<usize>) -> Self {
        let network = Network::new();
        network.set_latency(Delay::uniform(ms(1), ms(2)));
        let slot = |server| Slot {
            server: None,
            machine: Machine::new(name(server)),
            persister: Arc::default(),
            observer: None,
            life: 0,
        };
        let slots = (0..servers).map(slot).collect();
        let mut cluster = Self { network, snapshot_above, slots, clerks: 0 };
        (0..servers).for_each(|server| cluster.start(server));
        cluster
    }

    /// From its next life on, what `server` saves is shown to `observer`.
    pub fn observe(&mut self, server: usize, observer: Arc<dyn SaveObserver>) {
        self.slots[server].observer = Some(observer);
    }

    pub fn persister(&self, server: usize) -> &Persister {
        &self.slots[server].persister
    }

    /// Ends the server's life and begins another from what was saved, connected to all.
    pub fn start(&mut self, server: usize) {
        self.crash(server);
        let servers = self.slots.len();
        let slot = &mut self.slots[server];
        slot.life += 1;
        slot.machine = Machine::new(name(server));
        let copy = slot.persister.copy();
        slot.persister = Arc::new(match &slot.observer {
            Some(observer) => copy.observed_by(observer.clone()),
            None => copy,
        });
        let ends: Vec<ClientEnd> = (0..servers)
            .map(|to| {
                let end = format!("{server} to {to}, life {}", slot.life);
                end_to(&self.network, &end, &slot.machine, to)
            })
            .collect();
        let (persister, snapshot_above) = (slot.persister.clone(), self.snapshot_above);
        let make = move || KvServer::make(ends, server, persister, snapshot_above);
        let made = slot.machine.call("make", make).expect("it has not crashed");
        let handlers = Server::new(&slot.machine, made.services()).expect("different services");
        self.network.add_server(&name(server), handlers);
        slot.server = Some(made);
    }

    pub fn crash(&mut self, server: usize) {
        self.slots[server].machine.crash();
    }

    /// Stops everything between `server` and the others, both ways. Clerks still reach it.
    pub fn cut_off(&self, server: usize) {
        for other in (0..self.slots.len()).filter(|other| *other != server) {
            self.network.cut(&name(server), &name(other)).expect("they exist");
            self.network.cut(&name(other), &name(server)).expect("they exist");
        }
    }

    /// The leader; waits up to five seconds for one.
    pub fn leader(&self) -> usize {
        let deadline = Instant::now() + ms(5000);
        while Instant::now() < deadline {
            let leads = |slot: &Slot| {
                let server = slot.server.clone().expect("it was started");
                slot.machine
                    .call("state", move || server.state())
                    .is_ok_and(|state| state.is_leader)
            };
            if let Some(leader) = self.slots.iter().position(leads) {
                return leader;
            }
            thread::sleep(ms(20));
        }
        labrt_host::fail("nobody leads after five seconds")
    }

    /// A clerk that reaches the servers of `to`.
    pub fn clerk(&mut self, to: &[usize]) -> Clerk {
        self.clerks += 1;
        let machine = Machine::new(format!("clerk {}", self.clerks));
        let end = |to: &usize| {
            let end = format!("clerk {} to {to}", self.clerks);
            end_to(&self.network, &end, &machine, *to)
        };
        Clerk::make(to.iter().map(end).collect())
    }
}

fn name(server: usize) -> String {
    format!("server {server}")
}

fn end_to(network: &Network, end: &str, machine: &Machine, to: usize) -> ClientEnd {
    let made = network.make_end(EndSpec::new(end).on(machine)).expect("a fresh name");
    network.connect(end, &name(to)).expect("it was just made");
    network.enable(end, true).expect("it was just made");
    made
}
