//! The flags of a grading.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::BatteryArgs;

/// What to grade, and how.
#[derive(Debug, Args)]
pub(crate) struct GradeArgs {
    /// What to grade: parts (`2A`), tests (`2A::initial_election`) or tests without their part
    /// (`initial_election`); everything when nothing is named
    #[arg(value_name = "PART|TEST")]
    pub(crate) selection: Vec<String>,

    /// The clock to grade under
    #[arg(long, value_enum, default_value = "both")]
    pub(crate) clock: ClockChoice,

    /// The first seed; further runs of a test take the seeds that follow
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Runs per test under the chosen clock; under both, virtual-clock runs
    /// [default: as tests/grading.toml says]
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<NonZeroU32>,

    /// Virtual-clock runs at once [default: one per core]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Real-clock runs at once, which sleep most of the time [default: six per core]
    #[arg(long, value_name = "N")]
    pub(crate) real_jobs: Option<NonZeroUsize>,

    /// Also write the results to FILE, as docs/results.md describes
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) battery: BatteryArgs,
}

/// Which clocks to grade under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockChoice {
    /// Simulated time only
    Virtual,
    /// Wall-clock time only
    Real,
    /// Both, weighted as tests/grading.toml says
    Both,
}
