//! Waiting for whichever of several receivers has something first.

use std::fmt;
use std::panic::Location;

use crossbeam_channel::Select as RealSelect;
use labrt_host::Place;
use labrt_host::dispatch::{self, Current};
use labrt_host::engine::channel::Patience;
use labrt_host::engine::select::Selectable;
use labrt_host::real;

use super::Receiver;
use super::receiver::Inner;
use crate::time::{Duration, Instant};

pub use crossbeam_channel::{ReadyTimeoutError, TryReadyError};

/// Waits until one of several receivers is ready, as crossbeam's `Select` used with `ready`: an
/// index says which, and `try_recv` on it then takes the message, unless another thread was
/// quicker; so call it in a loop.
///
/// There is no `select!` macro; this is its honest replacement for receivers of any types.
///
/// ```
/// use labrt::channel::{Select, unbounded};
/// let ((ticks, tick), (stops, stop)) = (unbounded::<u64>(), unbounded::<()>());
/// ticks.send(1).unwrap();
/// let mut select = Select::new();
/// let tick_index = select.recv(&tick);
/// select.recv(&stop);
/// assert_eq!(select.ready(), tick_index);
/// assert_eq!(tick.try_recv(), Ok(1));
/// # drop(stops);
/// ```
#[derive(Default)]
pub struct Select<'a> {
    receivers: Vec<&'a dyn AnyReceiver>,
}

trait AnyReceiver {
    fn add_to<'a>(&'a self, select: &mut RealSelect<'a>);
    fn simulated(&self) -> Option<&dyn Selectable>;
}

impl<T> AnyReceiver for Receiver<T> {
    fn add_to<'a>(&'a self, select: &mut RealSelect<'a>) {
        if let Inner::Real(receiver) = &self.0 {
            select.recv(receiver);
        }
    }

    fn simulated(&self) -> Option<&dyn Selectable> {
        match &self.0 {
            Inner::Simulated(channel) => Some(&**channel),
            Inner::Real(_) => None,
        }
    }
}

impl<'a> Select<'a> {
    /// Waits for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a receiver; its index, counted from 0.
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.receivers.push(receiver);
        self.receivers.len() - 1
    }

    /// Waits until one of the receivers has a message, or only the news that its senders are gone;
    /// its index. A random one of several.
    ///
    /// # Panics
    /// If no receiver was added: that would wait for ever.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        assert!(!self.receivers.is_empty(), "a Select without receivers would wait for ever");
        let place = Location::caller();
        loop {
            if let Some(index) = self.ready_at(Patience::Endless, None, place) {
                return index;
            }
        }
    }

    /// As [`Select::ready`], for at most `timeout`.
    ///
    /// # Errors
    /// If the time is over.
    #[track_caller]
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        let deadline = Instant::now().checked_add(timeout);
        let patience =
            deadline.map_or(Patience::Endless, |deadline| Patience::Until(deadline.nanos()));
        self.ready_at(patience, deadline, Location::caller()).ok_or(ReadyTimeoutError)
    }

    /// The index of a receiver that is ready now. Never waits.
    ///
    /// # Errors
    /// If none is.
    #[track_caller]
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.ready_at(Patience::None, None, Location::caller()).ok_or(TryReadyError)
    }

    fn ready_at(
        &self,
        patience: Patience,
        deadline: Option<Instant>,
        place: Place,
    ) -> Option<usize> {
        if let Current::Virtual(engine) = dispatch::current() {
            let simulated: Option<Vec<&dyn Selectable>> =
                self.receivers.iter().map(|receiver| receiver.simulated()).collect();
            let Some(channels) = simulated else {
                labrt_host::fail("a Select was given a channel that was made outside this run");
            };
            return engine.select(&channels, patience, place);
        }
        let mut select = RealSelect::new();
        for receiver in &self.receivers {
            receiver.add_to(&mut select);
        }
        match dispatch::current() {
            Current::Real(thread) if patience != Patience::None => {
                real::select_ready(thread, &mut select, deadline.map(Instant::on_the_wall))
            }
            Current::Real(thread) => {
                thread.check();
                select.try_ready().ok()
            }
            _ => match (patience, deadline) {
                (Patience::None, _) => select.try_ready().ok(),
                (_, None) => Some(select.ready()),
                (_, Some(deadline)) => select.ready_deadline(deadline.on_the_wall()).ok(),
            },
        }
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Select of {} receivers", self.receivers.len())
    }
}
