//! How late the machine was, under the real clock (duty H3).

use std::time::Duration;

use labrt_host::{Clock, RunReport, clock, event};

/// A timer that wakes this late may have cost a heartbeat, and with it an election.
const LATE: Duration = Duration::from_millis(50);

/// How often the harness looks whether it wakes in time.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// From now on the run has a timer that is due again and again, so that a machine that is late
/// is noticed whenever it is: a submission that sends nothing arms no timers of its own. Does
/// nothing under the virtual clock.
pub(super) fn watch() {
    if clock() == Some(Clock::Real) {
        event::after(LOOK_EVERY, watch);
    }
}

/// How late a run's own timers woke, and how much of that is its own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    /// By how much the latest of them woke late.
    pub worst: Duration,
    /// The CPU time that the run used.
    pub own_cpu: Duration,
    /// The time that it took.
    pub elapsed: Duration,
}

impl Lateness {
    /// Of a run that used `own_cpu`; `None` under the virtual clock, where nothing is late.
    pub(crate) fn of(report: &RunReport, own_cpu: Duration) -> Option<Self> {
        (report.clock == Clock::Real).then_some(Self {
            worst: report.timer_lateness_max,
            own_cpu,
            elapsed: report.elapsed,
        })
    }

    /// Whether a limit that was missed may be the machine's fault: it was late, and the run left
    /// it most of a core.
    pub(crate) fn excuses(&self) -> bool {
        LATE < self.worst && self.own_cpu < self.elapsed / 4
    }
}

/// The CPU time that this process has used; zero where it cannot be told.
pub(crate) fn cpu_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lateness(worst_ms: u64, own_cpu_ms: u64) -> Lateness {
        Lateness {
            worst: Duration::from_millis(worst_ms),
            own_cpu: Duration::from_millis(own_cpu_ms),
            elapsed: Duration::from_secs(10),
        }
    }

    #[test]
    fn only_a_late_machine_is_an_excuse() {
        assert!(!lateness(10, 100).excuses(), "10 ms are within what a machine does");
        assert!(lateness(300, 100).excuses(), "300 ms cost heartbeats");
    }

    #[test]
    fn lateness_of_ones_own_making_is_none() {
        assert!(!lateness(300, 9000).excuses(), "it used nine seconds of ten");
    }
}
