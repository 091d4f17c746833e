//! A Raft that does nothing, so that those made from it say only what they do.

use std::sync::Arc;

use lab_tests::Submission;
use labapi::{ApplyMsg, NotLeader, Persister, Raft, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;

/// What a Raft of these tests does. What it leaves out, nobody does: it hears nothing, leads
/// nobody and applies nothing.
pub(crate) trait Behaviour: Sized + Send + Sync + 'static {
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self;

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
}

/// A submission whose Raft does what `B` does, and nothing else.
pub(crate) fn submission<B: Behaviour>() -> Submission {
    Submission::of::<Idle<B>>()
}

struct Idle<B>(B);

impl<B: Behaviour> Raft for Idle<B> {
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        Self(B::make(peers, me, persister, apply))
    }

    fn services(&self) -> Vec<Service> {
        self.0.services()
    }

    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        self.0.start(command)
    }

    fn state(&self) -> State {
        self.0.state()
    }

    fn snapshot(&self, index: u64, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {}
}
