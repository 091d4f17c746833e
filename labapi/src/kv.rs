//! What a replicated key/value service and its client must offer.

use std::sync::Arc;

use labrpc::{ClientEnd, Service};

use crate::{Persister, State};

/// One server of the replicated key/value service. It makes and owns its Raft.
///
/// Keys and values are strings. A key that was never written reads as the empty string.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key/value server that the battery can run: it does not implement `labapi::KvServer`",
    label = "`labapi::KvServer` is not implemented for `{Self}`",
    note = "write `impl labapi::KvServer for {Self}` with make, services, state and kill; their docs say what each must do"
)]
pub trait KvServer: Sized + Send + Sync + 'static {
    /// Starts server number `me`, from what `persister` holds.
    ///
    /// `peers[i]` leads to server `i` and is what its Raft is given. `snapshot_above` is the size
    /// of the saved Raft state, in bytes, above which a snapshot is due (rule K8); with `None`
    /// the service never makes one.
    ///
    /// Returns quickly: what takes time runs in threads of its own.
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        snapshot_above: Option<usize>,
    ) -> Self;

    /// The RPC services to register with the network: the one that clerks call, and those of the
    /// server's Raft.
    fn services(&self) -> Vec<Service>;

    /// What the server's Raft says of itself: the current term, and whether it believes that it
    /// leads. Returns at once.
    fn state(&self) -> State;

    /// The server is no longer needed: its threads, and those of its Raft, should end soon
    /// (rule S5). Returns without waiting for them.
    fn kill(&self);
}

/// A client of the service. Each operation is tried, at one server after another, until one has
/// answered; it takes effect exactly once (rules K3, K7).
///
/// A clerk makes one operation at a time, hence `&mut`; whoever wants several has several clerks.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clerk that the battery can use: it does not implement `labapi::KvClerk`",
    label = "`labapi::KvClerk` is not implemented for `{Self}`",
    note = "write `impl labapi::KvClerk for {Self}` with make, get, put and append; their docs say what each must do"
)]
pub trait KvClerk: Sized + Send + 'static {
    /// A clerk that reaches server `i` of the cluster through one of the `servers`. **Their order
    /// is shuffled**: which of them leads to which server is not told.
    fn make(servers: Vec<ClientEnd>) -> Self;

    /// The value of `key`, empty if it was never written. Waits until a server has answered.
    fn get(&mut self, key: &str) -> String;

    /// Replaces the value of `key`. Waits until a server has answered.
    fn put(&mut self, key: &str, value: &str);

    /// Adds to the end of the value of `key`. Waits until a server has answered.
    fn append(&mut self, key: &str, value: &str);
}
