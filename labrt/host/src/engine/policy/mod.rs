//! Who is next: one file a policy, all of them values of one enum so that a step stays cheap.

mod pct;
mod random_walk;

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use super::task::Task;
use crate::config::Policy;
use pct::Pct;
use random_walk::RandomWalk;

/// A task that takes so many points in a row while others could run spins, and gives way.
const SPIN_POINTS: u64 = 10_000;

/// A number below `count`, which must not be zero.
#[inline]
pub(crate) fn below(rng: &mut ChaCha8Rng, count: usize) -> usize {
    // Multiply-shift: the bias is below count / 2^32.
    ((u64::from(rng.next_u32()) * count as u64) >> 32) as usize
}

pub(crate) enum PolicyState {
    RandomWalk(RandomWalk),
    Pct(Pct),
}

impl PolicyState {
    pub(crate) fn new(policy: Policy, rng: &mut ChaCha8Rng) -> Self {
        match policy {
            Policy::Seeded => match below(rng, 3) {
                0 => Self::RandomWalk(RandomWalk::every_operation()),
                1 => Self::RandomWalk(RandomWalk::one_in(1 << (1 + below(rng, 6)))),
                _ => Self::RandomWalk(RandomWalk::blocking_only()),
            },
            Policy::EveryOperation => Self::RandomWalk(RandomWalk::every_operation()),
            Policy::Sometimes { one_in } => Self::RandomWalk(RandomWalk::one_in(one_in)),
            Policy::BlockingOnly => Self::RandomWalk(RandomWalk::blocking_only()),
            Policy::Pct { depth, operations } => Self::Pct(Pct::new(depth, operations, rng)),
        }
    }

    /// At a scheduling point: which entry of `runnable` takes the turn from `running`, if any.
    #[inline]
    pub(crate) fn interrupt(
        &mut self,
        running: u32,
        runnable: &[u32],
        tasks: &mut [Task],
        rng: &mut ChaCha8Rng,
    ) -> Option<usize> {
        if runnable.is_empty() {
            return None;
        }
        match self {
            Self::RandomWalk(policy) => policy.interrupt(running, runnable.len(), rng),
            Self::Pct(policy) => policy.interrupt(running, runnable, tasks),
        }
    }

    /// When the running task can not go on: which entry of `runnable`, which is not empty, does.
    #[inline]
    pub(crate) fn pick(&mut self, runnable: &[u32], tasks: &[Task], rng: &mut ChaCha8Rng) -> usize {
        match self {
            Self::RandomWalk(_) if runnable.len() == 1 => 0,
            Self::RandomWalk(_) => below(rng, runnable.len()),
            Self::Pct(policy) => policy.pick(runnable, tasks),
        }
    }

    /// The running task lets others go first.
    pub(crate) fn yielded(&mut self, running: u32, tasks: &mut [Task]) {
        if let Self::Pct(policy) = self {
            policy.fall_behind(running, tasks);
        }
    }

    /// Whether a task that left its stack only to let timers fire goes on before others.
    pub(crate) fn prefers_to_stay(&self) -> bool {
        match self {
            Self::RandomWalk(policy) => policy.is_blocking_only(),
            Self::Pct(_) => false,
        }
    }

    pub(crate) fn new_priority(&mut self, rng: &mut ChaCha8Rng) -> u64 {
        match self {
            Self::RandomWalk(_) => 0,
            Self::Pct(policy) => policy.new_priority(rng),
        }
    }
}
