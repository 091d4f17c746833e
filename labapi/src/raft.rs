//! What a Raft must offer.

use std::sync::Arc;

use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;

use crate::{ApplyMsg, Persister};

/// A Raft server, as the battery and the key/value service use it.
///
/// The type is a handle: it usually holds an `Arc` of the state that its threads share. Every
/// method may be called from any thread at any time, and **none of them waits** for other
/// servers, for the disk or for the apply channel; the reasons stand at each.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Raft that the battery can run: it does not implement `labapi::Raft`",
    label = "`labapi::Raft` is not implemented for `{Self}`",
    note = "write `impl labapi::Raft for {Self}` with make, start, state, snapshot, kill and services; their docs say what each must do"
)]
pub trait Raft: Sized + Send + Sync + 'static {
    /// Starts server number `me`, from what `persister` holds.
    ///
    /// * `peers[i]` leads to server `i`. `peers[me]` exists too, and leads to this server; there
    ///   is no reason to use it. The length is the size of the cluster.
    /// * `persister` holds what an earlier life of this server saved last, and nothing at the
    ///   first start. Everything that must survive a crash is saved there.
    /// * `apply` is where committed commands and snapshots are delivered. It is a rendezvous
    ///   channel: a send waits until the service takes the message. So no lock may be held
    ///   during it, since the service may call [`Raft::snapshot`] before it takes the next one
    ///   (rule L4).
    ///
    /// Returns quickly: what takes time runs in threads of its own. The server can be reached by
    /// its peers only after this has returned.
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self;

    /// The RPC services of this server, to be registered with the network: usually one, made by
    /// `into_service` of the trait that `labrpc::service!` gave.
    fn services(&self) -> Vec<Service>;

    /// Asks that `command` be appended to the replicated log.
    ///
    /// Returns at once, without waiting for agreement. There is no promise that the command will
    /// ever be committed, even if this server is the leader: it may lose an election first.
    ///
    /// # Errors
    /// [`NotLeader`] if this server does not believe that it is the leader. Nothing happened then.
    fn start(&self, command: Vec<u8>) -> Result<Started, NotLeader>;

    /// The current term, and whether this server believes that it is the leader. Returns at once.
    fn state(&self) -> State;

    /// The service has made a snapshot of everything up to and including log index `index`; the
    /// log no longer needs to keep that part (Figure 13, rules N1 to N3).
    ///
    /// Called by the thread that receives from the apply channel, between two messages. Returns
    /// without waiting for anything to be received.
    fn snapshot(&self, index: u64, data: Vec<u8>);

    /// The server is no longer needed: its threads should end soon (rule S5).
    ///
    /// Returns without waiting for them. After it nothing more is delivered. A server that
    /// crashes is not told: its threads just stop.
    fn kill(&self);
}

/// Where [`Raft::start`] put a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Started {
    /// The index at which the command will stand, if it is ever committed. The first is 1.
    pub index: u64,
    /// The leader's current term: if another command is committed at `index`, or a term beyond
    /// this one is seen, the command may be lost.
    pub term: u64,
}

/// What [`Raft::state`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The current term of the server; 0 before it knows of any election.
    pub term: u64,
    /// Whether the server believes that it is the leader of that term. It may be wrong: another
    /// may have been elected in a later one.
    pub is_leader: bool,
}

/// The answer of [`Raft::start`] on a server that does not believe that it is the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("this server is not the leader")]
pub struct NotLeader;
