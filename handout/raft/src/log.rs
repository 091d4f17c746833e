//! The log (part 2B; in part 2D it no longer begins at index 1).

use serde::{Deserialize, Serialize};

/// One entry of the log. The first index is 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that made it.
    pub term: u64,
    /// What the service gave to `start`.
    pub command: Vec<u8>,
}

// 2B: a type of its own for the log pays off in part 2D, when an index is no longer a place in a
// Vec (N7).
