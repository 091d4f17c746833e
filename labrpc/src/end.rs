//! The caller's side of a call, and the transport under it.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::error::RpcError;
use crate::message::Message;

/// A line of the program: where a call was made.
pub type Place = &'static Location<'static>;

/// The full name of a method: its service, and its own name there. Prints as `Service.method`.
///
/// Made by [`service!`](crate::service!); only code that inspects messages looks into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodName {
    /// The name of the service: that of the trait.
    pub service: &'static str,
    /// The name of the method in the trait.
    pub method: &'static str,
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service, self.method)
    }
}

/// What carries requests to a server and replies back: the network's side of a [`ClientEnd`].
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the reply. `None` means that none came, for whatever
    /// reason. `place` is the line that called, for messages about it.
    fn call(&self, method: MethodName, args: Vec<u8>, place: Place) -> Option<Vec<u8>>;
}

/// A sending end: it leads to exactly one server, which it cannot choose.
///
/// The network may delay, lose and reorder what goes through it, and cut it off altogether; it
/// looks the same before and after. Cloning is cheap and gives another handle to the same end.
/// May be used by any number of threads at once. Wrap it in a client made by
/// [`service!`](crate::service!) to call something.
#[derive(Clone)]
pub struct ClientEnd {
    transport: Arc<dyn Transport>,
}

impl ClientEnd {
    /// An end over `transport`. In the lab the network makes the ends; a test of one's own may
    /// bring a transport of its own (see the example of the [crate](crate)).
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    /// Calls `method` and waits for its reply. This is what the clients made by
    /// [`service!`](crate::service!) are built on; use those, since they check the types.
    ///
    /// Waits, possibly for seconds: never under a lock (rule L4).
    ///
    /// # Errors
    /// [`RpcError::NoReply`] if no reply came. The other two are mistakes in the message types.
    #[track_caller]
    pub fn call<A: Message, R: Message>(
        &self,
        method: MethodName,
        args: &A,
    ) -> Result<R, RpcError> {
        let place = Location::caller();
        let args = labgob::to_bytes(args).map_err(|source| RpcError::Encode { method, source })?;
        let reply = self.transport.call(method, args, place).ok_or(RpcError::NoReply)?;
        labgob::from_bytes(&reply).map_err(|source| RpcError::Decode { method, source })
    }
}

impl fmt::Debug for ClientEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientEnd").finish_non_exhaustive()
    }
}
