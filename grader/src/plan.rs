//! The flags and the file of points, checked once. Nobody reads a flag after this.

use std::path::{Path, PathBuf};

use lab_record::Clock;

use crate::cli::{Cli, ClockChoice};
use crate::error::{GradeError, Indented, SelectionError};
use crate::grading::{Grading, part_of};

/// What is to be done, in which order, and with what.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) workspace: PathBuf,
    pub(crate) source: BatterySource,
    pub(crate) json: Option<PathBuf>,
    pub(crate) grading: Grading,
    /// Under the virtual clock first: it is over in seconds, and must not make the other late.
    pub(crate) lanes: Vec<Lane>,
}

/// Where the battery binary comes from.
#[derive(Debug)]
pub(crate) enum BatterySource {
    Build,
    Given(PathBuf),
}

/// The runs under one clock.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Runs at once.
    pub(crate) width: usize,
    pub(crate) runs: Vec<Run>,
}

/// One test with one seed under one clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) test: String,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
}

impl Run {
    /// The command that makes this run again.
    pub(crate) fn replay(&self) -> String {
        format!(
            "cargo test --release --test battery -- --exact {} --clock {} --seed {}",
            self.test, self.clock, self.seed
        )
    }
}

impl Plan {
    /// Checks everything that can be checked before anything is built.
    pub(crate) fn check(cli: Cli) -> Result<Self, GradeError> {
        let points_file = Path::new("tests/grading.toml");
        let grading = match &cli.grading {
            Some(file) => Grading::read(file, file)?,
            None => Grading::read(&cli.workspace.join(points_file), points_file)?,
        };
        let tests = select(&cli.selection, &grading)?;
        let lanes = lanes(&cli, &grading, &tests);
        Ok(Plan {
            workspace: cli.workspace,
            source: cli.battery.map_or(BatterySource::Build, BatterySource::Given),
            json: cli.json,
            grading,
            lanes,
        })
    }
}

fn lanes(cli: &Cli, grading: &Grading, tests: &[String]) -> Vec<Lane> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let lane = |clock, run_count: u32, width: usize| {
        let mut tests: Vec<&String> = tests.iter().collect();
        if clock == Clock::Real {
            let time = |test: &&String| grading.test(test).map(|test| test.real_time);
            tests.sort_by_key(|test| std::cmp::Reverse(time(test)));
        }
        let runs = tests.into_iter().flat_map(|test| {
            (0..u64::from(run_count)).map(|number| Run {
                test: test.clone(),
                clock,
                seed: cli.seed.wrapping_add(number),
            })
        });
        Lane { width, runs: runs.collect() }
    };
    let default = grading.runs();
    let virtual_count = cli.runs.unwrap_or(default.virtual_count).get();
    let real_count = match cli.clock {
        ClockChoice::Real => cli.runs.unwrap_or(default.real_count).get(),
        ClockChoice::Virtual | ClockChoice::Both => default.real_count.get(),
    };
    let virtual_lane = || lane(Clock::Virtual, virtual_count, cli.jobs.map_or(cores, usize::from));
    let real_lane = || lane(Clock::Real, real_count, cli.real_jobs.map_or(6 * cores, usize::from));
    match cli.clock {
        ClockChoice::Virtual => vec![virtual_lane()],
        ClockChoice::Real => vec![real_lane()],
        ClockChoice::Both => vec![virtual_lane(), real_lane()],
    }
}

/// The tests that the words select: parts, full names, or names without their part.
fn select(words: &[String], grading: &Grading) -> Result<Vec<String>, SelectionError> {
    let all: Vec<String> = grading.test_names().collect();
    if words.is_empty() {
        return match all.is_empty() {
            false => Ok(all),
            true => Err(SelectionError::Nothing { why: "there are no tests".to_owned() }),
        };
    }
    let means = |word: &String, name: &String| {
        let bare = name.split_once("::").map(|(_, bare)| bare);
        part_of(name) == word || name == word || bare == Some(word)
    };
    for word in words {
        let is_part = grading.part_names().any(|part| part == word);
        if !is_part && !all.iter().any(|name| means(word, name)) {
            let known = known(grading, word);
            return Err(SelectionError::Unknown { asked: word.clone(), known });
        }
    }
    let is_selected = |name: &String| words.iter().any(|word| means(word, name));
    let selected: Vec<String> = all.into_iter().filter(is_selected).collect();
    match selected.is_empty() {
        false => Ok(selected),
        true => {
            let why = format!("part {} has no tests", words.join(" and part "));
            Err(SelectionError::Nothing { why })
        }
    }
}

fn known(grading: &Grading, word: &str) -> Indented {
    let parts: Vec<&str> = grading.part_names().collect();
    let mut text = format!("there are the parts {}", parts.join(", "));
    let part = part_of(word);
    if let Some(known) = parts.iter().find(|known| known.eq_ignore_ascii_case(part)) {
        let of_part = |name: &String| part_of(name) == *known;
        let tests: Vec<String> = grading.test_names().filter(of_part).collect();
        text.push_str(&format!("\npart {known} has {}", tests.join(", ")));
    }
    Indented(text)
}
