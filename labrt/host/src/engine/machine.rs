//! Machines under the virtual clock: what a crash does, and when.

use std::any::Any;
use std::sync::Arc;

use super::state::{Engine, State};
use super::step::Standing;
use super::task::{NOBODY, Name, RunState};
use crate::Place;
use crate::Stalls;
use crate::dispatch;
use crate::kill;
use crate::trace::EventKind;

pub(crate) type Hook = Box<dyn FnOnce()>;

pub(crate) struct MachineState {
    pub(crate) name: Arc<str>,
    pub(crate) crashed: bool,
    /// Scheduling points that its threads have passed.
    pub(crate) steps: u64,
    /// At which of them it crashes; 0 for none.
    pub(crate) crash_at: u64,
    /// Threads that have not ended.
    pub(crate) live: usize,
    pub(crate) hooks: Vec<Hook>,
    /// What its threads suffer.
    pub(crate) stalls: Option<Stalls>,
}

impl Engine {
    /// A new machine; its index.
    pub fn new_machine(&self, name: Arc<str>) -> u32 {
        self.with(|s| {
            s.machines.push(MachineState {
                name,
                crashed: false,
                steps: 0,
                crash_at: 0,
                live: 0,
                hooks: Vec::new(),
                stalls: None,
            });
            (s.machines.len() - 1) as u32
        })
    }

    /// The machine of the running task, `NOBODY` if it is on none.
    pub fn current_machine(&self) -> u32 {
        self.with(|s| s.tasks.get(s.running as usize).map_or(NOBODY, |task| task.machine))
    }

    /// The machine's name.
    pub fn machine_name(&self, machine: u32) -> Arc<str> {
        self.with(|s| s.machines[machine as usize].name.clone())
    }

    /// Whether it has crashed.
    pub fn machine_is_crashed(&self, machine: u32) -> bool {
        self.with(|s| s.is_crashed(machine) || s.crashes.contains(&machine))
    }

    /// Scheduling points its threads have passed.
    pub fn machine_steps(&self, machine: u32) -> u64 {
        self.with(|s| s.machines[machine as usize].steps)
    }

    /// Its threads that have not ended.
    pub fn machine_live(&self, machine: u32) -> usize {
        self.with(|s| s.machines[machine as usize].live)
    }

    /// Lets it crash at its `step`-th scheduling point from its beginning.
    pub fn crash_machine_at(&self, machine: u32, step: u64) {
        self.with(|s| s.machines[machine as usize].crash_at = step);
    }

    /// Runs `hook` when the machine crashes, before any of its threads is unwound; at once if it
    /// already has.
    pub fn on_machine_crash(&self, machine: u32, hook: Hook) {
        let late = self.with(|s| {
            let state = &mut s.machines[machine as usize];
            if state.crashed {
                return Some(hook);
            }
            state.hooks.push(hook);
            None
        });
        if let Some(hook) = late {
            hook();
        }
    }

    /// Crashes the machine now. Called from one of its own threads, it does not come back.
    pub fn crash_machine(&self, machine: u32, place: Place) {
        let from_a_task = self.with(|s| {
            if s.ending || s.is_crashed(machine) {
                return false;
            }
            s.crashes.push(machine);
            s.attention = true;
            if s.running == NOBODY {
                return false;
            }
            // The loop carries it out, and then this task goes on, before anybody else.
            let running = s.running;
            s.tasks[running as usize].place = place;
            true
        });
        if from_a_task {
            self.step_aside(place);
        }
    }

    /// Drops what belonged to a crashed machine, on a thread that is being unwound, so that its
    /// destructors are as inert as those of the machine's own threads.
    pub fn discard(&self, value: Box<dyn Any>, place: Place) {
        let body = Box::new(move || {
            let _dropped_while_unwinding = value;
            if let Some(engine) = dispatch::engine() {
                engine.with(|s| {
                    let running = s.running as usize;
                    s.tasks[running].killed = true;
                    s.attention = true;
                });
            }
            kill::die();
        });
        self.spawn_boxed(NOBODY, Name::Fixed("discard"), place, body);
    }

    fn step_aside(&self, place: Place) {
        let standing = self.point(EventKind::Crash, place);
        debug_assert!(
            standing == Standing::Alive || self.with(|s| s.ending),
            "a killed task crashes nobody"
        );
    }

    /// The loop's part of a crash: revoke first, then unwind.
    pub(crate) fn carry_out_crashes(&self) {
        while let Some(machine) = self.with(|s| s.crashes.pop()) {
            let hooks = self.with(|s| {
                let state = &mut s.machines[machine as usize];
                if state.crashed || s.ending {
                    return Vec::new();
                }
                state.crashed = true;
                for task in s.tasks.iter_mut().filter(|task| task.machine == machine) {
                    if task.state != RunState::Done {
                        task.killed = true;
                    }
                }
                std::mem::take(&mut state.hooks)
            });
            for hook in hooks {
                hook();
            }
            for index in 0..self.with(|s| s.tasks.len()) {
                let task_of_it = self.with(|s| {
                    let task = &s.tasks[index];
                    task.machine == machine && task.state != RunState::Done
                });
                if task_of_it {
                    self.kill_task(index as u32);
                }
            }
        }
    }
}

impl State {
    pub(crate) fn is_crashed(&self, machine: u32) -> bool {
        self.machines.get(machine as usize).is_some_and(|state| state.crashed)
    }
}
