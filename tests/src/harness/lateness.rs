//! How late the machine was, under the real clock (duty H3), and which limits that excuses.
//!
//! The harness looks every ten milliseconds whether it wakes when it should, and notices what its
//! own threads wait for a core. What that took, less the CPU time that the run itself used
//! meanwhile, was taken by others. From these the time that a limit lost is summed up: see
//! [`Lateness::excuses`] and `docs/design/lateness.md`.

use std::sync::Arc;
use std::time::Duration;

use labrt_host::{Clock, RunReport, clock, event, now};
use parking_lot::Mutex;

use super::crowd;

/// How often the harness looks whether it wakes in time.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How often the CPU time of the process is read, if nothing is late: that costs more than a look.
const READ_CPU_EVERY: Duration = Duration::from_millis(100);

/// How often the harness looks whether others crowd the machine.
const READ_CROWD_EVERY: Duration = Duration::from_secs(1);

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
    /// When the look before was. Under the real clock, once the test has begun; `None` where
    /// nothing is looked at.
    last: Option<Duration>,
    late: Vec<Late>,
    /// What the harness's own threads waited for a core, in steps that no code of a submission is
    /// part of.
    waits: Vec<Late>,
    /// The CPU time that the process had used, now and then.
    used: Vec<Used>,
    /// When the machine was crowded, and what was read of it last.
    crowded: Vec<Late>,
    machine: Option<(Duration, crowd::Reading)>,
    missed: Option<Missed>,
}

/// The CPU time that the process had used at a moment.
#[derive(Clone, Copy)]
struct Used {
    at: Duration,
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
}

/// From now on the run looks again and again, so that a machine that is late is noticed whenever
/// it is: a submission that sends nothing arms no timers of its own. Does nothing under the
/// virtual clock.
pub(super) fn watch(looks: Arc<Looks>) {
    if clock() == Some(Clock::Real) {
        let at = now();
        // What the events before it took is no lateness of the machine.
        looks.look(at, event::awake_since().unwrap_or(at));
        event::after(LOOK_EVERY, move || watch(looks));
    }
}

impl Looks {
    /// A look at `at`, whose thread had woken for it at `woke`.
    fn look(&self, at: Duration, woke: Duration) {
        let mut seen = self.0.lock();
        if let Some(last) = seen.last {
            let late = seen.taken(last + LOOK_EVERY, woke);
            seen.late.extend(late);
        }
        if seen.used.last().is_none_or(|used| used.at + READ_CPU_EVERY <= at) {
            seen.used.push(Used { at, cpu: cpu_time() });
        }
        if seen.machine.is_none_or(|(read_at, _)| read_at + READ_CROWD_EVERY <= at) {
            seen.read_machine(at);
        }
        seen.last = Some(at);
    }

    /// A thread of the harness had nothing to wait for but a core, from then to now.
    pub(super) fn waited(&self, from: Duration, now: Duration) {
        if ON_TIME < now.saturating_sub(from) {
            let mut seen = self.0.lock();
            let late = seen.last.and_then(|_| seen.taken(from, now));
            seen.waits.extend(late);
        }
    }

    /// Something is found broken, here and now; `limit` is the time there was for it, if it is a
    /// matter of that. The first finding counts.
    pub(super) fn found(&self, limit: Option<Duration>) {
        let at = now();
        let mut seen = self.0.lock();
        if seen.missed.is_some() {
            return;
        }
        seen.missed = Some(Missed { at, limit });
        // A look that is due and has not woken.
        if event::awake_since().is_none() {
            let late = seen.last.and_then(|last| seen.taken(last + LOOK_EVERY, at));
            seen.late.extend(late);
        }
        if seen.last.is_some() {
            seen.read_machine(at);
        }
    }

    /// Of a run that ended as `report` says; `None` under the virtual clock, where nothing is
    /// late.
    pub(crate) fn lateness(&self, report: &RunReport, own_cpu: Duration) -> Option<Lateness> {
        let Seen { late, waits, crowded, missed, .. } = &*self.0.lock();
        let waits = [&waits[..], crowded].concat();
        let lengths = late.iter().map(|late| late.to - late.from);
        (report.clock == Clock::Real).then(|| Lateness {
            worst: lengths.max().unwrap_or_default(),
            own_cpu,
            elapsed: report.elapsed,
            limit: missed.and_then(|missed| missed.limit),
            lost: missed.map(|missed| lost(late, &waits, missed)).unwrap_or_default(),
        })
    }
}

impl Seen {
    /// What others took of the time from `due` to `now`.
    fn taken(&self, due: Duration, now: Duration) -> Option<Late> {
        (ON_TIME < now.saturating_sub(due)).then(|| taken(&self.used, due, now, cpu_time()))?
    }

    /// Others took all the time since the last reading, if they crowded the machine.
    fn read_machine(&mut self, at: Duration) {
        let Some(reading) = crowd::read() else { return };
        if let Some((from, before)) = self.machine.replace((at, reading))
            && crowd::crowds(before, reading)
        {
            self.crowded.push(Late { from, to: at });
        }
    }
}

/// What others took of the time from `due` to `now`, when the process has used `cpu`: what it has
/// used since `due`, or a little before, it has taken itself.
fn taken(used: &[Used], due: Duration, now: Duration, cpu: Duration) -> Option<Late> {
    let read_before = used.partition_point(|used| used.at <= due).checked_sub(1);
    let own = cpu.saturating_sub(read_before.map_or(Duration::ZERO, |place| used[place].cpu));
    let taken = now.saturating_sub(due).saturating_sub(own);
    (ON_TIME < taken).then(|| Late { from: now - taken, to: now })
}

/// How much of a limit was taken: the stretches themselves, and after a spike the time in which a
/// cluster recovers, none of it twice.
///
/// `waits` see what looks do not, be it what the harness waited for or how crowded the machine was: a
/// thread that seldom runs is served at once, and hundreds that want to run are not.
fn lost(late: &[Late], waits: &[Late], missed: Missed) -> Duration {
    let begin = missed.limit.map_or(Duration::ZERO, |limit| missed.at.saturating_sub(limit));
    let with_recovery = late.iter().map(|Late { from, to }| {
        let recovery = if SPIKE < *to - *from { RECOVERY } else { Duration::ZERO };
        Late { from: *from, to: *to + recovery }
    });
    let mut stretches: Vec<Late> = with_recovery.chain(waits.iter().copied()).collect();
    stretches.sort_by_key(|stretch| stretch.from);

    let (mut lost, mut reached) = (Duration::ZERO, begin);
    for Late { from, to } in stretches {
        let end = to.min(missed.at);
        lost += end.saturating_sub(reached.max(from));
        reached = reached.max(end);
    }
    lost
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
        lost(&late, &[], Missed { at: ms(10_000), limit: Some(LIMIT) }).as_millis()
    }

    #[test]
    fn what_the_harness_waited_is_lost_though_every_look_was_in_time() {
        let missed = Missed { at: ms(10_000), limit: Some(LIMIT) };
        let stretch = |from, to| Late { from: ms(from), to: ms(to) };
        let waits = [stretch(3000, 4200), stretch(6000, 7000), stretch(5000, 6500)];
        assert_eq!(lost(&[], &waits, missed), ms(2200), "clipped, and none of it twice");
        let late = [stretch(6900, 7040)];
        assert_eq!(lost(&late, &waits, missed), ms(3240), "and a spike's recovery goes on");
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
    fn time_is_taken_by_others_unless_the_run_used_it_itself() {
        let read = |at, cpu| Used { at: ms(at), cpu: ms(cpu) };
        let used = [read(0, 10), read(100, 40), read(200, 90)];
        let taken = |due, now, cpu| taken(&used, ms(due), ms(now), ms(cpu));
        let late = |from, to| Some(Late { from: ms(from), to: ms(to) });
        assert_eq!(taken(110, 110, 40), None, "it woke when it was due");
        assert_eq!(taken(110, 180, 40), late(110, 180), "all of it was others");
        assert_eq!(taken(110, 180, 70), late(140, 180), "30 ms were its own");
        assert_eq!(taken(110, 180, 240), None, "it kept two cores busy all the while");
        assert_eq!(taken(90, 250, 100), late(180, 250), "90 ms were used since the reading before");
    }
}
