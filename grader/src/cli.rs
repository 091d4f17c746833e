//! The flags, as typed. Their checks, beyond what a type says, are in `plan`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Grades the working tree: builds the battery, runs each test in processes of its own, and
/// prints a score table.
#[derive(Debug, Parser)]
#[command(name = "grade.sh", bin_name = "./grade.sh", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
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

    /// Points, weights and limits, in place of tests/grading.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) grading: Option<PathBuf>,

    /// Run this battery, and build none
    #[arg(long, value_name = "FILE")]
    pub(crate) battery: Option<PathBuf>,

    /// The folder of the workspace; grade.sh gives it
    #[arg(long, value_name = "DIR", hide = true, default_value = ".")]
    pub(crate) workspace: PathBuf,
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

const AFTER_HELP: &str = "\
Exit codes:
  0          every run passed
  1          a run failed, or was aborted
  2          no run failed, but some stayed inconclusive
  3          usage or configuration: an unknown flag, part or test, wrong points
  4          nothing was selected
  5          the code does not compile
  120..124   infrastructure, worth another try: 120 no toolchain, or the grader does not
             build; 121 the battery cannot be built or listed; 122 no process can be
             started; 123 results cannot be written; 124 the framework itself went wrong
  130        interrupted; the table so far was printed";
