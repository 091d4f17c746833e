//! Taps and holds of a network, behind one flag: with none of them a call costs one relaxed load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::hold::Catch;
use crate::message::Message;
use crate::tap::{Event, Tap};

#[derive(Default)]
pub(crate) struct Watch {
    active: AtomicBool,
    holding: AtomicBool,
    taps: RwLock<Vec<Arc<dyn Tap>>>,
    catches: RwLock<Vec<Arc<Catch>>>,
}

impl Watch {
    /// Whether anybody wants to see messages.
    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether anybody may want to keep messages back.
    pub(crate) fn is_holding(&self) -> bool {
        self.holding.load(Ordering::Relaxed)
    }

    pub(crate) fn add_tap(&self, tap: Arc<dyn Tap>) {
        self.taps.write().push(tap);
        self.active.store(true, Ordering::Relaxed);
    }

    pub(crate) fn add_catch(&self, catch: Arc<Catch>) {
        self.catches.write().push(catch);
        self.holding.store(true, Ordering::Relaxed);
        self.active.store(true, Ordering::Relaxed);
    }

    pub(crate) fn remove_catch(&self, catch: &Arc<Catch>) {
        let mut catches = self.catches.write();
        catches.retain(|other| !Arc::ptr_eq(other, catch));
        let holding = !catches.is_empty();
        self.holding.store(holding, Ordering::Relaxed);
        self.active.store(holding || !self.taps.read().is_empty(), Ordering::Relaxed);
    }

    pub(crate) fn show(&self, event: &Event<'_>) {
        self.taps.read().iter().for_each(|tap| tap.event(event));
    }

    /// The first hold, in the order of their making, that wants the message.
    pub(crate) fn catch(&self, message: &Message<'_>) -> Option<Arc<Catch>> {
        self.catches.read().iter().find(|catch| catch.wants(message)).cloned()
    }
}
