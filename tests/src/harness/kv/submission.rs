//! The key/value service under test, as the harness handles it: without its types.

use std::sync::Arc;

use labapi::{KvClerk, KvServer, Persister, State};
use labrpc::{ClientEnd, Service};

/// How to make a server and a clerk of a submission.
#[derive(Clone, Copy)]
pub(crate) struct KvSubmission {
    pub(crate) make_server: MakeServer,
    pub(crate) make_clerk: fn(Vec<ClientEnd>) -> Box<dyn Clerk>,
}

pub(crate) type MakeServer =
    fn(Vec<ClientEnd>, usize, Arc<Persister>, Option<usize>) -> Arc<dyn Server>;

impl KvSubmission {
    pub(crate) fn of<S: KvServer, C: KvClerk>() -> Self {
        Self { make_server: make_server::<S>, make_clerk: make_clerk::<C> }
    }
}

fn make_server<S: KvServer>(
    peers: Vec<ClientEnd>,
    me: usize,
    persister: Arc<Persister>,
    snapshot_above: Option<usize>,
) -> Arc<dyn Server> {
    Arc::new(S::make(peers, me, persister, snapshot_above))
}

fn make_clerk<C: KvClerk>(servers: Vec<ClientEnd>) -> Box<dyn Clerk> {
    Box::new(C::make(servers))
}

/// A server that was made: [`KvServer`] without `make`. Only ever called on its own machine.
pub(crate) trait Server: Send + Sync {
    fn services(&self) -> Vec<Service>;
    fn state(&self) -> State;
    fn kill(&self);
}

impl<S: KvServer> Server for S {
    fn services(&self) -> Vec<Service> {
        KvServer::services(self)
    }

    fn state(&self) -> State {
        KvServer::state(self)
    }

    fn kill(&self) {
        KvServer::kill(self);
    }
}

/// A clerk that was made: [`KvClerk`] without `make`. Only ever called on its client's machine.
pub(crate) trait Clerk: Send {
    fn get(&mut self, key: &str) -> String;
    fn put(&mut self, key: &str, value: &str);
    fn append(&mut self, key: &str, value: &str);
}

impl<C: KvClerk> Clerk for C {
    fn get(&mut self, key: &str) -> String {
        KvClerk::get(self, key)
    }

    fn put(&mut self, key: &str, value: &str) {
        KvClerk::put(self, key, value);
    }

    fn append(&mut self, key: &str, value: &str) {
        KvClerk::append(self, key, value);
    }
}
