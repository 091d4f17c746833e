//! Circles of waits, found when they form, and waits under a held lock.

use std::time::Duration;

use super::state::{Engine, State};
use super::task::{NOBODY, Needs, RunState};
use crate::Place;
use crate::config::LockWatch;
use crate::failure::{FailureKind, Finding, FindingKind, Operation};

/// How long a circle that is likely but not certain must stand before it ends the run.
const CONFIRMATION_NANOS: u64 = 1_000_000_000;
/// So long it may stand while a thread sleeps that might break it.
const CONFIRMATION_MAX_NANOS: u64 = 60 * CONFIRMATION_NANOS;

/// How sure it is that a wait can only end through the next task of the circle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Certain,
    Likely,
}

struct Cycle {
    tasks: Vec<u32>,
    certainty: Certainty,
}

pub(crate) fn record_hazard(engine: &Engine, operation: Operation, place: Place) {
    engine.with(|s| {
        if s.ending || s.running_is_killed() {
            return;
        }
        let locked_at = s.tasks[s.running as usize].held[0].place;
        let address = |place: Place| std::ptr::from_ref(place).addr();
        let key = (operation as u8, address(place), address(locked_at));
        if let Some(known) = s.hazards.get(&key) {
            s.findings[*known].count += 1;
            return;
        }
        s.hazards.insert(key, s.findings.len());
        let (thread, machine) = s.names_of_running();
        let kind = FindingKind::WaitUnderLock { operation, waits_at: place, locked_at };
        let finding = Finding { kind, thread, machine, at: Duration::from_nanos(s.now), count: 1 };
        if s.config.lock_watch == LockWatch::Strict {
            let message = format!(
                "{} at {place} while it holds the lock taken at {locked_at}",
                operation.verb()
            );
            s.fail(FailureKind::WaitUnderLock, message, None);
        }
        s.findings.push(finding);
    });
}

impl State {
    /// Called when `from` has begun to wait: does that close a circle?
    pub(crate) fn look_for_a_cycle(&mut self, from: u32) {
        let Some(cycle) = self.find_cycle(from) else { return };
        match cycle.certainty {
            Certainty::Certain => self.fail_with_cycle(&cycle.tasks, self.now),
            Certainty::Likely => {
                let generation = self.tasks[from as usize].generation;
                self.timers.confirm_cycle_at(self.now + CONFIRMATION_NANOS, from, generation);
            }
        }
    }

    /// A likely circle has stood for a while: if it is still there, it is one.
    pub(crate) fn confirm_cycle(&mut self, from: u32, generation: u64) {
        let task = &self.tasks[from as usize];
        if task.state != RunState::Blocked || task.generation != generation {
            return;
        }
        let Some(cycle) = self.find_cycle(from) else { return };
        let formed = cycle.tasks.iter().filter_map(|task| self.tasks[*task as usize].wait);
        let formed_nanos = formed.map(|wait| wait.since_nanos).max().unwrap_or(self.now);
        if self.now < formed_nanos + CONFIRMATION_NANOS {
            self.timers.confirm_cycle_at(formed_nanos + CONFIRMATION_NANOS, from, generation);
            return;
        }
        if self.now < formed_nanos + CONFIRMATION_MAX_NANOS
            && self.somebody_may_yet_receive(&cycle.tasks, formed_nanos)
        {
            self.timers.confirm_cycle_at(self.now + CONFIRMATION_NANOS, from, generation);
            return;
        }
        self.fail_with_cycle(&cycle.tasks, formed_nanos);
    }

    /// Whether a task beside a likely receiver has slept since the circle formed: it may have the
    /// same receiver in hand, behind an `Arc` or because it was moved there.
    fn somebody_may_yet_receive(&self, circle: &[u32], formed_nanos: u64) -> bool {
        let needed = circle.iter().filter_map(|task| self.tasks[*task as usize].wait);
        let machines: Vec<u32> = needed
            .filter_map(|wait| match wait.needs {
                Needs::LikelyTask(task, _) => Some(self.tasks[task as usize].machine),
                _ => None,
            })
            .collect();
        (0..).zip(&self.tasks).any(|(index, task)| {
            let sleeps = task.state == RunState::Blocked && task.has_deadline;
            let since_then = task.wait.is_some_and(|wait| wait.since_nanos <= formed_nanos);
            sleeps && since_then && machines.contains(&task.machine) && !circle.contains(&index)
        })
    }

    fn fail_with_cycle(&mut self, tasks: &[u32], formed_nanos: u64) {
        let formed = Duration::from_nanos(formed_nanos);
        let mut message = match tasks.len() {
            1 => format!("formed at {formed:?}: a thread waits for itself"),
            count => format!("formed at {formed:?}: {count} threads wait in a circle"),
        };
        for index in tasks {
            let task = &self.tasks[*index as usize];
            let line = self.thread_report(task).to_string();
            message.push('\n');
            message.push_str(line.trim_end());
        }
        self.fail_at(FailureKind::DeadlockCycle, message, None, formed_nanos);
    }

    /// A circle of waits through `from`, if there is one.
    fn find_cycle(&self, from: u32) -> Option<Cycle> {
        if self.waits_for_the_awake(from) {
            return None;
        }
        let mut path = vec![from];
        let mut seen = vec![from];
        self.search(from, from, &mut path, &mut seen, Certainty::Certain)
    }

    /// Whether a task waits for nobody, or for one that can go on. Nearly every wait is such, and is
    /// known for one without a search.
    fn waits_for_the_awake(&self, from: u32) -> bool {
        let Some(wait) = &self.tasks[from as usize].wait else { return true };
        let needed = match wait.needs {
            Needs::Anybody => return true,
            Needs::Task(task) | Needs::LikelyTask(task, _) => task,
            // SAFETY: as in `needed_tasks`.
            Needs::Mutex(lock) => unsafe { (*lock).holder() },
            Needs::RwLock(..) => return false,
        };
        let task = self.tasks.get(needed as usize);
        task.is_none_or(|task| task.state != RunState::Blocked || task.has_deadline)
    }

    fn search(
        &self,
        from: u32,
        at: u32,
        path: &mut Vec<u32>,
        seen: &mut Vec<u32>,
        certainty: Certainty,
    ) -> Option<Cycle> {
        let task = &self.tasks[at as usize];
        // A wait with a deadline ends by itself.
        if task.state != RunState::Blocked || task.has_deadline {
            return None;
        }
        let wait = task.wait.as_ref()?;
        let certainty = match wait.needs {
            Needs::LikelyTask(..) => Certainty::Likely,
            _ => certainty,
        };
        for next in self.needed_tasks(at, wait.needs) {
            if next == from {
                return Some(Cycle { tasks: path.clone(), certainty });
            }
            if seen.contains(&next) {
                continue;
            }
            seen.push(next);
            path.push(next);
            if let Some(cycle) = self.search(from, next, path, seen, certainty) {
                return Some(cycle);
            }
            path.pop();
        }
        None
    }

    /// The tasks each of which must act before `waiting` can go on.
    fn needed_tasks(&self, waiting: u32, needs: Needs) -> Vec<u32> {
        match needs {
            Needs::Anybody => Vec::new(),
            Needs::Task(task) => vec![task],
            // Where it was, another may be by now.
            Needs::LikelyTask(task, uid) if self.tasks[task as usize].uid != uid => Vec::new(),
            Needs::LikelyTask(task, _) => vec![task],
            Needs::Mutex(lock) => {
                // SAFETY: the waiting task borrows the lock for as long as it waits, and the lock
                // belongs to this run, whose turn it is.
                let holder = unsafe { (*lock).holder() };
                if holder == NOBODY { Vec::new() } else { vec![holder] }
            }
            Needs::RwLock(lock, mode) => {
                // SAFETY: as above.
                unsafe { (*lock).blockers(waiting, mode) }
            }
        }
    }

    pub(crate) fn needs_in_words(&self, needs: Needs) -> Option<String> {
        let (words, tasks) = match needs {
            Needs::Anybody => return None,
            Needs::Task(task) => ("which is", vec![task]),
            Needs::LikelyTask(..) => {
                ("whose only receiver so far is", self.needed_tasks(NOBODY, needs))
            }
            Needs::Mutex(_) | Needs::RwLock(..) => ("held by", self.needed_tasks(NOBODY, needs)),
        };
        let named = |index: u32| {
            self.tasks.get(index as usize).map(|task| format!("'{}'", self.task_name(task)))
        };
        let names: Vec<String> = tasks.into_iter().filter_map(named).collect();
        match names.is_empty() {
            true => None,
            false => Some(format!("{words} {}", names.join(", "))),
        }
    }
}
