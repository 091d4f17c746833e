//! A random runnable task, at every operation, at some, or only where the running one waits.
//!
//! Even in the last case a task that spins gives way in the end: what it waits for may need
//! another one, as under any real scheduler.

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use super::{SPIN_POINTS, below};

pub(crate) struct RandomWalk {
    /// One operation in so many is an interruption; 0 means none is.
    one_in: u32,
    last: u32,
    points_in_a_row: u64,
}

impl RandomWalk {
    pub(crate) fn every_operation() -> Self {
        Self::one_in(1)
    }

    pub(crate) fn one_in(one_in: u32) -> Self {
        Self { one_in: one_in.max(1), last: u32::MAX, points_in_a_row: 0 }
    }

    pub(crate) fn blocking_only() -> Self {
        Self { one_in: 0, ..Self::one_in(1) }
    }

    pub(crate) fn is_blocking_only(&self) -> bool {
        self.one_in == 0
    }

    #[inline]
    pub(crate) fn interrupt(
        &mut self,
        running: u32,
        others: usize,
        rng: &mut ChaCha8Rng,
    ) -> Option<usize> {
        match self.one_in {
            0 => return self.spins(running).then(|| below(rng, others)),
            1 => {}
            one_in => {
                let draw = (u64::from(rng.next_u32()) * u64::from(one_in)) >> 32;
                if draw != 0 {
                    return None;
                }
            }
        }
        // The running task is one of the candidates.
        let chosen = below(rng, others + 1);
        (chosen < others).then_some(chosen)
    }

    fn spins(&mut self, running: u32) -> bool {
        if self.last != running {
            self.last = running;
            self.points_in_a_row = 0;
        }
        self.points_in_a_row += 1;
        if self.points_in_a_row < SPIN_POINTS {
            return false;
        }
        self.points_in_a_row = 0;
        true
    }
}
