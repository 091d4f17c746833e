//! What the threads of a server share: its peers, and the state under its lock. Rules L1 to L7.

use labapi::ApplyMsg;
use labrt::channel::Sender;
use labrt::sync::Mutex;

use crate::rpc::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftRpc, RequestVoteArgs, RequestVoteReply,
};
use crate::state::RaftState;

/// One server.
pub(crate) struct Server {
    /// The way to each server, by number. A call waits for the reply, or for the network to give
    /// up: never under the lock (L4), and each in a thread of its own (S3).
    pub(crate) peers: Vec<RaftClient>,
    /// Everything that changes, under one lock (L1, L2).
    pub(crate) state: Mutex<RaftState>,
    /// Where what is committed goes. A send waits until the service takes it (L4).
    pub(crate) apply: Sender<ApplyMsg>,
    // A `labrt::sync::Condvar` for each thread that waits for something goes here.
}

impl Server {
    /// A server in `state`. No thread runs yet.
    pub(crate) fn new(peers: Vec<RaftClient>, state: RaftState, apply: Sender<ApplyMsg>) -> Self {
        Self { peers, state: Mutex::new(state), apply }
    }
}

/// The RPC handlers. The network calls each in a thread of its own, many at a time.
impl RaftRpc for Server {
    fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        self.handle_request_vote(args)
    }

    fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        self.handle_append_entries(args)
    }

    fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        self.handle_install_snapshot(args)
    }
}
