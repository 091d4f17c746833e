//! What is asked of a cluster: by scenarios, when they want to know, and by checkers, at every
//! step.
//!
//! | module | asks |
//! |---|---|
//! | `leaders` | who leads, in which term |
//! | `agreement` | what was committed, and how soon |
//! | `traffic` | how many RPCs and bytes it took, how much is saved |
//! | `linearizable` | whether one map explains what all clients were told |
//! | `stored` | what a key/value service has stored, how much of it is saved |
//! | `wire` | what every step of every server must obey |

mod agreement;
mod leaders;
mod linearizable;
mod stored;
mod traffic;
pub(crate) mod wire;

pub(crate) use agreement::Wait;
