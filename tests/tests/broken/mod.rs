//! Rafts that break one rule each, as small as can be.

#[path = "../common/idle.rs"]
mod idle;
mod votes;

use std::hint::black_box;
use std::sync::Arc;

use labapi::{ApplyMsg, NotLeader, Persister, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::{Receiver, Sender, unbounded};
use labrt::sync::Mutex;
use labrt::thread::{self, Builder};
use labrt::time::Duration;

pub(crate) use idle::{Behaviour, submission};
pub(crate) use votes::VotesForAll;

/// Nobody ever stands for election (E2).
pub(crate) struct NeverElects;

impl Behaviour for NeverElects {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self
    }
}

/// Every server leads term 1 from the beginning (E5).
pub(crate) struct AllLead;

impl Behaviour for AllLead {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self
    }

    fn state(&self) -> State {
        State { term: 1, is_leader: true }
    }
}

/// Its thread finds out that something cannot be (C2).
pub(crate) struct BreaksAnAssertion;

impl Behaviour for BreaksAnAssertion {
    fn make(_: Vec<ClientEnd>, me: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        let breaks = move || {
            thread::sleep(Duration::from_millis(100));
            assert_eq!(me, 3, "C2: only a leader counts replicas");
        };
        Builder::new().name("ticker".to_owned()).spawn(breaks).expect("a run gives threads");
        Self
    }
}

/// Nobody ever stands for election, and a thread sleeps while it holds a lock (L4).
pub(crate) struct SleepsUnderTheLock;

impl Behaviour for SleepsUnderTheLock {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        thread::spawn(|| {
            let lock = Mutex::new(());
            let _held = lock.lock();
            thread::sleep(Duration::from_secs(3600));
        });
        Self
    }
}

/// Its ticker loops, and calls nothing of labrt in there.
pub(crate) struct LoopsForEver;

impl Behaviour for LoopsForEver {
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
}

/// A candidate whose election fails stands again, from within the election.
pub(crate) struct StandsAgainForEver;

#[allow(unconditional_recursion)]
fn stand_for_election(term: u64) -> u64 {
    black_box(stand_for_election(black_box(term + 1))) + 1
}

impl Behaviour for StandsAgainForEver {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(100));
            stand_for_election(1)
        });
        Self
    }
}

/// Server 0 leads term 1 from the beginning, and takes all commands.
struct ServerZero {
    me: usize,
    given: Sender<Vec<u8>>,
    count: Mutex<u64>,
}

impl ServerZero {
    /// As server `me` sees it, and what it is given there.
    fn of(me: usize) -> (Self, Receiver<Vec<u8>>) {
        let (given, taken) = unbounded();
        (Self { me, given, count: Mutex::new(0) }, taken)
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
}

/// Server 0 leads term 1, and applies at once what it is given; the others never hear of it (C4).
pub(crate) struct AppliesAlone {
    leader: ServerZero,
}

impl Behaviour for AppliesAlone {
    fn make(_: Vec<ClientEnd>, me: usize, _: Arc<Persister>, apply: Sender<ApplyMsg>) -> Self {
        let (leader, taken) = ServerZero::of(me);
        thread::spawn(move || {
            for (index, command) in (1..).zip(&taken) {
                let _ = apply.send(ApplyMsg::Command { index, command });
            }
        });
        Self { leader }
    }

    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        self.leader.start(command)
    }

    fn state(&self) -> State {
        self.leader.state()
    }
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
    leader: ServerZero,
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

impl Behaviour for DeliversUnderTheLock {
    fn make(peers: Vec<ClientEnd>, me: usize, _: Arc<Persister>, apply: Sender<ApplyMsg>) -> Self {
        let (leader, taken) = ServerZero::of(me);
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
        Self { leader, log }
    }

    fn services(&self) -> Vec<Service> {
        vec![self.log.clone().into_service()]
    }

    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        self.leader.start(command)
    }

    fn state(&self) -> State {
        self.leader.state()
    }

    fn snapshot(&self, index: u64, _: Vec<u8>) {
        let last = self.log.last.lock();
        assert!(index <= *last, "N9: a snapshot of what was delivered");
    }
}
