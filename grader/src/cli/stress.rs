//! The flags of `./grade.sh stress`.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lab_record::Clock;

use super::{BatteryArgs, EDITIONS};
use crate::stress::shard::Shard;

/// Repeats tests over seeds, in parallel, and says how often they fail.
///
/// Only what failed is kept: seed, text and trace. docs/stress.md shows how to spread the work over
/// many machines, and how `merge` puts it together again.
#[derive(Debug, Args)]
pub(crate) struct StressArgs {
    /// What to repeat: parts (`2A`), tests (`2A::initial_election`) or tests without their part;
    /// everything when nothing is named
    #[arg(value_name = "PART|TEST")]
    pub(crate) selection: Vec<String>,

    /// The clock; under the real one every run has a process of its own
    #[arg(long, value_name = "CLOCK", default_value = "virtual")]
    pub(crate) clock: Clock,

    /// Seeds per test [default: 1000; no end with --duration, --until-fail or --max-failures]
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<NonZeroU64>,

    /// The first seed; the others follow it
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Processes at once [default: one per core; under the real clock six]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// End at the first failure
    #[arg(long, conflicts_with = "max_failures")]
    pub(crate) until_fail: bool,

    /// End after this many failures
    #[arg(long, value_name = "N")]
    pub(crate) max_failures: Option<NonZeroU64>,

    /// End after this time: `90s`, `10m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<Duration>,

    /// Make one share of the runs: `3/8` is the third of eight. The shares of a number are
    /// together what it is without [default: read from the variables of job arrays and CI]
    #[arg(long, value_name = "I/N", conflicts_with = "shards")]
    pub(crate) shard: Option<Shard>,

    /// How many shares there are, where only the index comes from a variable
    #[arg(long, value_name = "N")]
    pub(crate) shards: Option<NonZeroU64>,

    /// The folder for results and failures [default: the next free results/stress-N]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Go on with the results in the folder, and make only the runs that are not in them
    #[arg(long, requires = "out")]
    pub(crate) resume: bool,

    /// Failing runs of one kind whose text and trace are kept
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) keep: u64,

    /// The edition of the scenarios, see docs/battery.md [default: the one that is graded]
    #[arg(long, value_name = "NAME", value_parser = EDITIONS)]
    pub(crate) edition: Option<String>,

    #[command(flatten)]
    pub(crate) battery: BatteryArgs,
}

fn duration(text: &str) -> Result<Duration, String> {
    let number_bytes = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(number_bytes);
    let seconds = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)) {
        Some(seconds) if 0 < seconds => Ok(Duration::from_secs(seconds)),
        _ => Err("a time is a number with `s`, `m` or `h`, for example `10m`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("2h"), Ok(7200));
        for refused in ["", "h", "0s", "1d", "1.5h", "-1", "18446744073709551615h"] {
            assert!(duration(refused).is_err(), "`{refused}` is no time");
        }
    }
}
