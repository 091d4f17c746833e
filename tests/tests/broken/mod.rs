//! Rafts that break one rule each, as small as can be.

mod votes;

use std::hint::black_box;
use std::sync::Arc;

use labapi::{ApplyMsg, NotLeader, Persister, Raft, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;

pub(crate) use votes::VotesForAll;

/// Nobody ever stands for election (E2).
pub(crate) struct NeverElects;

impl Raft for NeverElects {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self
    }

    fn services(&self) -> Vec<Service> {
        Vec::new()
    }

    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        Err(NotLeader)
    }

    fn state(&self) -> State {
        State { term: 0, is_leader: false }
    }

    fn snapshot(&self, _: u64, _: Vec<u8>) {}

    fn kill(&self) {}
}

/// Every server leads term 1 from the beginning (E5).
pub(crate) struct AllLead;

impl Raft for AllLead {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self
    }

    fn services(&self) -> Vec<Service> {
        Vec::new()
    }

    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        Err(NotLeader)
    }

    fn state(&self) -> State {
        State { term: 1, is_leader: true }
    }

    fn snapshot(&self, _: u64, _: Vec<u8>) {}

    fn kill(&self) {}
}

/// Its thread finds out that something cannot be (C2).
pub(crate) struct BreaksAnAssertion;

impl Raft for BreaksAnAssertion {
    fn make(_: Vec<ClientEnd>, me: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            assert_eq!(me, 3, "C2: only a leader counts replicas");
        });
        Self
    }

    fn services(&self) -> Vec<Service> {
        Vec::new()
    }

    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        Err(NotLeader)
    }

    fn state(&self) -> State {
        State { term: 0, is_leader: false }
    }

    fn snapshot(&self, _: u64, _: Vec<u8>) {}

    fn kill(&self) {}
}

/// Its ticker loops, and calls nothing of labrt in there.
pub(crate) struct LoopsForEver;

impl Raft for LoopsForEver {
    fn make(_: Vec<ClientEnd>, me: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            let mut leader = me;
            while black_box(leader) == me {
                leader = black_box(me);
            }
        });
        Self
    }

    fn services(&self) -> Vec<Service> {
        Vec::new()
    }

    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        Err(NotLeader)
    }

    fn state(&self) -> State {
        State { term: 0, is_leader: false }
    }

    fn snapshot(&self, _: u64, _: Vec<u8>) {}

    fn kill(&self) {}
}

/// A candidate whose election fails stands again, from within the election.
pub(crate) struct StandsAgainForEver;

#[allow(unconditional_recursion)]
fn stand_for_election(term: u64) -> u64 {
    black_box(stand_for_election(black_box(term + 1))) + 1
}

impl Raft for StandsAgainForEver {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(100));
            stand_for_election(1)
        });
        Self
    }

    fn services(&self) -> Vec<Service> {
        Vec::new()
    }

    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        Err(NotLeader)
    }

    fn state(&self) -> State {
        State { term: 0, is_leader: false }
    }

    fn snapshot(&self, _: u64, _: Vec<u8>) {}

    fn kill(&self) {}
}

/// Server 0 leads term 1, and applies at once what it is given; the others never hear of it (C4).
pub(crate) struct AppliesAlone {
    me: usize,
    given: Sender<Vec<u8>>,
    count: Mutex<u64>,
}

impl Raft for AppliesAlone {
    fn make(_: Vec<ClientEnd>, me: usize, _: Arc<Persister>, apply: Sender<ApplyMsg>) -> Self {
        let (given, taken) = labrt::channel::unbounded();
        thread::spawn(move || {
            for (index, command) in (1..).zip(&taken) {
                let _ = apply.send(ApplyMsg::Command { index, command });
            }
        });
        Self { me, given, count: Mutex::new(0) }
    }

    fn services(&self) -> Vec<Service> {
        Vec::new()
    }

    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        if self.me != 0 {
            return Err(NotLeader);
        }
        let mut count = self.count.lock();
        *count += 1;
        let _ = self.given.send(command);
        Ok(Started { index: *count, term: 1 })
    }

    fn state(&self) -> State {
        State { term: 1, is_leader: self.me == 0 }
    }

    fn snapshot(&self, _: u64, _: Vec<u8>) {}

    fn kill(&self) {}
}

labrpc::service! {
    /// Takes entries from server 0, several at once.
    pub(crate) trait Follower {
        /// The next entries.
        fn deliver(&self, args: Vec<(u64, Vec<u8>)>) -> ();
    }
    /// Sends entries.
    pub(crate) client FollowerClient;
}

/// Server 0 leads term 1 and sends every command to all, itself included; each delivers it while
/// it holds its lock (L4).
pub(crate) struct DeliversUnderTheLock {
    me: usize,
    given: Sender<Vec<u8>>,
    count: Mutex<u64>,
    log: Arc<LockedLog>,
}

struct LockedLog {
    last: Mutex<u64>,
    apply: Sender<ApplyMsg>,
}

impl Follower for LockedLog {
    fn deliver(&self, entries: Vec<(u64, Vec<u8>)>) {
        let mut last = self.last.lock();
        for (index, command) in entries {
            let _ = self.apply.send(ApplyMsg::Command { index, command });
            *last = index;
        }
    }
}

impl Raft for DeliversUnderTheLock {
    fn make(peers: Vec<ClientEnd>, me: usize, _: Arc<Persister>, apply: Sender<ApplyMsg>) -> Self {
        let (given, taken) = labrt::channel::unbounded();
        let peers: Vec<_> = peers.into_iter().map(FollowerClient::new).collect();
        thread::spawn(move || {
            let mut indexes = 1..;
            while let Ok(first) = taken.recv() {
                // What is given in the next moment goes with it.
                thread::sleep(Duration::from_millis(5));
                let commands = std::iter::once(first).chain(taken.try_iter());
                let entries: Vec<_> = commands.zip(indexes.by_ref()).map(|(c, i)| (i, c)).collect();
                for peer in &peers {
                    while peer.deliver(&entries).is_err() {}
                }
            }
        });
        let log = Arc::new(LockedLog { last: Mutex::new(0), apply });
        Self { me, given, count: Mutex::new(0), log }
    }

    fn services(&self) -> Vec<Service> {
        vec![self.log.clone().into_service()]
    }

    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        if self.me != 0 {
            return Err(NotLeader);
        }
        let mut count = self.count.lock();
        *count += 1;
        let _ = self.given.send(command);
        Ok(Started { index: *count, term: 1 })
    }

    fn state(&self) -> State {
        State { term: 1, is_leader: self.me == 0 }
    }

    fn snapshot(&self, index: u64, _: Vec<u8>) {
        let last = self.log.last.lock();
        assert!(index <= *last, "N9: a snapshot of what was delivered");
    }

    fn kill(&self) {}
}
