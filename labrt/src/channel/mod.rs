//! Channels, in the shapes of crossbeam-channel, with its error types.
//!
//! [`unbounded`] never makes a sender wait. [`bounded`] with room for `n` makes it wait while
//! there are `n` messages; with room for none, until a receiver takes the message by hand.
//! All clones of a sender or receiver are the same end; when one end is gone, the other is told.
//!
//! ```
//! use labrt::channel::unbounded;
//! let (sender, receiver) = unbounded();
//! labrt::thread::spawn(move || sender.send(7));
//! assert_eq!(receiver.iter().sum::<i32>(), 7);
//! ```

mod receiver;
mod select;
mod sender;

use std::sync::Arc;

use labrt_host::dispatch;
use labrt_host::engine::channel::SimChannel;

pub use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
pub use receiver::{Iter, Receiver, TryIter};
pub use select::{ReadyTimeoutError, Select, TryReadyError};
pub use sender::Sender;

/// A channel that holds any number of messages.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

/// A channel that holds at most `capacity` messages; with 0, a send waits for its receiver.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(capacity))
}

fn channel<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    if dispatch::engine().is_some() {
        let channel = Arc::new(SimChannel::new(capacity));
        return (Sender::simulated(channel.clone()), Receiver::simulated(channel));
    }
    let (sender, receiver) = match capacity {
        None => crossbeam_channel::unbounded(),
        Some(capacity) => crossbeam_channel::bounded(capacity),
    };
    (Sender::real(sender), Receiver::real(receiver))
}
