//! The two ways out of a task, and back with its next turn: [`Engine::point`] and
//! [`Engine::block`].

use std::time::Duration;

use super::stack::{self, Resume};
use super::state::{Engine, State};
use super::task::{NOBODY, Needs, RunState, Wait, Wake};
use super::unwind;
use crate::Place;
use crate::failure::Operation;
use crate::kill;
use crate::trace::EventKind;

/// How the running task stands after a scheduling point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on.
    Alive,
    /// It is being unwound, or no task is running at all: what it does must have no effect.
    Inert,
}

/// After so many operations a killed thread's clean-up code counts as a loop.
const INERT_OPERATIONS_MAX: u32 = 100_000;

impl Engine {
    /// A scheduling point: another task may run here, time passes, a crash may fall.
    #[inline]
    pub fn point(&self, kind: EventKind, place: Place) -> Standing {
        let leave = self.with(|s| {
            if s.attention || s.running == NOBODY {
                return Leave::LookTwice;
            }
            let running = s.running as usize;
            s.tasks[running].place = place;
            s.step(kind);
            if s.attention || s.timers.next_due() <= s.now {
                return Leave::LookTwice;
            }
            match s.preempt() {
                true => Leave::Yes,
                false => Leave::No,
            }
        });
        match leave {
            Leave::No => Standing::Alive,
            Leave::Yes => {
                self.leave();
                Standing::Alive
            }
            Leave::LookTwice => self.point_slowly(),
        }
    }

    #[cold]
    fn point_slowly(&self) -> Standing {
        enum Way {
            Inert,
            Die,
            Freeze,
            Leave,
            Stay,
        }
        let way = self.with(|s| {
            if s.running == NOBODY {
                return Way::Inert;
            }
            let running = s.running;
            if s.ending || s.tasks[running as usize].killed {
                let task = &mut s.tasks[running as usize];
                task.inert_operations += 1;
                // Once std can not tell, a killed task counts as one that unwinds.
                let in_clean_up = unwind::is_unwinding().unwrap_or(task.killed);
                return match (in_clean_up, task.killed) {
                    (true, _) if task.inert_operations < INERT_OPERATIONS_MAX => Way::Inert,
                    (true, _) => Way::Freeze,
                    // The run has ended under its feet: leave the stack now.
                    (false, false) => {
                        task.killed = true;
                        Way::Die
                    }
                    // The kill was swallowed.
                    (false, true) => Way::Freeze,
                };
            }
            if s.running_panics() {
                match unwind::is_unwinding() {
                    Some(true) => return Way::Stay, // nothing switches while unwinding
                    // The program has caught it; it is no business of the run's.
                    Some(false) => s.tasks[running as usize].panics.clear(),
                    // It may be unwinding; std's count is lost anyhow, so switching is no worse.
                    None => {}
                }
                s.attention = !s.crashes.is_empty();
            }
            if s.crashes.is_empty() && s.now < s.timers.next_due() {
                return match s.preempt() {
                    true => Way::Leave,
                    false => Way::Stay,
                };
            }
            // Timers fire and crashes fall in the loop, off every task's stack.
            s.tasks[running as usize].state = RunState::Runnable;
            if s.policy.prefers_to_stay() {
                s.chosen = Some(running);
            } else {
                s.runnable.push(running);
            }
            Way::Leave
        });
        match way {
            Way::Inert => Standing::Inert,
            Way::Die => kill::die(),
            Way::Freeze => self.freeze(),
            Way::Stay => Standing::Alive,
            Way::Leave => {
                self.leave();
                Standing::Alive
            }
        }
    }

    /// Lets the task wait until it is woken or `deadline_nanos` comes. Its waiter key must have
    /// been left where it will be woken from.
    pub(crate) fn block(
        &self,
        operation: Operation,
        needs: Needs,
        place: Place,
        deadline_nanos: Option<u64>,
    ) -> Wake {
        let inert = self.with(|s| {
            // A task that unwinds from a panic of its own can not switch either.
            let panics = s.attention && s.running_panics() && unwind::is_unwinding() == Some(true);
            if s.ending || panics || s.running_is_killed() {
                return true;
            }
            let running = s.running;
            s.tasks[running as usize].place = place;
            s.step(EventKind::Block);
            let since_nanos = s.now;
            let task = &mut s.tasks[running as usize];
            task.generation += 1;
            task.state = RunState::Blocked;
            task.wait = Some(Wait { operation, since_nanos, needs });
            task.has_deadline = deadline_nanos.is_some();
            let generation = task.generation;
            if let Some(deadline) = deadline_nanos {
                s.timers.wake_at(deadline, running, generation);
            }
            if !matches!(needs, Needs::Anybody) {
                s.look_for_a_cycle(running);
            }
            false
        });
        if inert {
            if unwind::is_unwinding() != Some(true) {
                self.point_slowly();
            }
            super::panics::stopped_in_panic();
            self.freeze();
        }
        self.leave();
        self.with(|s| {
            let running = s.running as usize;
            s.tasks[running].wait = None;
            s.tasks[running].wake
        })
    }

    /// Lets `duration` of virtual time pass.
    pub fn sleep(&self, duration: Duration, place: Place) {
        if self.point(EventKind::Sleep, place) == Standing::Inert {
            self.freeze();
        }
        self.watch_wait(Operation::Sleep, place);
        let deadline_nanos = self.deadline_after(duration);
        self.block(Operation::Sleep, Needs::Anybody, place, Some(deadline_nanos));
    }

    /// A scheduling point that prefers others.
    pub fn yield_now(&self, place: Place) {
        if self.point(EventKind::Yield, place) == Standing::Inert {
            return;
        }
        let others = self.with(|s| {
            if s.runnable.is_empty() || s.attention {
                return false;
            }
            let running = s.running;
            s.tasks[running as usize].state = RunState::Runnable;
            s.policy.yielded(running, &mut s.tasks);
            // Chosen among the others first, so that yielding in a loop lets them move.
            let next = s.policy.pick(&s.runnable, &s.tasks, &mut s.rng);
            s.chosen = Some(s.runnable.swap_remove(next));
            s.runnable.push(running);
            true
        });
        if others {
            self.leave();
        }
    }

    /// The virtual moment `duration` from now.
    pub fn deadline_after(&self, duration: Duration) -> u64 {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.now_nanos().saturating_add(nanos)
    }

    /// Runs `action` after `delay`, outside every task.
    pub fn after(&self, delay: Duration, action: Box<dyn FnOnce()>) {
        let at = self.deadline_after(delay);
        let refused = self.with(|s| match s.ending {
            true => Some(action),
            false => {
                s.timers.act_at(at, action);
                None
            }
        });
        drop(refused);
    }

    /// Ends the wait of `waiter`, if it is still going on. Allowed from events.
    pub fn wake(&self, waiter: super::Waiter) -> bool {
        self.with(|s| s.wake(waiter, Wake::Notified))
    }

    /// Gives the turn to the loop; comes back with the next turn, or unwinds.
    #[inline]
    fn leave(&self) {
        if stack::suspend(self) == Resume::Kill {
            kill::die();
        }
    }

    /// Never comes back: the task can neither go on nor be unwound.
    pub(crate) fn freeze(&self) -> ! {
        unwind::freezes();
        self.with(|s| {
            let running = s.running;
            if running != NOBODY {
                let task = &mut s.tasks[running as usize];
                task.killed = true;
                task.state = RunState::Blocked;
                // What it waited for may go with the stack.
                task.wait = None;
                task.generation += 1;
            }
        });
        loop {
            stack::suspend(self);
        }
    }
}

enum Leave {
    No,
    Yes,
    LookTwice,
}

impl State {
    /// Whether the running task must leave its stack here; it is runnable again if so.
    #[inline]
    fn preempt(&mut self) -> bool {
        let Some(next) =
            self.policy.interrupt(self.running, &self.runnable, &mut self.tasks, &mut self.rng)
        else {
            return false;
        };
        let chosen = self.runnable.swap_remove(next);
        let running = self.running;
        self.tasks[running as usize].state = RunState::Runnable;
        self.runnable.push(running);
        self.chosen = Some(chosen);
        true
    }
}
