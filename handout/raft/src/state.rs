//! The state of a server, as Figure 2 lists it. Rules L1, L2, E3, E12.

use labapi::Persister;
use labrt::sync::Arc;

/// Everything that the threads of a server share. Always under its lock.
pub(crate) struct RaftState {
    /// The number of this server, from 0.
    pub(crate) me: usize,
    /// Where what must survive a crash is saved.
    pub(crate) persister: Arc<Persister>,
    /// Set by `kill`. Every thread ends when it sees it (S5).
    pub(crate) killed: bool,
    // 2A, from Figure 2 "Persistent state on all servers": the current term, and who has this
    // server's vote in it. Also what it is at the moment, follower, candidate or leader, and when it
    // loses patience.
    //
    // 2B, persistent: the log. "Volatile state on all servers": up to which index entries are
    // committed, and up to which they were delivered. "Volatile state on leaders": the index to send
    // next to each server, and the highest that each is known to have.
}

impl RaftState {
    /// The state of a server that starts: what `persister` holds, or the beginning (P2).
    pub(crate) fn new(me: usize, persister: Arc<Persister>) -> Self {
        Self { me, persister, killed: false }
    }
}
