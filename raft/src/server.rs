//! What the threads of a server share: its peers, the state under its lock, and whom to wake.
//! Rules L1, L4, S2.

use std::ops::{Deref, DerefMut};

use labrt::sync::{Condvar, Mutex, MutexGuard};
use labrt::time::Instant;

use crate::invariants::Observed;
use crate::rpc::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftRpc, RequestVoteArgs, RequestVoteReply,
};
use crate::state::RaftState;

/// One server. Its methods take the lock themselves, so none is called with the lock held (L6);
/// those of [`RaftState`] are what is done under it.
pub(crate) struct Server {
    /// The way to each server, by number; this one's own is not used.
    pub(crate) peers: Vec<RaftClient>,
    state: Mutex<RaftState>,

    /// The ticker waits here for its deadline. Notified by `kill`.
    pub(crate) ticker: Condvar,
    /// The replicator waits here for its next heartbeat. Notified when there is something to send
    /// before: a new entry, an election won, a reply that makes room. And by `kill`.
    pub(crate) replicator: Condvar,
    /// The applier waits here. Notified when `commit_index` moved (S2, C4), and by `kill`.
    pub(crate) applier: Condvar,
}

impl Server {
    /// A server in `state`. No thread runs yet.
    pub(crate) fn new(peers: Vec<RaftClient>, state: RaftState) -> Self {
        Self {
            peers,
            state: Mutex::new(state),
            ticker: Condvar::new(),
            replicator: Condvar::new(),
            applier: Condvar::new(),
        }
    }

    /// Takes the lock: begins a critical section, at whose end the invariants hold again.
    #[track_caller]
    pub(crate) fn lock(&self) -> StateGuard<'_> {
        let state = self.state.lock();
        let observed = Observed::at_acquire(&state);
        StateGuard { state, observed }
    }

    /// Tells the applier that `commit_index` moved (S2, C4).
    #[track_caller]
    pub(crate) fn wake_applier(&self, state: &mut RaftState) {
        state.announced_commit = state.commit_index;
        self.applier.notify_one();
    }

    /// Tells the replicator that there may be something to send before the next heartbeat.
    #[track_caller]
    pub(crate) fn wake_replicator(&self) {
        self.replicator.notify_one();
    }
}

/// The RPC handlers, each in the file of its part.
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

/// The right to the state. Whenever it is given back, for good or for a wait, the invariants are
/// checked (debug builds only).
pub(crate) struct StateGuard<'a> {
    state: MutexGuard<'a, RaftState>,
    observed: Option<Observed>,
}

impl StateGuard<'_> {
    /// Gives the lock back until `condition` is notified, and takes it again.
    #[track_caller]
    pub(crate) fn wait(&mut self, condition: &Condvar) {
        self.check();
        condition.wait(&mut self.state);
        self.observed = Observed::at_acquire(&self.state);
    }

    /// As [`wait`](Self::wait), until `deadline` at the latest.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, condition: &Condvar, deadline: Instant) {
        self.check();
        condition.wait_until(&mut self.state, deadline);
        self.observed = Observed::at_acquire(&self.state);
    }

    /// As [`wait`](Self::wait), again and again while `waits` says so.
    #[track_caller]
    pub(crate) fn wait_while(&mut self, condition: &Condvar, waits: impl Fn(&RaftState) -> bool) {
        self.check();
        condition.wait_while(&mut self.state, |state| waits(state));
        self.observed = Observed::at_acquire(&self.state);
    }

    fn check(&self) {
        if let Some(observed) = &self.observed {
            observed.check_at_release(&self.state);
        }
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        // A thread that is being ended may have been stopped half-way through.
        if !std::thread::panicking() {
            self.check();
        }
    }
}

impl Deref for StateGuard<'_> {
    type Target = RaftState;
    fn deref(&self) -> &RaftState {
        &self.state
    }
}

impl DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut RaftState {
        &mut self.state
    }
}
