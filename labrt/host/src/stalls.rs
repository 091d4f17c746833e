//! Threads that a machine leaves without a processor for a while.

use std::time::Duration;

/// How often and for how long the threads of a machine are stalled
/// ([`Machine::stall`](crate::Machine::stall)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalls {
    /// How many locks are taken, and values sent, on average, for each time that a thread is
    /// stalled; at least 1.
    pub one_in: u32,
    /// How long that takes at most: any time up to it is as likely.
    pub longest: Duration,
}
