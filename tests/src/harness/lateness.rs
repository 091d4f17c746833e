//! How late the machine was, under the real clock (duty H3), and which limits that excuses.
//!
//! The harness looks every ten milliseconds whether it wakes when it should. What a look was late,
//! less the CPU time that the run itself used since the look before, was taken by others. From
//! these the time that a limit lost is summed up: see [`Lateness::excuses`] and
//! `docs/design/lateness.md`.

use std::sync::Arc;
use std::time::Duration;

use labrt_host::{Clock, RunReport, clock, event, now};
use parking_lot::Mutex;

/// How often the harness looks whether it wakes in time.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Less than this is no lateness: a timer needs as much.
const ON_TIME: Duration = Duration::from_millis(1);

/// A look that is this late may have cost a heartbeat, and with it an election.
const SPIKE: Duration = Duration::from_millis(50);

/// How long a cluster needs to have a leader again after that: an election timeout as the lab
/// wants it, and one more after a split vote.
const RECOVERY: Duration = Duration::from_secs(1);

/// A limit is excused if the machine took this part of it.
const EXCUSING_PART: u32 = 3;

/// A run that uses this part of a core, or more, has made itself late.
const OWN_CPU_PART: u32 = 4;

/// What the looks of one run have seen.
#[derive(Default)]
pub(crate) struct Looks(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// Under the real clock, once the test has begun.
    last: Option<Look>,
    late: Vec<Late>,
    missed: Option<Missed>,
}

/// A look: when it was, when its thread had woken for it, and the CPU time that the process had
/// used by then.
#[derive(Clone, Copy)]
struct Look {
    at: Duration,
    woke: Duration,
    cpu: Duration,
}

/// A stretch of time that others took, since the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Late {
    from: Duration,
    to: Duration,
}

/// A limit that was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Missed {
    /// Since the run began.
    at: Duration,
    /// How much time there was; `None` for what a single late heartbeat can break, at any time.
    limit: Option<Duration>,
    /// By how much the harness's check took longer than planned.
    overrun: Duration,
}

/// From now on the run looks again and again, so that a machine that is late is noticed whenever
/// it is: a submission that sends nothing arms no timers of its own. Does nothing under the
/// virtual clock.
pub(super) fn watch(looks: Arc<Looks>) {
    if clock() == Some(Clock::Real) {
        let at = now();
        // What the events before it took is no lateness of the machine.
        looks.look(Look { at, woke: event::awake_since().unwrap_or(at), cpu: cpu_time() });
        event::after(LOOK_EVERY, move || watch(looks));
    }
}

impl Looks {
    fn look(&self, look: Look) {
        let mut seen = self.0.lock();
        let late = seen.last.and_then(|last| taken(last, look.woke, look.cpu));
        seen.late.extend(late);
        seen.last = Some(look);
    }

    /// Something is found broken, here and now; `limit` is the time there was for it, if it is a
    /// matter of that. The first finding counts.
    pub(super) fn found(&self, limit: Option<Duration>, overrun: Duration) {
        let at = now();
        let mut seen = self.0.lock();
        if seen.missed.is_some() {
            return;
        }
        seen.missed = Some(Missed { at, limit, overrun });
        // A look that is due and has not woken.
        if event::awake_since().is_none() {
            let late = seen.last.and_then(|last| taken(last, at, cpu_time()));
            seen.late.extend(late);
        }
    }

    /// Of a run that ended as `report` says; `None` under the virtual clock, where nothing is
    /// late.
    pub(crate) fn lateness(&self, report: &RunReport, own_cpu: Duration) -> Option<Lateness> {
        let Seen { late, missed, .. } = &*self.0.lock();
        let lengths = late.iter().map(|late| late.to - late.from);
        (report.clock == Clock::Real).then(|| Lateness {
            worst: lengths.max().unwrap_or_default(),
            own_cpu,
            elapsed: report.elapsed,
            limit: missed.and_then(|missed| missed.limit),
            lost: missed.map(|missed| lost(late, missed)).unwrap_or_default(),
        })
    }
}

/// What others took between `last` and the next look, whose thread woke at `woke`.
fn taken(last: Look, woke: Duration, cpu: Duration) -> Option<Late> {
    let due = last.at + LOOK_EVERY;
    let own = cpu.saturating_sub(last.cpu);
    let taken = woke.saturating_sub(due).saturating_sub(own);
    (ON_TIME < taken).then(|| Late { from: woke - taken, to: woke })
}

/// How much of a limit was taken: the stretches themselves, and after a spike the time in which a
/// cluster recovers, none of it twice; at least that by which the check itself was late. That sees
/// a machine on which a thread that seldom runs is served at once, and hundreds that want to run
/// are not.
fn lost(late: &[Late], missed: Missed) -> Duration {
    let begin = missed.limit.map_or(Duration::ZERO, |limit| missed.at.saturating_sub(limit));
    let mut lost = Duration::ZERO;
    let mut reached = begin;
    for Late { from, to } in late {
        let recovery = if SPIKE < *to - *from { RECOVERY } else { Duration::ZERO };
        let end = (*to + recovery).min(missed.at);
        lost += end.saturating_sub(reached.max(*from));
        reached = reached.max(end);
    }
    lost.max(missed.overrun)
}

/// How late the machine made a run's own timers, and what that cost the limit that was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    /// By how much the latest of the harness's looks was late, through others.
    pub worst: Duration,
    /// The CPU time that the run used.
    pub own_cpu: Duration,
    /// The time that it took.
    pub elapsed: Duration,
    /// The limit that was missed, if one was.
    pub limit: Option<Duration>,
    /// How much of it the machine took; of the whole run, where something else is found broken.
    pub lost: Duration,
}

impl Lateness {
    /// Whether what was found may be the machine's fault: it took a third of the limit, or, of
    /// what a single late heartbeat can break, a heartbeat; and the run left it most of a core.
    pub(crate) fn excuses(&self) -> bool {
        let was_enough = match self.limit {
            Some(limit) => limit / EXCUSING_PART <= self.lost,
            None => SPIKE < self.worst,
        };
        was_enough && self.own_cpu < self.elapsed / OWN_CPU_PART
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

    const LIMIT: Duration = Duration::from_secs(6);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn lateness(limit: Option<Duration>, lost_ms: u64, worst_ms: u64, cpu_ms: u64) -> Lateness {
        Lateness {
            worst: ms(worst_ms),
            own_cpu: ms(cpu_ms),
            elapsed: ms(10_000),
            limit,
            lost: ms(lost_ms),
        }
    }

    /// What stretches of so many milliseconds, from and to, cost a limit of six seconds that is
    /// missed at ten.
    fn lost_ms(late: &[(u64, u64)]) -> u128 {
        let late: Vec<Late> =
            late.iter().map(|(from, to)| Late { from: ms(*from), to: ms(*to) }).collect();
        lost(&late, Missed { at: ms(10_000), limit: Some(LIMIT), overrun: ms(0) }).as_millis()
    }

    #[test]
    fn a_check_that_took_longer_than_planned_was_late_by_so_much() {
        let missed = Missed { at: ms(10_000), limit: Some(LIMIT), overrun: ms(700) };
        assert_eq!(lost(&[], missed), ms(700), "though every look was in time");
        let late = Late { from: ms(5000), to: ms(5040) };
        assert_eq!(lost(&[late], missed), ms(700), "and the late look is part of it");
    }

    #[test]
    fn a_limit_is_excused_by_a_third_of_it() {
        assert!(!lateness(Some(LIMIT), 1999, 900, 100).excuses(), "four seconds were left");
        assert!(lateness(Some(LIMIT), 2000, 900, 100).excuses(), "a third is gone");
    }

    #[test]
    fn what_a_heartbeat_can_break_is_excused_by_a_heartbeat() {
        assert!(!lateness(None, 3000, 50, 100).excuses(), "no look was late enough for that");
        assert!(lateness(None, 51, 51, 100).excuses(), "a heartbeat may have been lost");
    }

    #[test]
    fn a_run_that_keeps_the_machine_busy_has_no_excuse() {
        assert!(!lateness(Some(LIMIT), 6000, 900, 2500).excuses(), "it used a quarter of a core");
        assert!(!lateness(None, 6000, 900, 2500).excuses(), "of whatever it was accused");
    }

    #[test]
    fn what_lies_before_the_limit_or_after_it_costs_nothing() {
        assert_eq!(lost_ms(&[(1000, 1040), (2000, 2900), (10_000, 12_000)]), 0, "not its time");
        assert_eq!(lost_ms(&[(3900, 4030)]), 1030, "from its begin to the recovery from a spike");
        assert_eq!(lost_ms(&[(9980, 10_020)]), 20, "up to its end");
    }

    #[test]
    fn a_spike_costs_an_election_and_less_costs_itself() {
        assert_eq!(lost_ms(&[(5000, 5050)]), 50, "a heartbeat that is 50 ms late is in time");
        assert_eq!(lost_ms(&[(5000, 5051)]), 1051, "and then a cluster may have to elect");
    }

    #[test]
    fn nothing_is_counted_twice() {
        assert_eq!(lost_ms(&[(5000, 5100), (5300, 5400)]), 1400, "the recoveries overlap");
        assert_eq!(lost_ms(&[(5000, 5100), (5200, 5240)]), 1100, "one holds the other");
        assert_eq!(lost_ms(&[(5000, 5100), (7000, 7100)]), 2200, "these are two");
    }

    #[test]
    fn a_look_is_late_by_what_others_took() {
        let last = Look { at: ms(100), woke: ms(100), cpu: ms(40) };
        let late = |from, to| Some(Late { from: ms(from), to: ms(to) });
        assert_eq!(taken(last, ms(110), ms(40)), None, "it woke when it was due");
        assert_eq!(taken(last, ms(210), ms(40)), late(110, 210), "all of it was others");
        assert_eq!(taken(last, ms(210), ms(70)), late(140, 210), "30 ms were its own");
        assert_eq!(taken(last, ms(210), ms(240)), None, "it kept two cores busy all the while");
    }
}
