//! How a leader sends to one peer: at once, or after an answer (part 2B). Rules B4, C5, R3, N6.
//!
//! ```text
//!             a message, or a snapshot
//!    Probe ────────────────────────────> Wait
//!      ^                                   │ all that was sent is acknowledged
//!      │ a refusal                         v
//!      └──────────── Wait, Stream <──── Stream ──┐ more messages, without waiting,
//!                                          ^─────┘ up to a number of entries
//! ```
//!
//! Optimism is for peers that are known to follow. One that has just refused would refuse all
//! that is sent in the meantime, too, so it gets one message and is listened to.

use labrt::time::Instant;

/// Whether to send more at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Where the peer's log parts from ours is a guess: one message may go, the next waits for it.
    Probe,
    /// That message is under way. Until all that was sent is acknowledged, there are heartbeats
    /// only; one of them is refused if it was lost.
    Wait,
    /// The peer follows: messages go out without waiting for the replies to those before.
    Stream,
}

/// What a leader remembers of a peer beside next and match index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Whether to send more at once.
    pub(crate) pace: Pace,
    /// How often next index fell back so far. A refusal of something sent before the last time
    /// tells nothing new, and must not make it fall back again (L5, S4).
    pub(crate) fall_back_count: u64,
    /// When the peer must hear from us again (E9).
    pub(crate) heartbeat_due: Instant,
}

impl Progress {
    /// A peer of a new leader: a heartbeat is due at once, and shows whether the logs agree.
    pub(crate) fn new(now: Instant) -> Self {
        Self { pace: Pace::Probe, fall_back_count: 0, heartbeat_due: now }
    }
}
