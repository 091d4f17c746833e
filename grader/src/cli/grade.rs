//! The flags of a grading.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::BatteryArgs;
use crate::sandbox::Level;

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

    /// Grade submissions: the folder, or the single one, that the first word on the command line
    /// names. What is found of each goes to DIR. A submission is a folder, a .tar.gz or a .zip
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "seed", "battery"])]
    pub(crate) out: Option<PathBuf>,

    /// The seeds of the runs are drawn from this file's secret, for each submission others
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) secret: Option<PathBuf>,

    /// Close stdout with the line of JSON that Autolab reads; with --out, of the one submission
    #[arg(long)]
    pub(crate) autolab: bool,

    /// Use no stronger sandbox than this [default: the strongest there is for submissions, `groups`
    /// for the working tree]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) sandbox: Option<Level>,

    /// Do not grade where the sandbox would be weaker than this
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) require_sandbox: Option<Level>,

    #[command(flatten)]
    pub(crate) battery: BatteryArgs,
}

impl GradeArgs {
    /// The sandbox to use at most.
    pub(crate) fn sandbox_at_most(&self) -> Level {
        let is_asked = self.out.is_some() || self.require_sandbox.is_some();
        self.sandbox.unwrap_or(if is_asked { Level::Namespaces } else { Level::Groups })
    }
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
