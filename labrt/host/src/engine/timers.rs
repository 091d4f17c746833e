//! What happens at a later virtual moment, in order of time and then of arming.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

type Action = Box<dyn FnOnce()>;

/// What a timer does when its moment comes.
pub(crate) enum Due {
    /// A wait of a task times out, if it is still that wait.
    Wake { task: u32, generation: u64 },
    /// The host runs something.
    Action(Action),
    /// A circle of waits that is likely but not certain is looked at again.
    ConfirmCycle { task: u32, generation: u64 },
    /// A waiting task looks at its predicate.
    Probe { task: u32, generation: u64 },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Wake {
        task: u32,
        generation: u64,
    },
    Action {
        slot: u32,
    },
    ConfirmCycle {
        task: u32,
        generation: u64,
    },
    /// A waiting task looks at its predicate.
    Probe {
        task: u32,
        generation: u64,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: u64,
    /// Orders what is due at the same moment, and makes every entry different.
    number: u64,
    kind: Kind,
}

/// The pending timers of a run.
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    actions: Vec<Option<Action>>,
    free_actions: Vec<u32>,
    armed: u64,
    /// How many entries are known to wake nobody any more.
    stale: usize,
    /// The first entry's moment, kept apart because every point asks for it.
    next_due: u64,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            actions: Vec::new(),
            free_actions: Vec::new(),
            armed: 0,
            stale: 0,
            next_due: u64::MAX,
        }
    }
}

/// Below this many stale timers a sweep is not worth its time.
const STALE_MIN: usize = 4_096;

impl Timers {
    /// When the earliest timer is due, stale or not.
    #[inline]
    pub(crate) fn next_due(&self) -> u64 {
        self.next_due
    }

    pub(crate) fn wake_at(&mut self, at: u64, task: u32, generation: u64) {
        self.push(at, Kind::Wake { task, generation });
    }

    pub(crate) fn confirm_cycle_at(&mut self, at: u64, task: u32, generation: u64) {
        self.push(at, Kind::ConfirmCycle { task, generation });
    }

    pub(crate) fn probe_at(&mut self, at: u64, task: u32, generation: u64) {
        self.push(at, Kind::Probe { task, generation });
    }

    pub(crate) fn act_at(&mut self, at: u64, action: Action) {
        let slot = match self.free_actions.pop() {
            Some(slot) => {
                self.actions[slot as usize] = Some(action);
                slot
            }
            None => {
                self.actions.push(Some(action));
                (self.actions.len() - 1) as u32
            }
        };
        self.push(at, Kind::Action { slot });
    }

    fn push(&mut self, at: u64, kind: Kind) {
        self.armed += 1;
        self.heap.push(Reverse(Entry { at, number: self.armed, kind }));
        self.refresh();
    }

    fn refresh(&mut self) {
        self.next_due = self.heap.peek().map_or(u64::MAX, |Reverse(entry)| entry.at);
    }

    /// A task was woken before its deadline.
    pub(crate) fn one_went_stale(&mut self) {
        self.stale += 1;
    }

    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Due> {
        if now < self.next_due() {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.refresh();
        Some(match entry.kind {
            Kind::Wake { task, generation } => Due::Wake { task, generation },
            Kind::ConfirmCycle { task, generation } => Due::ConfirmCycle { task, generation },
            Kind::Probe { task, generation } => Due::Probe { task, generation },
            Kind::Action { slot } => {
                self.free_actions.push(slot);
                let action = self.actions[slot as usize].take();
                Due::Action(action.expect("a slot is freed only when its entry is popped"))
            }
        })
    }

    /// The moment of the earliest timer that still matters; forgets the stale ones before it.
    pub(crate) fn next_live(&mut self, still_waits: impl Fn(u32, u64) -> bool) -> Option<u64> {
        if STALE_MIN < self.stale && self.heap.len() < 2 * self.stale {
            self.heap.retain(|Reverse(entry)| match entry.kind {
                Kind::Wake { task, generation } => still_waits(task, generation),
                _ => true,
            });
            self.stale = 0;
            self.refresh();
        }
        while let Some(Reverse(entry)) = self.heap.peek() {
            let live = match entry.kind {
                Kind::Wake { task, generation }
                | Kind::ConfirmCycle { task, generation }
                | Kind::Probe { task, generation } => still_waits(task, generation),
                Kind::Action { .. } => true,
            };
            if live {
                return Some(entry.at);
            }
            self.heap.pop();
            self.stale = self.stale.saturating_sub(1);
            self.refresh();
        }
        None
    }

    /// Everything that will not happen any more.
    pub(crate) fn take_actions(&mut self) -> Vec<Action> {
        self.heap.clear();
        self.free_actions.clear();
        std::mem::take(&mut self.actions).into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wakes(timers: &mut Timers, now: u64) -> Vec<u32> {
        let mut tasks = Vec::new();
        while let Some(Due::Wake { task, .. }) = timers.pop_due(now) {
            tasks.push(task);
        }
        tasks
    }

    #[test]
    fn fire_in_order_of_time_then_of_arming() {
        let mut timers = Timers::default();
        for (at, task) in [(30, 1), (10, 2), (20, 3), (10, 4), (40, 5)] {
            timers.wake_at(at, task, 0);
        }
        assert_eq!(wakes(&mut timers, 30), [2, 4, 3, 1], "due by 30, earliest first");
        assert_eq!(timers.next_due(), 40, "the last one is still pending");
    }

    #[test]
    fn a_stale_timer_does_not_count_as_something_to_wait_for() {
        let mut timers = Timers::default();
        timers.wake_at(10, 1, 7);
        assert_eq!(timers.next_live(|_, _| true), Some(10), "a live one does");
        assert_eq!(timers.next_live(|_, _| false), None, "a stale one does not");
    }
}
