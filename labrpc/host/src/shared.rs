//! What all handles of one network share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt_host::event;
use parking_lot::Mutex;
use rand::rngs::ChaCha8Rng;

use crate::counts::Counts;
use crate::faults::Faults;
use crate::in_flight::InFlight;
use crate::message::CallId;
use crate::registry::{MachineId, Registry};
use crate::watch::Watch;

pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    pub(crate) counts: Counts,
    pub(crate) watch: Watch,
    /// Whether messages of a crashed machine that are under way still arrive.
    pub(crate) crashed_traffic_arrives: AtomicBool,
}

/// What is decided under the one lock, in the order of the calls. Nothing that can wait, and no
/// code of a submission, runs under it.
pub(crate) struct State {
    pub(crate) registry: Registry,
    pub(crate) faults: Faults,
    pub(crate) in_flight: InFlight,
    pub(crate) random: ChaCha8Rng,
    pub(crate) last_call: u64,
    pub(crate) cleaned_up: bool,
    /// Machines whose crash is already listened to.
    pub(crate) hooked: Vec<MachineId>,
}

impl State {
    pub(crate) fn next_call(&mut self) -> CallId {
        self.last_call += 1;
        CallId(self.last_call)
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                registry: Registry::default(),
                faults: Faults::default(),
                in_flight: InFlight::default(),
                random: labrt_host::random::stream("network"),
                last_call: 0,
                cleaned_up: false,
                hooked: Vec::new(),
            }),
            counts: Counts::default(),
            watch: Watch::default(),
            crashed_traffic_arrives: AtomicBool::new(false),
        }
    }

    /// Throws switches: changes the state, then sees to the calls that this leaves dead.
    pub(crate) fn switch<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, looks, now) = {
            let mut state = self.state.lock();
            let result = change(&mut state);
            let now = labrt_host::now();
            let State { registry, in_flight, .. } = &mut *state;
            (result, in_flight.looks(registry, now), now)
        };
        for (key, at) in looks {
            let shared = Arc::clone(self);
            event::after(at - now, move || shared.look(key));
        }
        result
    }

    /// Whether messages that a crashed machine has sent before are lost.
    pub(crate) fn crash_loses_messages(&self) -> bool {
        !self.crashed_traffic_arrives.load(Ordering::Relaxed)
    }
}
