//! What a clerk asks of a server, and what it is answered (part 3A).

use serde::{Deserialize, Serialize};

labrpc::service! {
    /// What clerks ask of key/value servers.
    pub trait KvRpc {
        /// Does an operation, and answers when it was applied.
        fn operate(&self, request: Request) -> Reply;
    }
    /// Asks one server.
    pub client KvClient;
}

/// One operation of one client. The bytes of a request are also its entry in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which request it is, however often it is sent (K3).
    pub id: RequestId,
    /// What is to be done.
    pub operation: Operation,
}

/// What tells requests apart (K3, K4). Two requests never have the same; a request that is sent
/// again keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// Whose request it is: a number that no other clerk has.
    pub client: u64,
    /// Which of the client's, counted from 1.
    pub number: u64,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Reads a key.
    Get {
        /// The key.
        key: String,
    },
    /// Replaces the value of a key.
    Put {
        /// The key.
        key: String,
        /// Its value from now on.
        value: String,
    },
    /// Adds to the end of the value of a key.
    Append {
        /// The key.
        key: String,
        /// What is added.
        value: String,
    },
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It was applied.
    Applied {
        /// What a get has read; of the others the empty string.
        value: String,
    },
    /// Not as far as this server knows, and another one may know more: ask there, under the same
    /// number, since it may still be applied (K2).
    Retry,
}
