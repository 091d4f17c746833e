//! The flags of `mutants`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lab_record::Clock;

use super::PlaceArgs;

/// Measures the battery: builds each mutant of the catalogue, runs the battery over it, and prints
/// what caught it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct MutantsArgs {
    /// What to build: rules (`E5`), ways to break them (`E5b`), mutants (`E5b2`); with --variants
    /// the names of variants; all when nothing is named
    #[arg(value_name = "RULE|MUTANT")]
    pub(crate) selection: Vec<String>,

    /// The correct variants in place of the mutants: no test may fail one
    #[arg(long)]
    pub(crate) variants: bool,

    /// How many seeds
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seeds: NonZeroU32,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) first_seed: u64,

    /// When to go on to the next seed
    #[arg(long, value_enum, default_value = "caught")]
    pub(crate) until: Until,

    /// Only tests whose names contain one of these, comma-separated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) tests: Vec<String>,

    /// The clock to run under
    #[arg(long, value_enum, default_value = "virtual")]
    pub(crate) clock: ClockName,

    /// Mutants at once [default: one per core]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Also write the matrix to FILE, as docs/mutants.md describes
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Show what is selected, and build nothing
    #[arg(long)]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// When a mutant has been tested enough with one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// As soon as a test has failed
    Caught,
    /// As soon as a classic test has failed, and one of the X parts
    Columns,
    /// When all tests have run
    Over,
}

/// The clock, as the flag names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockName {
    /// Simulated time
    Virtual,
    /// Wall-clock time
    Real,
}

const AFTER_HELP: &str = "\
Exit codes:
  0          every mutant was caught, no variant failed
  1          a mutant was never caught, or a variant failed a test whose limits it respects
  3          usage: an unknown rule or mutant; a change that does not fit the reference any more
  4          nothing was selected
  5          a mutant does not compile
  120..124   infrastructure, as for a grading
  130        interrupted; the matrix so far was printed";

impl MutantsArgs {
    pub(crate) fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(cores, usize::from)
    }

    pub(crate) fn clock(&self) -> Clock {
        match self.clock {
            ClockName::Virtual => Clock::Virtual,
            ClockName::Real => Clock::Real,
        }
    }

    pub(crate) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let first = self.first_seed;
        (0..u64::from(self.seeds.get())).map(move |number| first.wrapping_add(number))
    }

    /// Whether a test of this name is asked for.
    pub(crate) fn wants(&self, test: &str) -> bool {
        self.tests.is_empty() || self.tests.iter().any(|part| test.contains(part.as_str()))
    }
}
