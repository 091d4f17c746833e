//! Threads that are stalled, as by an operating system that is busy elsewhere.

use rand::RngExt;

use super::policy::below;
use super::state::{Engine, State};
use super::task::{NOBODY, Needs};
use crate::Place;
use crate::Stalls;
use crate::failure::Operation;

impl Engine {
    /// Stalls the threads of a machine from now on, or no more.
    pub(crate) fn stall_machine(&self, machine: u32, stalls: Option<Stalls>) {
        self.with(|s| {
            s.machines[machine as usize].stalls = stalls;
            s.is_stalling = s.machines.iter().any(|machine| machine.stalls.is_some());
        });
    }

    /// The running task is about to take a lock or to send: it may have to wait for no reason.
    #[inline]
    pub(crate) fn stall(&self, place: Place) {
        if self.with(|s| s.is_stalling) {
            self.stall_perhaps(place);
        }
    }

    #[cold]
    fn stall_perhaps(&self, place: Place) {
        if let Some(until) = self.with(State::stalled_until) {
            self.block(Operation::Stall, Needs::Anybody, place, Some(until));
        }
    }
}

impl State {
    /// Until when the running task is stalled, if it is. One that holds a lock is not: it would
    /// stall all others with it.
    fn stalled_until(&mut self) -> Option<u64> {
        if self.running == NOBODY || self.attention {
            return None;
        }
        let task = &self.tasks[self.running as usize];
        let stalls = self.machines.get(task.machine as usize)?.stalls?;
        let is_stalled =
            task.held.is_empty() && below(&mut self.rng, stalls.one_in.max(1) as usize) == 0;
        let longest = u64::try_from(stalls.longest.as_nanos()).unwrap_or(u64::MAX);
        is_stalled.then(|| self.now.saturating_add(self.rng.random_range(0..=longest)))
    }
}
