//! Tasks in words: their names, and what they hold and await.

use std::time::Duration;

use super::state::State;
use super::task::{Name, RunState, Task};
use crate::watch::{ThreadReport, WaitReport};

impl State {
    pub(crate) fn names_of_running(&self) -> (String, Option<String>) {
        match self.tasks.get(self.running as usize) {
            Some(task) => (self.task_name(task), self.machine_name(task)),
            None => ("scheduler".to_owned(), None),
        }
    }

    pub(crate) fn task_name(&self, task: &Task) -> String {
        match &task.name {
            Name::Given(name) => name.to_string(),
            Name::Fixed(name) => (*name).to_owned(),
            Name::None => {
                let file = task.spawned_at.file();
                let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
                format!("{file}:{}", task.spawned_at.line())
            }
        }
    }

    pub(crate) fn machine_name(&self, task: &Task) -> Option<String> {
        self.machines.get(task.machine as usize).map(|machine| machine.name.to_string())
    }

    /// What every live task holds and awaits.
    pub(crate) fn thread_reports(&self) -> Vec<ThreadReport> {
        let live = self.tasks.iter().filter(|task| task.state != RunState::Done);
        live.map(|task| self.thread_report(task)).collect()
    }

    pub(crate) fn thread_report(&self, task: &Task) -> ThreadReport {
        let waits = match (task.state, &task.wait) {
            (RunState::Blocked, Some(wait)) => Some(WaitReport {
                operation: wait.operation,
                place: task.place,
                since: Duration::from_nanos(wait.since_nanos),
                needs: self.needs_in_words(wait.needs),
            }),
            _ => None,
        };
        ThreadReport {
            name: self.task_name(task),
            machine: self.machine_name(task),
            spawned_at: task.spawned_at,
            holds: task.held.iter().map(|held| held.place).collect(),
            waits,
        }
    }
}
