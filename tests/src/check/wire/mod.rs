//! Checkers that watch every step: what is sent, saved, reported and applied, judged as it
//! happens.
//!
//! They read messages by the field names of Figure 2 and Figure 13, without a submission's types.
//! Judged is only what every correct Raft obeys: whatever it sends, in whatever order and how
//! often, saving meanwhile or before; with a round before the vote, with leaders that stick, with
//! snapshots in pieces. **Order is causal, never that of the wire:** arguments are built under the
//! lock and may leave later, after those of a later term. What was shown before a request was
//! dispatched to a server, its handler knows; nothing else is concluded from order.
//!
//! A vote is a reply that grants it, in the request's term. A request with fields beyond
//! Figure 2's is no vote that is judged.
//!
//! [`Checkers::attach`] is the way in, for a cluster of whatever service.
//!
//! | module | what it judges |
//! |---|---|
//! | `terms` | terms never fall, crash or not; replies carry them |
//! | `votes` | one vote a term, a majority for each leader, one leader a term |
//! | `held` | whom a server may vote for, given the end of its own log |
//! | `entries` | one index and term, one entry; leaders only append |
//! | `acks` | success is founded, and what was acknowledged stays, and is saved |
//! | `commits` | commit indexes, by counting; later leaders have what was committed |
//! | `applies` | what is applied was given, and could be known to be committed |
//! | `snapshots` | snapshots belong to their index, sent or saved |
//!
//! | module | what they share |
//! |---|---|
//! | `checkers` | attaching them, and where all that happens comes in |
//! | `judge` | all of them, and what they are told beside messages |
//! | `requests`, `replies` | each message, given to those whom it concerns |
//! | `message` | messages by field name |
//! | `calls`, `by_term` | the calls that are under way; maps by term |
//! | `coverage` | what could not be read, and which checks are off |
//! | `sightings` | role, term and commit index as last seen |

mod acks;
mod applies;
mod by_term;
mod calls;
mod checkers;
mod commits;
mod coverage;
mod entries;
mod held;
mod judge;
mod message;
mod replies;
mod requests;
mod sightings;
mod snapshots;
mod terms;
#[cfg(test)]
mod tests;
mod votes;

pub(crate) use checkers::Checkers;
pub(crate) use sightings::{Role, Sighting};
pub(crate) use snapshots::Snapshots;

use crate::harness::Violation;

/// A term.
type Term = u64;
/// An index of the log; the first is 1.
type Index = u64;

/// The violation, if it is one. Texts are made only then.
#[inline]
fn broken_if(is_broken: bool, violation: impl FnOnce() -> Violation) -> Result<(), Violation> {
    if is_broken { Err(violation()) } else { Ok(()) }
}
