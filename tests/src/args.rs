//! The command line of the battery binary: what Rust's own test harness accepts, and the clock
//! and seed of the runs.

use std::num::NonZeroUsize;

use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};
use labrt_host::Clock;
use libtest_mimic::{ColorSetting, FormatSetting};

use crate::battery::Test;
use crate::edition::Edition;

/// Tests a submission.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "battery",
    disable_version_flag = true,
    after_help = "A test runs in a process of its own. Names begin with the part: `2B` runs one part."
)]
pub(crate) struct Args {
    /// Run only tests whose names contain one of these.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,

    /// The clock: simulated time, or the clock on the wall.
    #[arg(long, value_enum, value_name = "CLOCK", env = "LAB_CLOCK", default_value = "virtual")]
    clock: ClockName,

    /// Decides every random choice; under the virtual clock it decides the whole run. Drawn and
    /// printed if not given.
    #[arg(long, value_name = "N", env = "LAB_SEED")]
    pub(crate) seed: Option<u64>,

    /// Which edition of the scenarios. Points are given for the standard one only.
    #[arg(
        long,
        value_enum,
        value_name = "EDITION",
        env = "LAB_EDITION",
        default_value = "standard"
    )]
    pub(crate) edition: Edition,

    /// Run the tests in this process, one after the other: for debuggers.
    #[arg(long)]
    pub(crate) in_process: bool,

    /// Names must equal a filter.
    #[arg(long)]
    exact: bool,

    /// Leave out tests whose names contain this; can be used several times.
    #[arg(long, value_name = "FILTER")]
    skip: Vec<String>,

    /// Show the names of the tests, and run none.
    #[arg(long)]
    pub(crate) list: bool,

    /// Show what tests print while they run.
    #[arg(
        long,
        alias = "nocapture",
        env = "RUST_TEST_NOCAPTURE",
        hide_env = true,
        value_parser = FalseyValueParser::new()
    )]
    pub(crate) no_capture: bool,

    /// Show what passed tests have printed.
    #[arg(long)]
    pub(crate) show_output: bool,

    /// How many tests run at once. By default as many as there are cores.
    #[arg(long, value_name = "N", env = "RUST_TEST_THREADS", hide_env = true, value_parser = threads)]
    test_threads: Option<NonZeroUsize>,

    /// One character a test.
    #[arg(short, long, conflicts_with = "format")]
    pub(crate) quiet: bool,

    /// How results are printed.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatSetting>,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN")]
    color: Option<ColorSetting>,

    /// Write results to a file instead.
    #[arg(long, value_name = "PATH")]
    logfile: Option<String>,

    /// Run tests that are ignored, too; there are none.
    #[arg(long)]
    include_ignored: bool,

    /// Run only tests that are ignored; there are none.
    #[arg(long)]
    ignored: bool,

    /// Run tests, not benchmarks; all are tests.
    #[arg(long, conflicts_with = "bench")]
    test: bool,

    /// Run benchmarks, not tests; there are none.
    #[arg(long)]
    bench: bool,

    /// Accepted and without effect.
    #[arg(short = 'Z', value_name = "FLAG", value_parser = ["unstable-options"])]
    unstable: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClockName {
    Virtual,
    Real,
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it takes a number of threads, 1 or more".to_owned())
}

impl Args {
    pub(crate) fn clock(&self) -> Clock {
        match self.clock {
            ClockName::Virtual => Clock::Virtual,
            ClockName::Real => Clock::Real,
        }
    }

    /// Whether the test is to be run.
    pub(crate) fn selects(&self, test: &Test) -> bool {
        let matches = |filter: &String| match self.exact {
            true => test.name == filter,
            false => test.name.contains(filter.as_str()),
        };
        (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skip.iter().any(matches)
            && !self.ignored
            && !self.bench
    }

    /// Whether results are printed for people.
    pub(crate) fn is_for_people(&self) -> bool {
        let pretty = self.format.is_none_or(|format| format == FormatSetting::Pretty);
        pretty && !self.quiet && !self.list && self.logfile.is_none()
    }

    /// What libtest-mimic is told. It knows one filter only, so the tests that are not selected
    /// are named to it one by one.
    pub(crate) fn for_mimic(&self, tests: &[Test]) -> libtest_mimic::Arguments {
        let not_selected = tests.iter().filter(|test| !self.selects(test));
        libtest_mimic::Arguments {
            exact: true,
            skip: not_selected.map(|test| test.name.to_owned()).collect(),
            list: self.list,
            ignored: self.ignored,
            include_ignored: self.include_ignored,
            quiet: self.quiet,
            format: self.format,
            color: self.color,
            logfile: self.logfile.clone(),
            test_threads: self.test_threads.map(NonZeroUsize::get),
            test: self.test,
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::TESTS;

    #[track_caller]
    fn selected(args: &[&str]) -> Vec<&'static str> {
        let args = Args::try_parse_from([&["battery"], args].concat()).expect("arguments as meant");
        TESTS.iter().filter(|test| args.selects(test)).map(|test| test.name).collect()
    }

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_filter_everything_is_selected() {
        assert_eq!(selected(&[]).len(), TESTS.len(), "all tests");
    }

    #[test]
    fn a_test_is_selected_by_any_of_several_filters() {
        assert_eq!(
            selected(&["2C::persist", "initial_election"]),
            ["2A::initial_election", "2C::persist1", "2C::persist2", "2C::persist3"],
            "in the order of the table"
        );
    }

    #[test]
    fn a_part_is_selected_by_its_name() {
        assert_eq!(selected(&["2A"]).len(), 3, "2A has three tests");
    }

    #[test]
    fn skip_wins_over_filter() {
        assert_eq!(
            selected(&["2A", "--skip", "re_el", "--skip", "many"]),
            ["2A::initial_election"],
            "what no skip names"
        );
    }

    #[test]
    fn exact_asks_for_the_whole_name() {
        assert_eq!(
            selected(&["--exact", "2C::figure8"]),
            ["2C::figure8"],
            "not the unreliable one"
        );
        assert!(selected(&["--exact", "figure8"]).is_empty(), "a part of a name is not enough");
    }

    #[test]
    fn there_are_no_ignored_tests_and_no_benchmarks() {
        assert!(selected(&["--ignored"]).is_empty(), "no test is ignored");
        assert!(selected(&["--bench"]).is_empty(), "no test is a benchmark");
        assert_eq!(selected(&["--include-ignored"]).len(), TESTS.len(), "nothing to add");
    }

    #[test]
    fn both_spellings_of_no_capture_are_known() {
        for spelling in ["--no-capture", "--nocapture"] {
            let args = Args::try_parse_from(["battery", spelling]).expect("a known flag");
            assert!(args.no_capture, "{spelling} shows what tests print");
        }
    }
}
