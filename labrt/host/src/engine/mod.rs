//! The virtual-time engine: every lab thread of a run takes turns on one OS thread, and one seed
//! decides who is next.
//!
//! How a step goes: a face calls [`Engine::point`] or [`Engine::block`]; the task's stack is left
//! ([`stack`], or [`baton`] for OS threads) for the loop in [`turns`]; the loop lets due [`timers`]
//! fire, asks the [`policy`] for one of the runnable [`task`]s, and enters its stack.
//!
//! Two rules keep this sound, and every file here obeys them:
//! * State is only touched inside [`Engine::with`], whose closure neither switches stacks nor runs
//!   anybody else's code (no user closure, no drop of a user's value).
//! * Nothing switches while its OS thread is unwinding: the panic count of std belongs to the OS
//!   thread, not to the coroutine.

pub mod channel;
pub mod condvar;
mod deadlock;
pub mod lock;
mod machine;
mod policy;
mod report;
pub(crate) mod run;
mod run_cell;
pub mod rwlock;
pub(crate) mod safety_net;
pub mod select;
pub(crate) mod stack;
mod stall;
mod state;
mod step;
pub(crate) mod task;
mod timers;
mod turns;

mod baton;
mod panics;
mod unwind;

pub use state::Engine;
pub use step::Standing;
pub use task::{Waiter, Wake};
