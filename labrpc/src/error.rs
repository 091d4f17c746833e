//! Why a call gave no reply, and why a request could not be handled.

use crate::end::MethodName;

/// Why a call gave no reply.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// No reply came: the request was lost, or the reply was lost, or the server is down or cut
    /// off. These cannot be told apart, and the handler may or may not have run.
    #[error("no reply: the request was lost, the reply was lost, or the server is down")]
    NoReply,
    /// The arguments hold something that labgob refuses to write. Nothing was sent. A mistake in
    /// the argument type, not the network's doing.
    #[error("the arguments of {method} cannot be sent: {source}")]
    Encode {
        /// The method called.
        method: MethodName,
        /// What labgob found.
        source: labgob::EncodeError,
    },
    /// A reply came, and labgob could not read it as the reply type: its `Serialize` and
    /// `Deserialize` do not agree. A mistake in that type, not the network's doing.
    #[error("the reply to {method} cannot be read: {source}")]
    Decode {
        /// The method called.
        method: MethodName,
        /// What labgob found.
        source: labgob::DecodeError,
    },
}

/// Why a request could not be handled. A mistake in the program, not the network's doing; the
/// network ends the run with this text.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The service has no method of this name.
    #[error("service `{service}` has no method `{method}`; it has {}", list(.known))]
    UnknownMethod {
        /// The service asked.
        service: &'static str,
        /// The method asked for.
        method: String,
        /// What the service has.
        known: &'static [&'static str],
    },
    /// The request's bytes are not the argument type of the method.
    #[error("the arguments of {method} cannot be read: {source}")]
    Decode {
        /// The method asked for.
        method: MethodName,
        /// What labgob found.
        source: labgob::DecodeError,
    },
    /// The handler's reply holds something that labgob refuses to write.
    #[error("the reply to {method} cannot be sent: {source}")]
    Encode {
        /// The method asked for.
        method: MethodName,
        /// What labgob found.
        source: labgob::EncodeError,
    },
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
