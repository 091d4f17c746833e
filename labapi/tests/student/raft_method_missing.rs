//~ missing: `kill`
use std::sync::Arc;

use labapi::{ApplyMsg, NotLeader, Persister, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;

pub struct MyRaft;

impl labapi::Raft for MyRaft {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self
    }
    fn services(&self) -> Vec<Service> {
        vec![]
    }
    fn start(&self, _: Vec<u8>) -> Result<Started, NotLeader> {
        Err(NotLeader)
    }
    fn state(&self) -> State {
        State { term: 0, is_leader: false }
    }
    fn snapshot(&self, _: u64, _: Vec<u8>) {}
}
