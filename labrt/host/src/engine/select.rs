//! Waiting at several channels at once.

use std::sync::atomic::Ordering;

use super::channel::{Patience, SimChannel};
use super::state::Engine;
use super::step::Standing;
use super::task::{Needs, Waiter};
use crate::Place;
use crate::failure::Operation;
use crate::trace::EventKind;

/// What a select needs of a channel, whatever it carries.
pub trait Selectable {
    /// Whether a receive would come back at once, with a value or with the news of the end.
    fn is_ready(&self, engine: &Engine) -> bool;
    /// Wakes `waiter` when that may have changed.
    fn register(&self, engine: &Engine, waiter: Waiter);
    /// The waiter waits no more.
    fn unregister(&self, engine: &Engine, waiter: Waiter);
}

impl<T> Selectable for SimChannel<T> {
    fn is_ready(&self, engine: &Engine) -> bool {
        self.with(engine, |queue| !queue.values.is_empty())
            || self.senders.load(Ordering::Acquire) == 0
    }

    fn register(&self, engine: &Engine, waiter: Waiter) {
        self.with(engine, |queue| queue.look_waits.push(waiter));
    }

    fn unregister(&self, engine: &Engine, waiter: Waiter) {
        self.with(engine, |queue| queue.look_waits.retain(|known| *known != waiter));
    }
}

impl Engine {
    /// Waits until one of `channels` is ready; its position. A random one if several are.
    pub fn select(
        &self,
        channels: &[&dyn Selectable],
        patience: Patience,
        place: Place,
    ) -> Option<usize> {
        if self.point(EventKind::Receive, place) == Standing::Inert {
            match patience {
                Patience::None => return None,
                _ => self.freeze(),
            }
        }
        if patience != Patience::None {
            self.watch_wait(Operation::Receive, place);
        }
        loop {
            let ready: Vec<usize> =
                (0..channels.len()).filter(|position| channels[*position].is_ready(self)).collect();
            if !ready.is_empty() {
                let chosen = self.with(|s| super::policy::below(&mut s.rng, ready.len()));
                return Some(ready[chosen]);
            }
            if patience == Patience::None
                || patience.deadline().is_some_and(|at| at <= self.now_nanos())
            {
                return None;
            }
            let waiter = self.with(|s| s.next_waiter());
            for channel in channels {
                channel.register(self, waiter);
            }
            self.block(Operation::Receive, Needs::Anybody, place, patience.deadline());
            for channel in channels {
                channel.unregister(self, waiter);
            }
        }
    }
}
