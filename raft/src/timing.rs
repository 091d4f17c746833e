//! Durations (part 2A). Rules E4, E9, R3.

use std::ops::RangeInclusive;

use labrt::rand;
use labrt::time::Duration;

/// How long a leader lets a peer go without a message: ten heartbeats a second at most (E9). A
/// lost message is noticed at the next one (R3).
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(100);

/// How long a server waits for a leader before it wants to lead itself: several heartbeats, so
/// that losing one or two does not matter, and far less than the five seconds within which a
/// leader must be replaced, so that a split vote or two do not matter either (E4, E9).
const ELECTION_TIMEOUT_MILLIS: RangeInclusive<u64> = 400..=800;

/// How long the applier waits for its service before it looks whether it is still wanted (S5).
pub(crate) const DELIVERY_PATIENCE: Duration = Duration::from_millis(100);

/// An election timeout, drawn afresh for each wait: servers that ran out of patience together
/// once hardly do so again. Paper §5.2. Rule E4.
pub(crate) fn election_timeout() -> Duration {
    Duration::from_millis(rand::random_range(ELECTION_TIMEOUT_MILLIS))
}
