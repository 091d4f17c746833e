//! What passes between a grader and the battery process that runs one test for it.
//!
//! The grader starts the battery with [`VARIABLE`] set and writes an [`Order`] to its stdin: the
//! test, the clock, the seed, and a nonce that nobody else knows. The battery calls [`accept`]
//! before anything else, runs that one test in its own process, and ends with
//! [`Ordered::complete`], which writes a [`Record`]. The grader reads it with [`Record::parse`].
//!
//! Stress runs hand a process many orders, one after the other: [`accept_stream`], [`Orders`].
//!
//! A pass is believed from such a record only. Neither an exit code nor anything printed says
//! that a test was run to its end: `std::process::exit(0)` in student code, or a forged line of
//! output, would do as well.
//!
//! What makes the way private, without `unsafe` and without an inherited descriptor of its own:
//!
//! * The order comes in on stdin and is read to its end, so the nonce stands neither in the
//!   environment nor among the arguments, where student code could read it.
//! * The record goes out on what was stdout. [`accept`] moves that to a descriptor that is closed
//!   on exec, and lets descriptor 1 lead to stderr: what is printed afterwards, to either, is output.
//!
//! What is deliberately absent: this crate knows no test, starts no process and judges nothing.
//! Against code that reads its own process's memory it does what little it can ([`accept`] closes
//! `/proc/self/mem` to all but root); forbidding `unsafe`, and a sandbox without `/proc`, do the rest.

mod accept;
mod error;
mod order;
mod record;

pub use accept::{Ordered, Orders, VARIABLE, accept, accept_stream};
pub use error::{AcceptError, RecordError};
pub use order::{Clock, Order, UnknownClock};
pub use record::{Figures, Finding, Lateness, Outcome, RECORD_BYTES_MAX, Record};

/// The version of orders and records. Raised whenever a field changes its meaning; both sides
/// refuse any other.
pub const VERSION: u32 = 3;
