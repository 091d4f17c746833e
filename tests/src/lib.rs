//! The battery: what a submission is tested with.
//!
//! The library holds harness, scenarios, checks and runner. It knows a submission only through
//! `labapi`, and never its type: `tests/battery.rs` binds one, and is all that is compiled again
//! for another.
//!
//! Start here:
//! * [`TESTS`] is the table of all tests
//! * [`main`] is the battery binary: arguments in, a verdict for each test out
//! * [`run_test`] runs one test in this process
//!
//! ```text
//! cargo test                            everything, under the virtual clock
//! cargo test 2B                         one part
//! cargo test initial_election           one test
//! cargo test --test battery -- --help   all options
//! LAB_CLOCK=real cargo test 2A          under the real clock
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `battery` | the table |
//! | `parts` | the scenarios, one file a part |
//! | `harness` | the cluster: make, crash, connect; the service above each Raft; `kv`: clients |
//! | `check` | what scenarios ask of a cluster |
//! | `report` | what is printed of a run |
//! | `edition` | the scenarios as graded, with the classic ending, or as in 2025 |
//! | `hints` | the rules in words |
//! | `linearizability` | whether what clients saw is what one copy of a service would answer |
//! | `args`, `runner` | the command line; a process a test |
//!
//! # What is added to the classic battery
//! Part 2X. The classic tests wait for luck; these aim. They hold single messages back and let them
//! go at the chosen moment, repeat old requests, crash a server at every step, cut links one way,
//! and ask one server directly in the name of its peers (`harness/puppets.rs`). For the last, the
//! requests are the submission's own with other contents in the fields of Figure 2 and Figure 13,
//! so further fields do not matter; a submission that renames those fields fails every test of the
//! parts 2X and 3X.
//!
//! # What differs from the classic battery
//! Scenarios, numbers and limits are those of the 2023 course. What was unfair to a correct Raft,
//! or let a wrong one pass, was mended:
//! * A command goes to every connected server that accepts it, not to the first in rotation: an
//!   old leader may not know yet that there is a new one.
//! * Servers are given a second to agree on a term after an election.
//! * The unreliable Figure 8 test ends with a reliable network, as the other unreliable tests do.
//! * A claim to lead is held against every other one of its term, whenever it was made.
//! * Entries must be delivered strictly in order in each life, with and without snapshots, and
//!   what a snapshot holds must be what was applied.
//! * A test that reaches its limit of 120 s ends there, instead of being measured afterwards.
//! * Under the real clock, a limit of which others took a third makes a run inconclusive
//!   (`docs/design/lateness.md`). What no lateness excuses still fails.
//!
//! # What is not here
//! Points: they stand in `grading.toml`. Anything that reads student state beyond what
//! [`labapi::Raft`] offers.

#![forbid(unsafe_code)]

mod args;
mod battery;
mod check;
mod edition;
mod harness;
pub mod hints;
pub mod linearizability;
mod parts;
mod report;
mod runner;

pub use battery::{TESTS, Test};
pub use edition::Edition;
pub use harness::{Broken, Lateness, Submission, Violation};
pub use report::{Figures, TestRun, Verdict};
pub use runner::{main, run_test};
