//! Probabilistic concurrency testing: the highest priority runs; at a few random operations the
//! running task falls behind everybody. So it does when it yields: strict priorities would let two
//! tasks yield to each other for ever while a third could run.

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use super::SPIN_POINTS;
use crate::engine::task::Task;

pub(crate) struct Pct {
    /// At which operations a change falls, the last one first.
    changes: Vec<u64>,
    operations: u64,
    /// What the next task to fall behind gets; counts down, so that it is below all before it.
    next_low: u64,
    last: u32,
    points_in_a_row: u64,
}

/// Priorities at birth are above all that a change hands out.
const BIRTH_PRIORITY_MIN: u64 = 1 << 32;

impl Pct {
    pub(crate) fn new(depth: u32, operations: u64, rng: &mut ChaCha8Rng) -> Self {
        let operations = operations.max(1);
        let draw = |rng: &mut ChaCha8Rng| {
            ((u128::from(rng.next_u64()) * u128::from(operations)) >> 64) as u64 + 1
        };
        let mut changes: Vec<u64> = (1..depth.max(1)).map(|_| draw(rng)).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            changes,
            operations: 0,
            next_low: BIRTH_PRIORITY_MIN,
            last: u32::MAX,
            points_in_a_row: 0,
        }
    }

    pub(crate) fn new_priority(&mut self, rng: &mut ChaCha8Rng) -> u64 {
        BIRTH_PRIORITY_MIN + u64::from(rng.next_u32())
    }

    pub(crate) fn interrupt(
        &mut self,
        running: u32,
        runnable: &[u32],
        tasks: &mut [Task],
    ) -> Option<usize> {
        self.operations += 1;
        if self.last == running {
            self.points_in_a_row += 1;
        } else {
            self.last = running;
            self.points_in_a_row = 0;
        }
        let change = self.changes.last().is_some_and(|at| *at <= self.operations);
        if change {
            self.changes.pop();
        }
        if change || SPIN_POINTS <= self.points_in_a_row {
            self.points_in_a_row = 0;
            self.fall_behind(running, tasks);
        }
        let best = self.pick(runnable, tasks);
        let mine = tasks[running as usize].priority;
        (mine < tasks[runnable[best] as usize].priority).then_some(best)
    }

    pub(crate) fn fall_behind(&mut self, running: u32, tasks: &mut [Task]) {
        self.next_low -= 1;
        tasks[running as usize].priority = self.next_low;
    }

    pub(crate) fn pick(&self, runnable: &[u32], tasks: &[Task]) -> usize {
        let priority = |position: &usize| tasks[runnable[*position] as usize].priority;
        (0..runnable.len()).max_by_key(priority).unwrap_or(0)
    }
}
