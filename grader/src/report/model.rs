//! All there is to tell of a grading. Its field names are those of the JSON results; what they
//! mean stands in `docs/results.md`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lab_record::{Clock, Figures, Lateness};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::exit_code;
use crate::grading::{Curve, Grading, Weights};
use crate::plan::Run;
use crate::sandbox::{Level, Sandbox};
use crate::score::{Tally, test_share};
use crate::verdict::{Judgement, Verdict, clean};

/// The version of the JSON results.
const FORMAT: u32 = 1;

/// A whole grading.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    format: u32,
    pub(crate) framework_version: &'static str,
    pub(crate) submission: String,
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) remarks: Vec<String>,
    pub(crate) sandbox: Level,
    /// The kernel's groups that held runs to their memory and tasks, or `none`.
    pub(crate) cgroups: &'static str,
    pub(crate) exit_code: u8,
    pub(crate) interrupted: bool,
    pub(crate) runs_planned: usize,
    #[serde(rename = "wall_s", serialize_with = "seconds")]
    pub(crate) wall: Duration,
    #[serde(flatten)]
    pub(crate) score: Score,
    pub(crate) parts: Vec<PartReport>,
    #[serde(skip)]
    began: Instant,
    #[serde(skip)]
    weights: Weights,
}

/// Whether tests of a submission were run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It was compiled, and its tests were run.
    Graded,
    DoesNotCompile,
    /// It holds what no submission may hold.
    Refused,
    /// The machine or the framework went wrong; nothing is said of it.
    NotGraded,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::Graded => "graded",
            Status::DoesNotCompile => "does not compile",
            Status::Refused => "refused",
            Status::NotGraded => "not graded",
        }
    }
}

/// Points, of how many; and how many nothing is known of.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Score {
    pub(crate) points: f64,
    pub(crate) points_max: u32,
    pub(crate) points_undecided: f64,
}

impl Score {
    fn sum(scores: impl Iterator<Item = Score>) -> Score {
        scores.fold(Score::default(), |sum, score| Score {
            points: sum.points + score.points,
            points_max: sum.points_max + score.points_max,
            points_undecided: sum.points_undecided + score.points_undecided,
        })
    }
}

/// A part, or what was selected of it.
#[derive(Debug, Serialize)]
pub(crate) struct PartReport {
    pub(crate) part: String,
    pub(crate) title: String,
    #[serde(flatten)]
    pub(crate) score: Score,
    pub(crate) tests: Vec<TestReport>,
    #[serde(skip)]
    curve: Curve,
}

/// A test, and all its runs.
#[derive(Debug, Serialize)]
pub(crate) struct TestReport {
    pub(crate) test: String,
    #[serde(flatten)]
    pub(crate) score: Score,
    #[serde(rename = "virtual")]
    pub(crate) virtual_clock: Tally,
    #[serde(rename = "real")]
    pub(crate) real_clock: Tally,
    pub(crate) runs: Vec<RunReport>,
    /// Its crate is not in the submission: no run, and no points.
    #[serde(skip)]
    pub(crate) is_missing: bool,
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunReport {
    #[serde(skip)]
    pub(crate) test: String,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
    pub(crate) verdict: Verdict,
    pub(crate) attempts: u32,
    pub(crate) rule: Option<String>,
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
    pub(crate) replay: String,
    #[serde(rename = "wall_s", serialize_with = "seconds", deserialize_with = "from_seconds")]
    pub(crate) wall: Duration,
    memory_bytes_max: u64,
    figures: Option<FiguresReport>,
    pub(crate) event_hash: Option<String>,
    lateness: Option<LatenessReport>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct FiguresReport {
    #[serde(rename = "time_s", serialize_with = "seconds", deserialize_with = "from_seconds")]
    time: Duration,
    peers: u32,
    rpcs: u64,
    bytes: u64,
    commands: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LatenessReport {
    #[serde(rename = "worst_s", serialize_with = "seconds", deserialize_with = "from_seconds")]
    worst: Duration,
    #[serde(rename = "own_cpu_s", serialize_with = "seconds", deserialize_with = "from_seconds")]
    own_cpu: Duration,
}

/// An event hash as reports write it.
pub(crate) fn hash_text(hash: u64) -> String {
    format!("{hash:016x}")
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e6)
}

fn from_seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(from)?;
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

impl RunReport {
    pub(crate) fn new(
        run: &Run,
        attempts: u32,
        judgement: Judgement,
        wall: Duration,
        memory_bytes_max: u64,
    ) -> Self {
        let finding = judgement.record.map(|record| record.finding);
        let figures =
            |Figures { time, peer_count, rpc_count, byte_count, command_count }| FiguresReport {
                time,
                peers: peer_count,
                rpcs: rpc_count,
                bytes: byte_count,
                commands: command_count,
            };
        let event_hash = finding.as_ref().and_then(|finding| finding.event_hash);
        let lateness = |Lateness { worst, own_cpu }| LatenessReport { worst, own_cpu };
        RunReport {
            test: run.test.clone(),
            clock: run.clock,
            seed: run.seed,
            verdict: judgement.verdict,
            attempts,
            rule: finding.as_ref().and_then(|finding| finding.rule.clone()),
            text: judgement.text,
            notes: finding.as_ref().map(|finding| finding.notes.clone()).unwrap_or_default(),
            replay: run.replay(event_hash),
            wall,
            memory_bytes_max,
            figures: finding.as_ref().map(|finding| figures(finding.figures)),
            event_hash: event_hash.map(hash_text),
            lateness: finding.and_then(|finding| finding.lateness).map(lateness),
        }
    }

    /// What was run.
    pub(crate) fn run(&self) -> Run {
        Run { test: self.test.clone(), clock: self.clock, seed: self.seed }
    }
}

impl Report {
    /// A report of nothing yet, with a place for each test that is among the runs.
    pub(crate) fn new<'a>(
        grading: &Grading,
        runs: impl Iterator<Item = &'a Run>,
        submission: &str,
        sandbox: Sandbox,
    ) -> Self {
        let mut runs_planned = 0;
        let planned: BTreeSet<&str> =
            runs.inspect(|_| runs_planned += 1).map(|run| run.test.as_str()).collect();
        let names: Vec<String> =
            grading.test_names().filter(|name| planned.contains(name.as_str())).collect();
        let parts = grading.part_names().filter_map(|part_name| {
            let part = grading.part(part_name)?;
            let of_part = names.iter().filter_map(|name| {
                let bare = name.strip_prefix(part_name)?.strip_prefix("::")?;
                let points_max = grading.test(name).map_or(0, |test| test.points);
                let score = Score { points_max, ..Score::default() };
                let none = Tally::default();
                let test = bare.to_owned();
                Some(TestReport {
                    test,
                    score,
                    virtual_clock: none,
                    real_clock: none,
                    runs: Vec::new(),
                    is_missing: false,
                })
            });
            let tests: Vec<TestReport> = of_part.collect();
            (!tests.is_empty()).then(|| PartReport {
                part: part_name.to_owned(),
                title: part.title.to_owned(),
                score: Score::default(),
                tests,
                curve: part.curve,
            })
        });
        Report {
            format: FORMAT,
            framework_version: env!("CARGO_PKG_VERSION"),
            submission: submission.to_owned(),
            status: Status::Graded,
            message: String::new(),
            remarks: Vec::new(),
            sandbox: sandbox.level,
            cgroups: sandbox.cgroups(),
            exit_code: exit_code::FRAMEWORK_ERROR,
            interrupted: false,
            runs_planned,
            wall: Duration::ZERO,
            score: Score::default(),
            parts: parts.collect(),
            began: Instant::now(),
            weights: grading.weights(),
        }
    }

    /// Takes a result. A repeated run takes the place of its earlier attempt.
    pub(crate) fn add(&mut self, result: RunReport) {
        let place = self.parts.iter_mut().find_map(|part| {
            let bare = result.test.strip_prefix(&part.part)?.strip_prefix("::")?;
            part.tests.iter_mut().find(|test| test.test == bare)
        });
        let Some(test) = place else { return };
        match test.runs.iter_mut().find(|run| run.run() == result.run()) {
            Some(earlier) => *earlier = result,
            None => test.runs.push(result),
        }
    }

    /// Counts and scores. Can be done again when more results have come.
    pub(crate) fn finish(&mut self, interrupted: bool) {
        self.interrupted = interrupted;
        self.wall = self.began.elapsed();
        for part in &mut self.parts {
            for test in &mut part.tests {
                test.finish(self.weights, part.curve, self.status);
            }
            part.score = Score::sum(part.tests.iter().map(|test| test.score));
        }
        self.score = Score::sum(self.parts.iter().map(|part| part.score));
        self.exit_code = exit_code::of_report(self);
    }

    /// Which checks could not be made, whatever the verdicts: one line each.
    pub(crate) fn checks_off(&self) -> Vec<String> {
        let notes = self.runs().flat_map(|run| &run.notes);
        let lines: BTreeSet<String> =
            notes.filter(|note| note.starts_with("checks off: ")).map(|note| clean(note)).collect();
        lines.into_iter().collect()
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = &RunReport> {
        self.parts.iter().flat_map(|part| &part.tests).flat_map(|test| &test.runs)
    }
}

impl TestReport {
    fn finish(&mut self, weights: Weights, curve: Curve, status: Status) {
        (self.virtual_clock, self.real_clock) = Default::default();
        self.score = Score { points_max: self.score.points_max, ..Score::default() };
        self.runs.sort_by_key(|run| (run.clock, run.seed));
        for run in &self.runs {
            match run.clock {
                Clock::Virtual => self.virtual_clock.add(run.verdict),
                Clock::Real => self.real_clock.add(run.verdict),
            }
        }
        let tallies = [(Clock::Virtual, self.virtual_clock), (Clock::Real, self.real_clock)];
        // Or it is decided: there is nothing to run.
        let is_open =
            !self.is_missing && !matches!(status, Status::DoesNotCompile | Status::Refused);
        let share = test_share(&tallies, weights, curve);
        let points_max = f64::from(self.score.points_max);
        self.score.points = share.won * points_max;
        self.score.points_undecided = if is_open { share.undecided * points_max } else { 0.0 };
    }
}
