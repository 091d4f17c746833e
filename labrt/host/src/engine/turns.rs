//! The loop: lets timers fire and crashes fall, says whose turn it is, and enters its stack.

use std::time::Duration;

use super::stack::{Carrier, Resume};
use super::state::{Engine, STEP_COST_NANOS, State};
use super::task::{NOBODY, RunState, Wake};
use super::timers::Due;
use crate::failure::FailureKind;
use crate::trace::EventKind;

impl Engine {
    /// Runs tasks until the main task has ended or something failed.
    pub(crate) fn run_to_the_end(&self) {
        while let Some(task) = self.next_task() {
            self.enter(task, Resume::Run);
        }
    }

    /// Lets timers fire and crashes fall, then says whose turn it is.
    fn next_task(&self) -> Option<u32> {
        loop {
            if self.with(|s| !s.crashes.is_empty()) {
                self.carry_out_crashes();
            }
            if self.with(|s| s.ending || s.tasks[0].state == RunState::Done) {
                return None;
            }
            if self.fire_due_timers() {
                continue;
            }
            let next = self.with(|s| s.pick());
            match next {
                Pick::Task(task) => return Some(task),
                Pick::Later => {}
            }
        }
    }

    /// Whether something foreign ran that may have changed the picture.
    fn fire_due_timers(&self) -> bool {
        let mut foreign = false;
        loop {
            match self.with(|s| s.timers.pop_due(s.now)) {
                None => return foreign,
                Some(Due::Wake { task, generation }) => {
                    let waiter = super::Waiter { task, generation };
                    self.with(|s| s.wake(waiter, Wake::TimedOut));
                }
                Some(Due::Action(action)) => {
                    action();
                    foreign = true;
                }
                Some(Due::ConfirmCycle { task, generation }) => {
                    self.with(|s| s.confirm_cycle(task, generation))
                }
                Some(Due::Probe { task, generation }) => {
                    self.with(|s| s.probe(super::Waiter { task, generation }));
                }
            }
        }
    }

    /// Enters a task's stack; comes back when it leaves it.
    pub(crate) fn enter(&self, index: u32, resume: Resume) {
        let carrier = self.with(|s| {
            s.running = index;
            let task = &mut s.tasks[index as usize];
            task.state = RunState::Running;
            let killed = task.killed;
            let carrier = task.carrier.take();
            s.attention = s.ending || killed;
            if !s.ending {
                s.step(EventKind::Run);
            }
            carrier
        });
        let mut carrier = match carrier {
            Some(carrier) => carrier,
            None => match Carrier::of_task(self, index) {
                Ok(carrier) => carrier,
                Err(refusal) => {
                    drop(self.with(|s| s.tasks[index as usize].body.take()));
                    self.with(|s| {
                        let message = format!(
                            "the system refused another stack ({refusal}) with {} lab threads alive",
                            s.live
                        );
                        s.fail(FailureKind::TooManyThreads, message, None);
                        s.finish_task(index);
                        s.running = NOBODY;
                    });
                    return;
                }
            },
        };
        let over = carrier.resume(self, resume);
        let ended = self.with(|s| {
            s.running = NOBODY;
            if over {
                s.finish_task(index);
                return Some(carrier);
            }
            s.tasks[index as usize].carrier = Some(carrier);
            None
        });
        if let Some(carrier) = ended {
            carrier.recycle(self);
        }
    }

    /// Ends a task now, on its own stack; leaks it if it will not be ended.
    pub(crate) fn kill_task(&self, index: u32) {
        enum Way {
            Nothing,
            NeverStarted(Option<Box<dyn FnOnce()>>),
            Unwind,
        }
        let way = self.with(|s| {
            let task = &mut s.tasks[index as usize];
            if task.state == RunState::Done {
                return Way::Nothing;
            }
            task.killed = true;
            task.generation += 1;
            if task.state == RunState::Runnable {
                s.runnable.retain(|runnable| *runnable != index);
                if s.chosen == Some(index) {
                    s.chosen = None;
                }
            }
            let task = &mut s.tasks[index as usize];
            if task.carrier.is_none() {
                let body = task.body.take();
                s.finish_task(index);
                return Way::NeverStarted(body);
            }
            Way::Unwind
        });
        match way {
            Way::Nothing => {}
            Way::NeverStarted(body) => {
                self.with(|s| s.burying = true);
                drop(body);
                self.with(|s| s.burying = false);
            }
            Way::Unwind => {
                self.heartbeat.sign_of_life();
                self.enter(index, Resume::Kill);
                let left_over = self.with(|s| {
                    let task = &mut s.tasks[index as usize];
                    if task.state == RunState::Done {
                        return None;
                    }
                    let carrier = task.carrier.take();
                    s.leaked += 1;
                    s.finish_task(index);
                    carrier
                });
                if let Some(carrier) = left_over {
                    carrier.abandon();
                }
            }
        }
    }

    /// Ends every task that is left, in a fixed order.
    pub(crate) fn end_all_tasks(&self) {
        self.with(|s| {
            s.ending = true;
            s.attention = true;
        });
        // Unwinding starts no tasks: spawn is inert by now.
        for index in 0..self.with(|s| s.tasks.len()) {
            self.kill_task(index as u32);
        }
        for action in self.with(|s| s.timers.take_actions()) {
            drop(action);
        }
        for carrier in self.with(|s| std::mem::take(&mut s.idle_carriers)) {
            carrier.retire(self);
        }
    }
}

enum Pick {
    Task(u32),
    Later,
}

impl State {
    fn pick(&mut self) -> Pick {
        if self.config.limits.virtual_time < Duration::from_nanos(self.now) {
            self.virtual_time_limit();
            return Pick::Later;
        }
        if let Some(chosen) = self.chosen.take() {
            return Pick::Task(chosen);
        }
        if !self.runnable.is_empty() {
            let next = self.policy.pick(&self.runnable, &self.tasks, &mut self.rng);
            return Pick::Task(self.runnable.swap_remove(next));
        }
        let tasks = &self.tasks;
        let still_waits = |task: u32, generation: u64| {
            let task: &super::task::Task = &tasks[task as usize];
            task.state == RunState::Blocked && task.generation == generation
        };
        match self.timers.next_live(still_waits) {
            Some(at) => {
                let limit_nanos =
                    u64::try_from(self.config.limits.virtual_time.as_nanos()).unwrap_or(u64::MAX);
                // Not beyond the limit: what is reported there is as of the limit.
                self.now = self.now.max(at.min(limit_nanos.saturating_add(1)));
            }
            None => {
                // Nothing will ever happen again.
                let message = "every thread waits for another one".to_owned();
                self.now += STEP_COST_NANOS;
                self.fail(FailureKind::NobodyCanRun, message, None);
            }
        }
        Pick::Later
    }

    #[cold]
    fn virtual_time_limit(&mut self) {
        let limit = self.config.limits.virtual_time;
        let message = format!("the run is still going on after {limit:?} of virtual time");
        self.fail(FailureKind::VirtualTimeLimit, message, None);
    }
}
