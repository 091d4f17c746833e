//! The smallest submission that fulfils the contract.
use std::sync::Arc;

use labapi::{ApplyMsg, KvClerk, KvServer, NotLeader, Persister, Raft, Started, State};
use labrpc::{ClientEnd, RpcError, Service};
use labrt::channel::Sender;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct PingArgs {
    pub term: u64,
}
#[derive(Serialize, Deserialize)]
pub struct PingReply {
    pub term: u64,
}

labrpc::service! {
    /// Answers pings.
    pub trait PingRpc {
        /// Answers a ping.
        fn ping(&self, args: PingArgs) -> PingReply;
        /// Several methods, and arguments of any serde type.
        fn echo(&self, args: Vec<Option<String>>,) -> ();
    }
    /// Sends pings.
    pub client PingClient;
}

struct Shared(PingClient);

impl PingRpc for Shared {
    fn ping(&self, args: PingArgs) -> PingReply {
        PingReply { term: args.term }
    }
    fn echo(&self, _: Vec<Option<String>>) {}
}

pub fn ask(end: ClientEnd) -> Option<u64> {
    match PingClient::new(end).ping(&PingArgs { term: 1 }) {
        Ok(reply) => Some(reply.term),
        Err(RpcError::NoReply) => None,
        Err(mistake) => panic!("{mistake}"),
    }
}

pub struct MyRaft(Arc<Shared>);

impl Raft for MyRaft {
    fn make(mut peers: Vec<ClientEnd>, _: usize, persister: Arc<Persister>, apply: Sender<ApplyMsg>) -> Self {
        persister.save(b"state", &persister.snapshot());
        drop(apply);
        Self(Arc::new(Shared(PingClient::new(peers.remove(0)))))
    }
    fn services(&self) -> Vec<Service> {
        vec![Arc::clone(&self.0).into_service()]
    }
    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        let _ = self.0.0.echo(&vec![]);
        Err(NotLeader)
    }
    fn state(&self) -> State {
        State { term: 0, is_leader: false }
    }
    fn snapshot(&self, _: u64, _: Vec<u8>) {}
    fn kill(&self) {}
}

pub struct MyServer(MyRaft);

impl KvServer for MyServer {
    fn make(peers: Vec<ClientEnd>, me: usize, persister: Arc<Persister>, _: Option<usize>) -> Self {
        let (sender, _receiver) = labrt::channel::unbounded();
        Self(MyRaft::make(peers, me, persister, sender))
    }
    fn services(&self) -> Vec<Service> {
        self.0.services()
    }
    fn state(&self) -> State {
        self.0.state()
    }
    fn kill(&self) {
        self.0.kill();
    }
}

pub struct MyClerk;

impl KvClerk for MyClerk {
    fn make(_: Vec<ClientEnd>) -> Self {
        Self
    }
    fn get(&mut self, _: &str) -> String {
        String::new()
    }
    fn put(&mut self, _: &str, _: &str) {}
    fn append(&mut self, _: &str, _: &str) {}
}
