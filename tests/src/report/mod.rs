//! What is printed of a run.
//!
//! | module | what it prints |
//! |---|---|
//! | `figures` | the classic closing line |
//! | `failure` | what broke, how to replay it, what is known of servers and locks, the hint |
//! | `verdict` | what a run amounts to |

mod failure;
mod figures;
mod verdict;

pub(crate) use failure::{Replay, Report};
pub use figures::Figures;
pub use verdict::{TestRun, Verdict};
