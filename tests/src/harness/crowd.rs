//! Whether others crowd the machine, where the system tells: on Linux, if `/proc` is in reach.
//!
//! A thread that seldom runs is served at once even on a crowded machine, so the harness may be in
//! time while the hundred threads of a cluster wait for each other's turns. What the whole machine
//! does shows that; and no run can crowd it for itself without using it.

use std::time::Duration;

use super::lateness::cpu_time;

/// Others crowd the machine if they use so much of all its cores, in percent,
const OTHERS_PERCENT_MIN: u64 = 90;
/// and so many threads a core are ready to run. Without that it is only busy.
const READY_PER_CORE_MIN: u64 = 4;

/// What the machine had done by a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The time of all cores since the machine started, and what of it none of them worked; in the
    /// system's ticks.
    all_ticks: u64,
    idle_ticks: u64,
    cores: u64,
    /// How many threads run or are ready to, just now.
    ready: u64,
    /// The CPU time that this process has used.
    own: Duration,
}

/// What there is to be read now; `None` where the system does not say.
pub(super) fn read() -> Option<Reading> {
    #[cfg(target_os = "linux")]
    return parse(&std::fs::read_to_string("/proc/stat").ok()?, cpu_time());
    #[cfg(not(target_os = "linux"))]
    None
}

/// Whether others crowded the machine between two readings.
pub(super) fn crowds(before: Reading, now: Reading) -> bool {
    let all = now.all_ticks.saturating_sub(before.all_ticks);
    let idle = now.idle_ticks.saturating_sub(before.idle_ticks);
    let own = now.own.saturating_sub(before.own).as_millis() as u64 * ticks_per_second() / 1000;
    let of_others = all.saturating_sub(idle).saturating_sub(own);
    0 < all
        && all * OTHERS_PERCENT_MIN <= of_others * 100
        && now.cores * READY_PER_CORE_MIN <= now.ready
}

fn ticks_per_second() -> u64 {
    #[cfg(unix)]
    return rustix::param::clock_ticks_per_second();
    #[cfg(not(unix))]
    100
}

/// Reads `/proc/stat`: `cpu user nice system idle iowait irq softirq steal ...`, a line like that
/// for each core, and `procs_running`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn parse(stat: &str, own: Duration) -> Option<Reading> {
    const IDLE: std::ops::RangeInclusive<usize> = 3..=4;
    let times = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let times: Vec<u64> = times.map(str::parse).collect::<Result<_, _>>().ok()?;
    let is_core = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    Some(Reading {
        all_ticks: times.iter().sum(),
        idle_ticks: times.get(IDLE)?.iter().sum(),
        cores: stat.lines().filter(is_core).count() as u64,
        ready: stat.lines().find_map(|line| line.strip_prefix("procs_running "))?.parse().ok()?,
        own,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  100 10 50 800 20 1 2 17 5 0\ncpu0 50 5 25 400 10 1 1 8 2 0\n\
        cpu1 50 5 25 400 10 0 1 9 3 0\nintr 1 2 3\nctxt 9\nprocs_running 12\nprocs_blocked 0\n";

    fn reading(all_ticks: u64, idle_ticks: u64, ready: u64, own_ms: u64) -> Reading {
        let own = Duration::from_millis(own_ms);
        Reading { all_ticks, idle_ticks, cores: 2, ready, own }
    }

    #[test]
    fn the_systems_file_is_read_by_its_names() {
        assert_eq!(parse(STAT, Duration::from_millis(7)), Some(reading(1000, 820, 12, 7)));
        assert_eq!(parse("cpu  1 2 3", Duration::ZERO), None, "it is cut short");
        assert_eq!(parse("", Duration::ZERO), None);
    }

    #[test]
    fn a_machine_is_crowded_by_others_who_use_it_up_and_want_more() {
        let before = reading(1000, 500, 1, 0);
        assert!(crowds(before, reading(1200, 510, 8, 0)), "95 % are used, and eight want to run");
        assert!(!crowds(before, reading(1200, 510, 7, 0)), "it is busy, and nobody waits for long");
        assert!(!crowds(before, reading(1200, 600, 800, 0)), "half of it is idle");
        let second = ticks_per_second() * 2;
        let all = reading(1000 + second, 500, 800, 0);
        assert!(crowds(before, all), "all of a second on two cores");
        let own = reading(1000 + second, 500, 800, 900);
        assert!(!crowds(before, own), "of which the run itself used nearly half");
        assert!(!crowds(before, before), "no time has passed");
    }
}
