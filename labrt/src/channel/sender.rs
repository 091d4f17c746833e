//! The sending end.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crossbeam_channel::{SendError, SendTimeoutError, TrySendError};
use labrt_host::Place;
use labrt_host::dispatch::{self, Current};
use labrt_host::engine::channel::{Patience, SendFailure, SimChannel};
use labrt_host::real;

use crate::time::{Duration, Instant};

/// The sending end of a channel. Clones are the same end.
pub struct Sender<T>(Inner<T>);

enum Inner<T> {
    Real(crossbeam_channel::Sender<T>),
    Simulated(Arc<SimChannel<T>>),
}

impl<T> Sender<T> {
    pub(super) fn real(sender: crossbeam_channel::Sender<T>) -> Self {
        Self(Inner::Real(sender))
    }

    pub(super) fn simulated(channel: Arc<SimChannel<T>>) -> Self {
        Self(Inner::Simulated(channel))
    }

    /// Sends; on a bounded channel, waits for room. Under a lock that breaks rule L4.
    ///
    /// # Errors
    /// If every receiver is gone; the message comes back.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        match self.send_at(message, Patience::Endless, None, Location::caller()) {
            Ok(()) => Ok(()),
            Err(SendFailure::Disconnected(message) | SendFailure::Full(message)) => {
                Err(SendError(message))
            }
        }
    }

    /// As [`Sender::send`], waiting at most `timeout`.
    ///
    /// # Errors
    /// If every receiver is gone, or the time is over; the message comes back.
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let deadline = Instant::now().checked_add(timeout);
        let patience =
            deadline.map_or(Patience::Endless, |deadline| Patience::Until(deadline.nanos()));
        match self.send_at(message, patience, deadline, Location::caller()) {
            Ok(()) => Ok(()),
            Err(SendFailure::Disconnected(message)) => Err(SendTimeoutError::Disconnected(message)),
            Err(SendFailure::Full(message)) => Err(SendTimeoutError::Timeout(message)),
        }
    }

    /// Sends if that needs no waiting.
    ///
    /// # Errors
    /// If every receiver is gone, or there is no room; the message comes back.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self.send_at(message, Patience::None, None, Location::caller()) {
            Ok(()) => Ok(()),
            Err(SendFailure::Disconnected(message)) => Err(TrySendError::Disconnected(message)),
            Err(SendFailure::Full(message)) => Err(TrySendError::Full(message)),
        }
    }

    fn send_at(
        &self,
        message: T,
        patience: Patience,
        deadline: Option<Instant>,
        place: Place,
    ) -> Result<(), SendFailure<T>> {
        match (&self.0, dispatch::current()) {
            (Inner::Simulated(channel), Current::Virtual(engine)) => {
                channel.send(engine, message, patience, place)
            }
            // The run that the channel was made in is over, and with it the other end.
            (Inner::Simulated(_), _) => Err(SendFailure::Disconnected(message)),
            (Inner::Real(sender), Current::Real(thread)) => {
                thread.check();
                match patience {
                    Patience::None if thread.is_inert() => Ok(()),
                    Patience::None => sender.try_send(message).map_err(try_failure),
                    _ => {
                        let deadline = deadline.map(Instant::on_the_wall);
                        real::send(thread, sender, message, deadline).map_err(timeout_failure)
                    }
                }
            }
            (Inner::Real(sender), _) => match (patience, deadline) {
                (Patience::None, _) => sender.try_send(message).map_err(try_failure),
                (_, None) => sender
                    .send(message)
                    .map_err(|SendError(message)| SendFailure::Disconnected(message)),
                (_, Some(deadline)) => {
                    sender.send_deadline(message, deadline.on_the_wall()).map_err(timeout_failure)
                }
            },
        }
    }
}

fn try_failure<T>(error: TrySendError<T>) -> SendFailure<T> {
    match error {
        TrySendError::Full(message) => SendFailure::Full(message),
        TrySendError::Disconnected(message) => SendFailure::Disconnected(message),
    }
}

fn timeout_failure<T>(error: SendTimeoutError<T>) -> SendFailure<T> {
    match error {
        SendTimeoutError::Timeout(message) => SendFailure::Full(message),
        SendTimeoutError::Disconnected(message) => SendFailure::Disconnected(message),
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Inner::Real(sender) => Inner::Real(sender.clone()),
            Inner::Simulated(channel) => {
                channel.add_sender();
                Inner::Simulated(channel.clone())
            }
        })
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Inner::Simulated(channel) = &self.0 {
            channel.drop_sender();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}
