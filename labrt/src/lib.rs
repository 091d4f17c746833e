//! The lab runtime: threads, locks, channels, time and randomness that run under two clocks.
//!
//! Lab code is written as for std and parking_lot, with `labrt::` in front. The same binary then
//! runs in real time on OS threads, or in virtual time on one, where a seed decides every choice
//! and a 40-second test takes milliseconds. Lab code cannot tell which.
//!
//! | instead of | write |
//! |---|---|
//! | `std::thread`, `tokio::spawn` | [`thread`] |
//! | `std::sync::Mutex`, `parking_lot` | [`sync`] |
//! | `std::sync::atomic` | [`sync::atomic`] |
//! | `std::sync::mpsc`, `crossbeam` | [`channel`] |
//! | `std::time::Instant`, `std::thread::sleep` | [`time`], [`thread::sleep`] |
//! | `rand::rng()` | [`rand`] |
//!
//! Not here, on purpose: anything that starts a run, crashes a machine or names a seed. Not here,
//! because nothing in the lab needs it: scoped threads, parking, `Once`, barriers, thread locals.
//!
//! **What is watched.** Under the virtual clock a deadlock is reported when it forms, and an
//! operation that may wait while a lock is held is reported as rule L4, both with file and line.
//! On Linux with glibc a loop without any labrt call, a stack overflow, a thread of std and a wait
//! for a lock of std end the run with the line in lab code; std's clocks and sleep give virtual
//! time, and a finding; `HashMap` order and foreign generators follow the seed. `docs/platforms.md`
//! lists what is noticed where. `clippy.toml` refuses std's locks, clocks and threads everywhere.
//!
//! **What happens in a crash.** All threads of the machine end at once. Their destructors run, but
//! what these do through labrt has no effect: nobody living ever sees it.
//!
//! ```
//! use labrt::sync::{Arc, Condvar, Mutex};
//! use labrt::thread;
//!
//! let ready = Arc::new((Mutex::new(false), Condvar::new()));
//! let theirs = ready.clone();
//! thread::spawn(move || {
//!     *theirs.0.lock() = true;
//!     theirs.1.notify_one();
//! });
//! let (lock, condition) = &*ready;
//! condition.wait_while(&mut lock.lock(), |ready| !*ready);
//! ```

#![forbid(unsafe_code)]

pub mod channel;
pub mod rand;
pub mod sync;
pub mod thread;
pub mod time;
