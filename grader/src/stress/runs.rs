//! Which runs are made, in which order: seed by seed, so that whatever ends the stress run early
//! leaves every test with about as many runs.

use std::collections::VecDeque;
use std::time::Instant;

use lab_record::Clock;

use super::shard::Shard;
use super::tally::Tally;
use crate::grading::part_of;
use crate::plan::Run;

/// The runs to make, in lists of those that one lane makes in order.
#[derive(Debug)]
pub(super) struct Runs {
    pub(super) tests: Vec<String>,
    pub(super) clock: Clock,
    pub(super) first_seed: u64,
    /// How many seeds; `None`: no end.
    pub(super) seed_count: Option<u64>,
    pub(super) shard: Shard,
    /// What need not be run again.
    pub(super) known: Tally,
    pub(super) until: Option<Instant>,
    /// The number of the next seed, from 0.
    pub(super) next: u64,
    /// What is left of the last seed.
    pub(super) rest: VecDeque<Vec<Run>>,
}

impl Runs {
    /// How many runs there are, if there is an end.
    pub(super) fn run_count(&self) -> Option<u64> {
        let numbers = self.seed_count?;
        let seeds = numbers.saturating_sub(self.shard.index).div_ceil(self.shard.count);
        Some(seeds.saturating_mul(self.tests.len() as u64))
    }

    /// All runs of one seed. Under the real clock those of a part follow one another, as they do
    /// in the classic battery.
    fn of_seed(&self, seed: u64) -> VecDeque<Vec<Run>> {
        let mut lanes: VecDeque<Vec<Run>> = VecDeque::new();
        for test in self.tests.iter().filter(|test| !self.known.contains(test, seed)) {
            let run = Run { test: test.clone(), clock: self.clock, seed };
            let last = lanes.back_mut().filter(|lane| {
                let of_part = lane.first().map(|first| part_of(&first.test));
                self.clock == Clock::Real && of_part == Some(part_of(test))
            });
            match last {
                Some(lane) => lane.push(run),
                None => lanes.push_back(vec![run]),
            }
        }
        lanes
    }
}

impl Iterator for Runs {
    type Item = Vec<Run>;

    fn next(&mut self) -> Option<Vec<Run>> {
        loop {
            if self.until.is_some_and(|until| until <= Instant::now()) {
                return None;
            }
            if let Some(lane) = self.rest.pop_front() {
                return Some(lane);
            }
            let number = self.next;
            if self.seed_count.is_some_and(|count| count <= number) {
                return None;
            }
            self.next += 1;
            if self.shard.takes(number) {
                self.rest = self.of_seed(self.first_seed.wrapping_add(number));
            }
        }
    }
}
