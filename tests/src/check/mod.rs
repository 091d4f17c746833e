//! What scenarios ask of a cluster. Each file is one kind of question.
//!
//! | module | asks |
//! |---|---|
//! | `leaders` | who leads, in which term |
//! | `agreement` | what was committed, and how soon |
//! | `traffic` | how many RPCs and bytes it took, how much is saved |
//! | `linearizable` | whether one map explains what all clients were told |
//! | `stored` | what a key/value service has stored, how much of it is saved |

mod agreement;
mod leaders;
mod linearizable;
mod stored;
mod traffic;

pub(crate) use agreement::Wait;
