//! What scenarios ask of a cluster. Each file is one kind of question.
//!
//! | module | asks |
//! |---|---|
//! | `leaders` | who leads, in which term |
//! | `agreement` | what was committed, and how soon |
//! | `traffic` | how many RPCs and bytes it took, how much is saved |
//! | `stored` | what a key/value service has stored, how much of it is saved |

mod agreement;
mod leaders;
mod stored;
mod traffic;

pub(crate) use agreement::Wait;
