//! What is tested, as the harness handles it: a Raft without its type.

use std::sync::Arc;

use labapi::{ApplyMsg, KvClerk, KvServer, NotLeader, Persister, Started, State};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;

use super::kv::KvSubmission;

/// What the battery is to test.
///
/// Holds functions instead of types, so that harness and scenarios are compiled once, not once a
/// submission.
///
/// ```no_run
/// # fn main_of<Raft, KvServer, Clerk>() -> std::process::ExitCode
/// # where Raft: labapi::Raft, KvServer: labapi::KvServer, Clerk: labapi::KvClerk {
/// lab_tests::main(lab_tests::Submission::of::<Raft>().with_kv::<KvServer, Clerk>())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Submission {
    pub(crate) make_raft: MakeRaft,
    pub(crate) kv: Option<KvSubmission>,
}

impl Submission {
    /// The submission whose Raft is `R`. It has no key/value service: no test of part 3 passes.
    pub fn of<R: labapi::Raft>() -> Self {
        Self { make_raft: make_raft::<R>, kv: None }
    }

    /// The same, with a key/value service of servers `S` and clerks `C`.
    pub fn with_kv<S: KvServer, C: KvClerk>(self) -> Self {
        Self { kv: Some(KvSubmission::of::<S, C>()), ..self }
    }
}

pub(crate) type MakeRaft =
    fn(Vec<ClientEnd>, usize, Arc<Persister>, Sender<ApplyMsg>) -> Arc<dyn RaftServer>;

fn make_raft<R: labapi::Raft>(
    peers: Vec<ClientEnd>,
    me: usize,
    persister: Arc<Persister>,
    apply: Sender<ApplyMsg>,
) -> Arc<dyn RaftServer> {
    Arc::new(R::make(peers, me, persister, apply))
}

/// A Raft that was made: [`labapi::Raft`] without `make`. All of it runs student code, so it is
/// only ever called on the server's own machine.
pub(crate) trait RaftServer: Send + Sync {
    fn services(&self) -> Vec<Service>;
    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader>;
    fn state(&self) -> State;
    fn snapshot(&self, index: u64, data: Vec<u8>);
    fn kill(&self);
}

impl<R: labapi::Raft> RaftServer for R {
    fn services(&self) -> Vec<Service> {
        labapi::Raft::services(self)
    }

    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader> {
        labapi::Raft::start(self, command)
    }

    fn state(&self) -> State {
        labapi::Raft::state(self)
    }

    fn snapshot(&self, index: u64, data: Vec<u8>) {
        labapi::Raft::snapshot(self, index, data);
    }

    fn kill(&self) {
        labapi::Raft::kill(self);
    }
}
