//! Where no net is spread: nothing is watched.

use super::Tell;
use crate::config::RunConfig;
use crate::engine::state::Engine;

/// Nobody listens to it.
pub(crate) struct Heartbeat;

impl Heartbeat {
    pub(crate) fn new(_config: &RunConfig) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn beat(&self, _steps: u64) {}

    pub(crate) fn sign_of_life(&self) {}
}

/// Nothing to keep for a run.
pub(crate) struct Net;

impl Net {
    pub(crate) fn new(_seed: u64) -> Self {
        Self
    }
}

/// Nothing to undo.
pub(crate) struct Watched;

/// No signal is awaited.
pub(crate) struct SignalStack;

impl SignalStack {
    pub(crate) fn begin() -> Self {
        Self
    }
}

pub(crate) fn install() {}

pub(crate) fn begin(_engine: &Engine, _tell: Tell) -> Watched {
    Watched
}

pub(crate) fn my_turn(_engine: &Engine) {}

#[inline(always)]
pub(crate) fn framework<R>(f: impl FnOnce() -> R) -> R {
    f()
}
