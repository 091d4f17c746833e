//! Tests repeated over seeds: how often they fail, and in which ways.
//!
//! | module | what it holds |
//! |---|---|
//! | `shard` | which share of the runs is this process's |
//! | `runs` | which runs, in which order |
//! | `crew` | who makes them; a failure is made again alone |
//! | `stream` | a process that makes many runs |
//! | `alone` | a run in a process of its own, with its trace |
//! | `seeds`, `tally` | what is known of all runs, in little memory |
//! | `signature` | which failures look the same |
//! | `results`, `keep` | what is written: lines, and what failed |
//! | `merge` | results of several machines as one |
//! | `statistics`, `table`, `progress` | what is told |

pub(crate) mod alone;
mod crew;
mod keep;
pub(crate) mod merge;
mod progress;
pub(crate) mod results;
mod runs;
mod seeds;
pub(crate) mod shard;
mod signature;
pub(crate) mod statistics;
mod stream;
mod table;
pub(crate) mod tally;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab_record::Clock;

use crate::battery::Battery;
use crate::cli::StressArgs;
use crate::error::{GradeError, Indented, StressError};
use crate::grading::Grading;
use crate::print::{self, remark};
use crate::sandbox::Sandbox;
use crate::selection::select;
use crate::{exit_code, interrupt};
use crew::Made;
use progress::Progress;
use results::{Common, Head, NotPassed, Results};
use runs::Runs;
use shard::Found;
use signature::signature;
use table::thousands;
use tally::{Kind, Tally};

/// Seeds per test, if nothing else ends it.
const SEEDS: u64 = 1000;

/// Makes the runs that the flags ask for, and prints what they say together.
pub(crate) fn stress(args: &StressArgs) -> Result<u8, GradeError> {
    let grading = Grading::of(&args.battery)?;
    let tests = select(&args.selection, &grading)?;
    let Found { shard, source } =
        shard::find(args.shard, args.shards, |name| std::env::var(name).ok())?;
    let battery =
        Battery::open(&args.battery, &grading, Sandbox::PLAIN)?.of_edition(args.edition.clone());
    let common = Common::of(battery.path(), args.clock, args.edition.clone())?;
    let (results, tally) = open(args, Head::new(common.clone(), Some(shard.to_string())))?;

    let runs = Runs {
        tests: tests.clone(),
        clock: args.clock,
        first_seed: args.seed,
        seed_count: seed_count(args),
        shard,
        known: tally.clone(),
        until: args.duration.and_then(|duration| Instant::now().checked_add(duration)),
        next: 0,
        rest: VecDeque::new(),
    };
    let width = width(args);
    let by = source.map_or(String::new(), |source| format!(" ({source})"));
    remark!(
        "stress  {} tests, {} clock, {width} at once, share {shard}{by}\n\
         version {}\nresults {}",
        tests.len(),
        args.clock,
        version(&common),
        results.folder().display()
    );
    if 0 < tally.run_count() {
        remark!("resumed {} runs are known", thousands(tally.run_count()));
    }
    let planned = runs.run_count().map(|all| all.saturating_sub(tally.run_count()));
    let mut desk = Desk {
        results,
        tally,
        progress: Progress::start(planned),
        common,
        keep: args.keep,
        failures: 0,
        failures_max: if args.until_fail { Some(1) } else { args.max_failures.map(Into::into) },
    };
    let mut trouble = None;
    let ended = crew::make_all(runs, width, args.clock, &battery.workshop(), |made| {
        match desk.take(made) {
            Ok(()) => desk.failures_max.is_none_or(|max| desk.failures < max),
            Err(error) => {
                trouble.get_or_insert(error);
                false
            }
        }
    });
    desk.progress.end();
    let of_session = (desk.progress.made(), desk.progress.elapsed());
    let written = desk.results.flush();

    let given = args.battery.battery.as_ref().map(|path| path.display().to_string());
    print::out(table::text(&desk.tally, &tests, &desk.common, given.as_deref()));
    print::out(closing(&desk.tally, &desk.common, Some((of_session, tests.len()))));
    if let Some(error) = trouble {
        return Err(error.into());
    }
    written?;
    ended.map_err(|source| GradeError::NoProcess { source })?;
    match interrupt::interrupted() {
        true => Ok(exit_code::INTERRUPTED),
        false => Ok(verdict_code(&desk.tally)),
    }
}

/// Where results arrive: counted, written down, told.
struct Desk {
    results: Results,
    tally: Tally,
    progress: Progress,
    common: Common,
    keep: u64,
    /// Failures since this command began; a resumed one has earlier ones in its results.
    failures: u64,
    failures_max: Option<u64>,
}

impl Desk {
    fn take(&mut self, made: Made) -> Result<(), StressError> {
        let (kind, alone, text, event_hash) = match made {
            Made::Passed(run) => {
                self.progress.tell(false);
                self.tally.add_pass(&run.test, run.seed);
                return self.results.passed(&run.test, run.seed);
            }
            Made::Other(alone) => {
                let Some(kind) = Kind::of(alone.report.verdict) else { return Ok(()) };
                let (text, hash) = (alone.report.text.clone(), alone.report.event_hash.clone());
                (kind, alone, text, hash)
            }
            Made::Unconfirmed(unconfirmed) => {
                let crew::Unconfirmed { text, event_hash, alone } = *unconfirmed;
                (Kind::Unconfirmed, Box::new(alone), text, event_hash)
            }
        };
        let signature = signature(&text);
        let is_kept = self.tally.count_like(kind, &signature) < self.keep;
        let kept = is_kept.then(|| keep::keep(self.results.folder(), &alone, &text, &self.common));
        let kept = kept.transpose().map_err(|source| StressError::NotWritten {
            path: self.results.folder().join("failures"),
            source,
        })?;
        crew::forget_trace(&alone);
        let report = alone.report;
        let rule = if kind == Kind::Fail { report.rule } else { None };
        let (test, seed) = (report.test, report.seed);
        self.progress.tell(kind.is_failure());
        if kept.is_some() {
            let headline = text.lines().next().unwrap_or_default();
            self.progress.line(&format!("{headline}  (seed {seed}, {})", kind.name()));
        }
        self.failures += u64::from(kind.is_failure());
        let run = NotPassed { test, seed, kind, rule, event_hash, signature, kept };
        self.tally.add(run.clone());
        self.results.not_passed(run)
    }
}

fn seed_count(args: &StressArgs) -> Option<u64> {
    let has_other_end = args.until_fail || args.max_failures.is_some() || args.duration.is_some();
    match args.runs {
        Some(runs) => Some(runs.get()),
        None => (!has_other_end).then_some(SEEDS),
    }
}

fn width(args: &StressArgs) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    args.jobs.map_or(
        match args.clock {
            Clock::Virtual => cores,
            Clock::Real => 6 * cores,
        },
        usize::from,
    )
}

/// The folder of results, and what is in it already.
fn open(args: &StressArgs, head: Head) -> Result<(Results, Tally), StressError> {
    let folder = args.out.clone().unwrap_or_else(|| free_folder(&args.battery.place.workspace));
    if !args.resume || !folder.join(results::FILE).exists() {
        return Ok((Results::begin(&folder, head)?, Tally::default()));
    }
    let (known, tally) = results::read(&folder)?;
    let mut differences = known.of.difference(&head.of).unwrap_or_default();
    if known.shard != head.shard {
        let shares = [&known, &head].map(|head| head.shard.as_deref().unwrap_or("merged"));
        differences = format!("{differences}\nshare {}, and {}", shares[0], shares[1]);
    }
    if !differences.is_empty() {
        return Err(StressError::Mixed {
            one: folder,
            other: PathBuf::from("this command"),
            differences: Indented(differences.trim().to_owned()),
        });
    }
    Ok((Results::go_on(&folder)?, tally))
}

fn free_folder(workspace: &Path) -> PathBuf {
    let numbers = 1_u64..;
    let folders = numbers.map(|number| workspace.join(format!("results/stress-{number}")));
    folders.into_iter().find(|folder| !folder.exists()).expect("numbers do not end")
}

/// What the results are of.
pub(crate) fn version(common: &Common) -> String {
    let Common { framework_version, build, platform, .. } = common;
    let edition = common.edition.iter().map(|edition| format!(", edition {edition}"));
    format!(
        "framework {framework_version}, build {build}, {platform}{}",
        edition.collect::<String>()
    )
}

/// The last line: how many runs, of what; and how fast, if they were made now.
fn closing(tally: &Tally, common: &Common, now: Option<((u64, Duration), usize)>) -> String {
    let mut counts = vec![format!("{} passed", thousands(tally.passed_count()))];
    for kind in Kind::ALL {
        let count = tally.count(kind);
        if 0 < count {
            counts.push(format!("{} {}", thousands(count), kind.name()));
        }
    }
    let speed = now.map_or(String::new(), |((made, wall), test_count)| {
        let seconds = wall.as_secs_f64().max(1e-3);
        let (rate, seeds) = (made as f64 / seconds, made as f64 / test_count as f64);
        format!(
            "; {rate:.0} runs a second, {:.0} seeds of all tests a minute; {seconds:.2} s",
            seeds * 60.0 / seconds
        )
    });
    let runs = thousands(tally.run_count());
    format!("total {runs} runs: {}{speed}\nversion {}\n", counts.join(", "), version(common))
}

fn verdict_code(tally: &Tally) -> u8 {
    if tally.run_count() == 0 {
        exit_code::NOTHING_SELECTED
    } else if 0 < tally.failure_count() {
        exit_code::FAILED
    } else if 0 < tally.count(Kind::FrameworkError) {
        exit_code::FRAMEWORK_ERROR
    } else if tally.passed_count() < tally.run_count() {
        exit_code::INCONCLUSIVE
    } else {
        exit_code::ALL_PASSED
    }
}
