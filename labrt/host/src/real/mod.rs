//! The real clock: lab threads are OS threads, locks are parking_lot's, channels crossbeam's,
//! time is the wall's.
//!
//! What is added to them is what a run needs. Start at [`RealRun::start`].
//! * `run`: from main to the last thread; `panics`: how a panic becomes the run's failure
//! * `thread`: lab threads and their start; `pool`: the OS threads that carry them
//! * `machine`, `domain`: threads that die together, and how they are woken for it
//! * `wait`, `oneshot`, `timer`: what may wait; `seat`, `condition`: how an OS thread is woken
//!
//! **Death.** A thread whose machine has crashed, or whose run is over, unwinds at its next labrt
//! call, or in the wait it is in; one that swallows this with `catch_unwind` unwinds again at the
//! next call. While it unwinds it is *inert*: its destructors may call labrt, and nothing comes
//! of it. Sends go nowhere, receives find the channel disconnected, nothing is spawned, and waits
//! return as timed out after a millisecond at most, so that a destructor that waits neither hangs
//! nor burns a core. Locks are still taken, in earnest: their memory is shared with the living. A
//! thread that waits for a lock therefore dies only when it has got it.
//!
//! **Not here**: counted steps, deadlock reports, a trace; `labrt` under the virtual clock has
//! them. A lab thread is not the only one its OS thread ever carries, so a `thread_local!` may
//! hold what another lab thread left behind.

mod condition;
mod domain;
mod machine;
mod oneshot;
mod panics;
mod pool;
mod run;
mod seat;
mod thread;
mod timer;
mod wait;

pub use machine::RealMachine;
pub use oneshot::{RealCompleter, RealCompletion, oneshot};
pub use run::{RealOutcome, RealRun};
pub use thread::{RealHandle, RealThread, discard, dispatch, spawn};
pub use timer::after;
pub use wait::{condvar_wait, recv, select, select_ready, send, sleep};
