//! The receiving end.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crossbeam_channel::{RecvError, RecvTimeoutError, TryRecvError};
use labrt_host::Place;
use labrt_host::dispatch::{self, Current};
use labrt_host::engine::channel::{Patience, ReceiveFailure, SimChannel};
use labrt_host::real;

use crate::time::{Duration, Instant};

/// The receiving end of a channel. Clones are the same end: each message goes to one of them.
pub struct Receiver<T>(pub(super) Inner<T>);

pub(super) enum Inner<T> {
    Real(crossbeam_channel::Receiver<T>),
    Simulated(Arc<SimChannel<T>>),
}

impl<T> Receiver<T> {
    pub(super) fn real(receiver: crossbeam_channel::Receiver<T>) -> Self {
        Self(Inner::Real(receiver))
    }

    pub(super) fn simulated(channel: Arc<SimChannel<T>>) -> Self {
        Self(Inner::Simulated(channel))
    }

    /// Waits for a message. Under a lock that breaks rule L4.
    ///
    /// # Errors
    /// If every sender is gone and nothing is left.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.receive_at(Patience::Endless, None, Location::caller()).map_err(|_| RecvError)
    }

    /// As [`Receiver::recv`], for at most `timeout`.
    ///
    /// # Errors
    /// If every sender is gone and nothing is left, or the time is over.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let place = Location::caller();
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.receive_until(deadline, place),
            None => self
                .receive_at(Patience::Endless, None, place)
                .map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// As [`Receiver::recv`], until `deadline` at the latest.
    ///
    /// # Errors
    /// If every sender is gone and nothing is left, or the time is over.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.receive_until(deadline, Location::caller())
    }

    fn receive_until(&self, deadline: Instant, place: Place) -> Result<T, RecvTimeoutError> {
        self.receive_at(Patience::Until(deadline.nanos()), Some(deadline), place).map_err(
            |failure| match failure {
                ReceiveFailure::Disconnected => RecvTimeoutError::Disconnected,
                ReceiveFailure::Empty => RecvTimeoutError::Timeout,
            },
        )
    }

    /// A message, if one is there. Never waits.
    ///
    /// # Errors
    /// If nothing is there, now or for ever.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.receive_at(Patience::None, None, Location::caller()).map_err(|failure| match failure {
            ReceiveFailure::Disconnected => TryRecvError::Disconnected,
            ReceiveFailure::Empty => TryRecvError::Empty,
        })
    }

    /// The messages as they come, until every sender is gone.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// The messages that are there. Never waits.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }

    /// How many messages are there.
    pub fn len(&self) -> usize {
        match (&self.0, dispatch::engine()) {
            (Inner::Real(receiver), _) => receiver.len(),
            (Inner::Simulated(channel), Some(engine)) => channel.len(engine),
            (Inner::Simulated(_), None) => 0,
        }
    }

    /// Whether no message is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn receive_at(
        &self,
        patience: Patience,
        deadline: Option<Instant>,
        place: Place,
    ) -> Result<T, ReceiveFailure> {
        match (&self.0, dispatch::current()) {
            (Inner::Simulated(channel), Current::Virtual(engine)) => {
                channel.receive(engine, patience, place)
            }
            // The run that the channel was made in is over, and with it the other end.
            (Inner::Simulated(_), _) => Err(ReceiveFailure::Disconnected),
            (Inner::Real(receiver), Current::Real(thread)) => {
                thread.check();
                match patience {
                    Patience::None if thread.is_inert() => Err(ReceiveFailure::Empty),
                    Patience::None => receiver.try_recv().map_err(try_failure),
                    _ => {
                        let deadline = deadline.map(Instant::on_the_wall);
                        real::recv(thread, receiver, deadline).map_err(timeout_failure)
                    }
                }
            }
            (Inner::Real(receiver), _) => match (patience, deadline) {
                (Patience::None, _) => receiver.try_recv().map_err(try_failure),
                (_, None) => receiver.recv().map_err(|RecvError| ReceiveFailure::Disconnected),
                (_, Some(deadline)) => {
                    receiver.recv_deadline(deadline.on_the_wall()).map_err(timeout_failure)
                }
            },
        }
    }
}

fn try_failure(error: TryRecvError) -> ReceiveFailure {
    match error {
        TryRecvError::Empty => ReceiveFailure::Empty,
        TryRecvError::Disconnected => ReceiveFailure::Disconnected,
    }
}

fn timeout_failure(error: RecvTimeoutError) -> ReceiveFailure {
    match error {
        RecvTimeoutError::Timeout => ReceiveFailure::Empty,
        RecvTimeoutError::Disconnected => ReceiveFailure::Disconnected,
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Inner::Real(receiver) => Inner::Real(receiver.clone()),
            Inner::Simulated(channel) => {
                channel.add_receiver();
                Inner::Simulated(channel.clone())
            }
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Inner::Simulated(channel) = &self.0 {
            channel.drop_receiver();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}

/// See [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// See [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
