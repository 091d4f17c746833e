//! What a run leaves behind.

use std::time::Duration;

use crate::config::Clock;
use crate::failure::{Failure, Finding};
use crate::trace::Event;

/// How a run ended, and what was seen on the way.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What the main function returned, or what ended the run before.
    pub result: Result<T, Failure>,
    /// What was noticed, in the order of first notice.
    pub findings: Vec<Finding>,
    /// Figures.
    pub report: RunReport,
    /// The events, if they were asked for. Virtual clock only.
    pub trace: Option<Vec<Event>>,
}

/// The figures of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// The seed it was given.
    pub seed: u64,
    /// The clock it was under.
    pub clock: Clock,
    /// From the start to the end of the main function, on that clock.
    pub elapsed: Duration,
    /// Scheduling steps; 0 under the real clock.
    pub steps: u64,
    /// A hash of all steps in order: the same binary with the same seed gives the same. 0 under
    /// the real clock.
    pub event_hash: u64,
    /// Lab threads started, the main one included.
    pub spawned: u64,
    /// The most lab threads alive at once.
    pub live_max: usize,
    /// Lab threads that could not be ended. What they own is lost until the process ends.
    pub leaked: u64,
    /// By how much the run's own timer woke late, at worst: what an overloaded machine shows in.
    /// Zero under the virtual clock.
    pub timer_lateness_max: Duration,
}

impl<T> Outcome<T> {
    pub(crate) fn failed(clock: Clock, seed: u64, failure: Failure) -> Self {
        Self {
            result: Err(failure),
            findings: Vec::new(),
            report: RunReport {
                seed,
                clock,
                elapsed: Duration::ZERO,
                steps: 0,
                event_hash: 0,
                spawned: 0,
                live_max: 0,
                leaked: 0,
                timer_lateness_max: Duration::ZERO,
            },
            trace: None,
        }
    }

    /// What main returned.
    ///
    /// # Panics
    /// With the whole text of the failure, seed included, if the run failed. For tests.
    #[track_caller]
    pub fn unwrap(self) -> T {
        match self.result {
            Ok(value) => value,
            Err(failure) => panic!(
                "seed {} under the {:?} clock: {failure}",
                self.report.seed, self.report.clock
            ),
        }
    }

    /// What ended the run.
    ///
    /// # Panics
    /// If the run did not fail. For tests.
    #[track_caller]
    pub fn unwrap_failure(self) -> Failure {
        match self.result {
            Ok(_) => panic!("seed {}: the run was expected to fail, and did not", self.report.seed),
            Err(failure) => failure,
        }
    }
}
