//! What catches a lab thread that leaves the lab's ways: foreign clocks and threads, loops without
//! a scheduling point, stack overflow. A net, never a requirement: the engine works without it.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::stack::Carrier;
use super::state::Engine;
use crate::config::RunConfig;

thread_local! {
    static FRAMEWORK: Cell<u32> = const { Cell::new(0) };
}

/// Runs framework code that may use the system as it is: the net looks away.
pub(crate) fn framework<R>(f: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = FRAMEWORK.try_with(|depth| depth.set(depth.get() - 1));
        }
    }
    let _ = FRAMEWORK.try_with(|depth| depth.set(depth.get() + 1));
    let _leave = Leave;
    f()
}

/// What other OS threads and signal handlers may look at.
pub struct Heartbeat {
    steps: AtomicU64,
}

impl Heartbeat {
    pub(crate) fn new(_config: &RunConfig) -> Self {
        Self { steps: AtomicU64::new(0) }
    }

    #[inline(always)]
    pub(crate) fn beat(&self, steps: u64) {
        self.steps.store(steps, Ordering::Relaxed);
    }
}

/// Watches a run until dropped.
pub(crate) struct Watched;

pub(crate) fn install() {}

pub(crate) fn begin(_engine: &Engine, _seed: u64) -> Watched {
    Watched
}

pub(crate) fn entering_task(_engine: &Engine, _carrier: &Carrier, _index: u32) {}

pub(crate) fn left_task(_engine: &Engine) {}
