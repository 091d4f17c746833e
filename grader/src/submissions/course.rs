//! All submissions: intake, build, runs, results.

use std::path::{Path, PathBuf};

use lab_record::Clock;
use tempfile::TempDir;

use super::build::Builder;
use super::results::Results;
use super::submission::Submission;
use crate::cli::GradeArgs;
use crate::error::{GradeError, Indented, SelectionError};
use crate::grading::Grading;
use crate::interrupt::interrupted;
use crate::plan::{Run, Widths, in_order};
use crate::print::{self, remark};
use crate::report::class::{self, Summary};
use crate::report::gradescope::Visibility;
use crate::report::json::{write, write_whole};
use crate::report::model::{Report, Status};
use crate::report::{autolab, csv};
use crate::resources::Watch;
use crate::sandbox::{Sandbox, scratch};
use crate::schedule::{Lane, in_parallel, run_all, run_one};
use crate::seeds::{Seeds, digest};
use crate::selection::select;
use crate::worker::Workshop;
use crate::workspace::Framework;
use crate::{battery, exit_code, intake, process};

/// Everything that a grading of submissions needs.
pub(crate) struct Course<'a> {
    args: &'a GradeArgs,
    out: &'a Path,
    grading: Grading,
    tests: Vec<String>,
    widths: Widths,
    seeds: Seeds,
    sandbox: Sandbox,
    framework: Framework,
    watch: Watch,
    scratch: TempDir,
    entries: Vec<intake::Entry>,
}

/// A run of one of the submissions, by its place among them.
#[derive(Clone, Debug)]
struct Task {
    submission: usize,
    run: Run,
}

impl<'a> Course<'a> {
    /// Checks all that can be checked before anything is built, then builds what is shared.
    pub(crate) fn open(args: &'a GradeArgs, out: &'a Path) -> Result<Self, GradeError> {
        let Some((folder, words)) = args.selection.split_first() else {
            let why = "--out is for submissions, and their folder is not named".to_owned();
            let instead = "./grade.sh SUBMISSIONS --out DIR";
            return Err(SelectionError::Flags { why, instead }.into());
        };
        let grading = Grading::of(&args.battery)?;
        let tests = select(words, &grading)?;
        let seeds = seeds(args.secret.as_deref())?;
        let folder = PathBuf::from(folder);
        let entries = intake::list(&folder)
            .map_err(|source| GradeError::NoSubmissions { path: folder.clone(), source })?;
        if entries.is_empty() {
            let why = format!("there is no submission in `{}`", folder.display());
            return Err(SelectionError::Nothing { why }.into());
        }
        if args.autolab && entries.len() != 1 {
            let why = format!("--autolab is for one submission, and there are {}", entries.len());
            let instead = "the same command without it; DIR/NAME/autolab.json has each one's line";
            return Err(SelectionError::Flags { why, instead }.into());
        }
        let sandbox = sandbox(args)?;
        process::forbid_core_files();
        let framework = Framework::prepare(&args.battery.place.workspace)?;
        let listing = |why: String| GradeError::NoListing { path: framework.battery.clone(), why };
        let listed = battery::list(&framework.battery)
            .map_err(|error| listing(error.to_string()))?
            .map_err(listing)?;
        grading.check_against(&listed)?;
        Ok(Course {
            args,
            out,
            tests,
            widths: Widths::of(args),
            grading,
            seeds,
            sandbox,
            framework,
            watch: Watch::start(),
            scratch: scratch().map_err(|source| GradeError::NoProcess { source })?,
            entries,
        })
    }

    /// Grades, and prints and writes what was found.
    pub(crate) fn grade(&self) -> Result<u8, GradeError> {
        let mut submissions = self.take_in()?;
        self.build(&mut submissions)?;
        // One whose files cannot be written does not cost the others their scores.
        let ran = self.run(&mut submissions);
        let written = submissions.iter_mut().map(Submission::write).fold(ran, Result::and);
        let reports = submissions.into_iter().map(|submission| submission.report).collect();
        let reported = self.report(reports);
        written.and(reported)
    }

    fn take_in(&self) -> Result<Vec<Submission>, GradeError> {
        let failures = match self.seeds {
            Seeds::Counted => Visibility::Visible,
            Seeds::Secret(_) => Visibility::AfterPublished,
        };
        let framework = self.framework.digest().map_err(|error| GradeError::Framework {
            what: "its files cannot be read",
            said: Indented(error.to_string()),
        })?;
        let mut submissions = Vec::new();
        for entry in &self.entries {
            let runs = self.runs_of(&entry.name);
            let report = Report::new(&self.grading, runs.iter(), &entry.name, self.sandbox);
            let results = Results::create(self.out, &entry.name, failures)?;
            let mut submission = Submission::take(entry, report, results);
            if let Some(sources) = &submission.sources {
                let depends_on = digest(
                    [
                        ("framework", framework.as_bytes()),
                        ("grading", self.grading.text().as_bytes()),
                        ("seeds", self.seeds.fingerprint().as_bytes()),
                        ("sandbox", self.sandbox.level.name().as_bytes()),
                        ("cgroups", self.sandbox.cgroups().as_bytes()),
                    ]
                    .into_iter()
                    .chain(
                        sources.files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())),
                    ),
                );
                submission.plan(runs, &depends_on)?;
            }
            submission.write()?;
            submissions.push(submission);
        }
        Ok(submissions)
    }

    fn runs_of(&self, submission: &str) -> Vec<Run> {
        let mut runs = Vec::new();
        for clock in [Clock::Virtual, Clock::Real] {
            for test in in_order(&self.tests, clock, &self.grading) {
                let count = self.widths.runs_of(test, clock, &self.grading);
                runs.extend((0..count).map(|number| Run {
                    test: test.clone(),
                    clock,
                    seed: self.seeds.seed(submission, test, clock, number),
                }));
            }
        }
        runs
    }

    fn build(&self, submissions: &mut [Submission]) -> Result<(), GradeError> {
        let builder = Builder {
            framework: &self.framework,
            sandbox: self.sandbox,
            watch: &self.watch,
            limits: self.grading.build_limits(),
        };
        self.check_builder(&builder)?;
        let home = |index: usize| self.scratch.path().join(index.to_string());
        let tasks = submissions.iter_mut().enumerate();
        let tasks = tasks.filter(|(_, submission)| !submission.open.is_empty());
        let tasks =
            tasks.filter_map(|(index, submission)| Some((index, submission.sources.take()?)));
        let lane = Lane { width: self.widths.virtual_width, tasks: tasks.collect() };
        let mut told = Ok(());
        in_parallel(
            &lane,
            |(index, sources)| (!interrupted()).then(|| builder.build(sources, &home(*index))),
            |(index, _), result| {
                let submission = &mut submissions[*index];
                let built = submission.built(result);
                let name = &submission.report.submission;
                match submission.report.status {
                    Status::Graded if submission.battery.is_none() => {} // interrupted
                    Status::Graded => remark!("{name:30} built"),
                    status => remark!("{name:30} {}", status.name()),
                }
                if told.is_ok() {
                    told = built;
                }
            },
        );
        told
    }

    /// The reference must be built in the same way, or nothing that is built so says anything.
    fn check_builder(&self, builder: &Builder<'_>) -> Result<(), GradeError> {
        use super::build::BuildResult;
        let wrong = |what, said: String| GradeError::Framework { what, said: Indented(said) };
        let sources = self
            .framework
            .reference()
            .map_err(|error| wrong("its reference cannot be read", error.to_string()))?;
        match builder.build(&sources, &self.scratch.path().join("reference")) {
            BuildResult::Battery(_) | BuildResult::Interrupted => Ok(()),
            BuildResult::DoesNotCompile(why) => {
                let what = "its own reference does not compile in the sandbox";
                Err(wrong(what, format!("{}\n{}", why.short, why.full)))
            }
            BuildResult::Refused(why) => Err(wrong("its own reference is refused", why)),
            BuildResult::NotBuilt(why) => Err(wrong("its own reference cannot be built", why)),
        }
    }

    fn run(&self, submissions: &mut [Submission]) -> Result<(), GradeError> {
        let batteries: Vec<Option<PathBuf>> =
            submissions.iter_mut().map(|submission| submission.battery.take()).collect();
        let workshop = |battery| Workshop {
            battery,
            scratch: self.scratch.path(),
            limits: self.grading.limits(),
            watch: &self.watch,
            sandbox: self.sandbox,
            edition: None,
        };
        let lane = |clock, width| {
            // Tests in their order, and of each the submissions: none waits for all of another.
            let mut tasks: Vec<(usize, Task)> = Vec::new();
            let tests = in_order(&self.tests, clock, &self.grading);
            for (index, submission) in submissions.iter().enumerate() {
                let runs = submission.open.iter().filter(|run| run.clock == clock);
                tasks.extend(runs.map(|run| {
                    let place = tests.iter().position(|test| **test == run.test);
                    (place.unwrap_or(0), Task { submission: index, run: run.clone() })
                }));
            }
            if clock == Clock::Real {
                tasks.sort_by_key(|(place, _)| *place);
            }
            Lane { width, tasks: tasks.into_iter().map(|(_, task)| task).collect() }
        };
        let lanes = [
            lane(Clock::Virtual, self.widths.virtual_width),
            lane(Clock::Real, self.widths.real_width),
        ];
        let mut told = Ok(());
        run_all(
            &lanes,
            |task, attempt| {
                let battery = batteries[task.submission].as_deref()?;
                run_one(&task.run, attempt, &workshop(battery))
            },
            |task, result| {
                let submission = &mut submissions[task.submission];
                if 1 < result.attempts {
                    let (name, verdict) = (&submission.report.submission, result.verdict.name());
                    remark!("{name:30} {} again, alone: {verdict}", result.test);
                }
                let added = submission.add(result);
                if told.is_ok() {
                    told = added;
                }
                if submission.open.is_empty() {
                    let score = submission.report.score;
                    remark!(
                        "{:30} {} of {} points",
                        submission.report.submission,
                        crate::report::number(score.points),
                        score.points_max
                    );
                }
            },
        );
        told
    }

    fn report(&self, reports: Vec<Report>) -> Result<u8, GradeError> {
        let code = exit_code::of_reports(&reports);
        let seeds = match self.seeds {
            Seeds::Counted => "counted",
            Seeds::Secret(_) => "secret",
        };
        let no_results = |source| GradeError::NoResults { path: self.out.to_owned(), source };
        let summary = Summary::new(&reports, self.sandbox, seeds, code);
        write(&summary, &self.out.join("summary.json")).map_err(no_results)?;
        let scores = csv::table(reports.iter());
        write_whole(&self.out.join("scores.csv"), scores.as_bytes()).map_err(no_results)?;
        let mut text = class::text(&reports);
        if self.args.autolab {
            text.extend(reports.iter().map(autolab::line));
            text.push('\n');
        }
        print::out(text);
        Ok(code)
    }
}

/// The strongest sandbox there is, or an error if it is not as strong as asked.
fn sandbox(args: &GradeArgs) -> Result<Sandbox, GradeError> {
    let (sandbox, words) = Sandbox::choose(args.sandbox_at_most(), args.require_sandbox)?;
    remark!("sandbox: {words}");
    Ok(sandbox)
}

fn seeds(secret: Option<&Path>) -> Result<Seeds, GradeError> {
    let Some(path) = secret else { return Ok(Seeds::Counted) };
    let secret = std::fs::read(path)
        .map_err(|source| GradeError::NoSubmissions { path: path.to_owned(), source })?;
    if secret.len() < SECRET_BYTES_MIN {
        return Err(SelectionError::Secret { path: path.to_owned(), bytes: secret.len() }.into());
    }
    Ok(Seeds::Secret(secret))
}

/// A shorter secret could be guessed from the seeds that are published.
const SECRET_BYTES_MIN: usize = 16;
