//! Key/value services that break one rule each, as small as can be: server 0 does everything, and
//! there is no Raft.

#[path = "../common/idle.rs"]
mod idle;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use labapi::{ApplyMsg, KvClerk, KvServer, Persister, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;
use serde::{Deserialize, Serialize};

use idle::Behaviour;
pub(crate) use idle::submission;

/// What a service of one server does wrong.
pub(crate) trait Mistake: Send + Sync + 'static {
    /// How long an operation takes.
    const TAKES: Duration = Duration::ZERO;
    /// Whether a request that arrives twice is done twice (K3).
    const REPEATS: bool = false;
    /// Whether a get reads what was true some operations ago (K1).
    const STALE: bool = false;
    /// Whether any server answers, from a map of its own (K1).
    const ALONE: bool = false;
}

/// Does nothing wrong, as long as nothing goes wrong.
pub(crate) struct Nothing;
impl Mistake for Nothing {}

/// Does each request as often as it arrives (K3).
pub(crate) struct Repeats;
impl Mistake for Repeats {
    const REPEATS: bool = true;
}

/// Reads old values now and then (K1).
pub(crate) struct Stale;
impl Mistake for Stale {
    const STALE: bool = true;
}

/// Every server has a map of its own (K1).
pub(crate) struct Alone;
impl Mistake for Alone {
    const ALONE: bool = true;
}

/// Takes its time (K10).
pub(crate) struct Slow;
impl Mistake for Slow {
    const TAKES: Duration = Duration::from_millis(50);
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    client: u64,
    number: u64,
    key: String,
    write: Option<Write>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Write {
    Put(String),
    Append(String),
}

labrpc::service! {
    /// Does operations.
    pub(crate) trait Doing {
        /// What was read; nothing if another server has to be asked.
        fn operate(&self, request: Request) -> Option<String>;
    }
    /// Asks for operations.
    pub(crate) client DoingClient;
}

/// A server with mistake `M`.
pub(crate) struct Server<M>(Arc<Shared<M>>);

struct Shared<M> {
    me: usize,
    map: Mutex<Map>,
    mistake: PhantomData<M>,
}

#[derive(Default)]
struct Map {
    values: BTreeMap<String, String>,
    old_values: BTreeMap<String, String>,
    last: BTreeMap<u64, u64>,
    count: u64,
}

impl<M: Mistake> Doing for Shared<M> {
    fn operate(&self, request: Request) -> Option<String> {
        if self.me != 0 && !M::ALONE {
            return None;
        }
        if !M::TAKES.is_zero() {
            thread::sleep(M::TAKES);
        }
        let Request { client, number, key, write } = request;
        let map = &mut *self.map.lock();
        map.count += 1;
        let known = map.last.insert(client, number) == Some(number) && !M::REPEATS;
        let value = map.values.entry(key.clone()).or_default();
        match write.filter(|_| !known) {
            Some(Write::Put(new)) => *value = new,
            Some(Write::Append(more)) => value.push_str(&more),
            None if M::STALE && map.count.is_multiple_of(50) => {
                return Some(map.old_values.get(&key).cloned().unwrap_or_default());
            }
            None => {}
        }
        if map.count.is_multiple_of(20) {
            map.old_values = map.values.clone();
        }
        map.values.get(&key).cloned()
    }
}

impl<M: Mistake> KvServer for Server<M> {
    fn make(_: Vec<ClientEnd>, me: usize, _: Arc<Persister>, _: Option<usize>) -> Self {
        Self(Arc::new(Shared { me, map: Mutex::default(), mistake: PhantomData }))
    }

    fn services(&self) -> Vec<Service> {
        vec![self.0.clone().into_service()]
    }

    fn state(&self) -> State {
        State { term: 1, is_leader: self.0.me == 0 }
    }

    fn kill(&self) {}
}

/// Asks one server after the other.
pub(crate) struct Clerk {
    servers: Vec<DoingClient>,
    client: u64,
    number: u64,
}

impl Clerk {
    fn operate(&mut self, key: &str, write: Option<Write>) -> String {
        self.number += 1;
        loop {
            for server in &self.servers {
                let (key, write) = (key.to_owned(), write.clone());
                let request = Request { client: self.client, number: self.number, key, write };
                if let Ok(Some(value)) = server.operate(&request) {
                    return value;
                }
            }
        }
    }
}

impl KvClerk for Clerk {
    fn make(servers: Vec<ClientEnd>) -> Self {
        let servers = servers.into_iter().map(DoingClient::new).collect();
        Self { servers, client: labrt::rand::random(), number: 0 }
    }

    fn get(&mut self, key: &str) -> String {
        self.operate(key, None)
    }

    fn put(&mut self, key: &str, value: &str) {
        self.operate(key, Some(Write::Put(value.to_owned())));
    }

    fn append(&mut self, key: &str, value: &str) {
        self.operate(key, Some(Write::Append(value.to_owned())));
    }
}

/// There is none: what the tests of part 3 need for a submission.
pub(crate) struct NoRaft;

impl Behaviour for NoRaft {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self
    }
}
