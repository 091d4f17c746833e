//! What a clerk asks of a server, and what it is answered (part 3A).

use serde::{Deserialize, Serialize};

labrpc::service! {
    /// What clerks ask of key/value servers.
    pub trait KvRpc {
        /// Does an operation, and answers when it was applied (K9).
        fn operate(&self, request: Request) -> Reply;
    }
    /// Asks one server. `client.operate(&request)` waits, and gives the reply or
    /// [`labrpc::RpcError::NoReply`].
    pub client KvClient;
}

/// One operation of one client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// What is to be done.
    pub operation: Operation,
    // 3A: what tells this request from all others, however often it is sent (K3)?
}

/// What can be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It was applied.
    Applied {
        /// What a get has read; of the others the empty string.
        value: String,
    },
    /// Not here: ask another server (K2).
    Retry,
}
