//! One submission, and what is known of it so far.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::build::BuildResult;
use super::journal::Journal;
use super::results::Results;
use crate::error::GradeError;
use crate::grading::part_of;
use crate::intake::{Entry, Sources, take};
use crate::interrupt;
use crate::plan::Run;
use crate::report::model::{Report, RunReport, Status};

/// A submission on its way.
pub(crate) struct Submission {
    pub(crate) report: Report,
    /// `None` when it was refused.
    pub(crate) sources: Option<Sources>,
    /// The binary that its runs need.
    pub(crate) battery: Option<PathBuf>,
    /// What has still to be run.
    pub(crate) open: BTreeSet<Run>,
    results: Results,
    journal: Option<Journal>,
}

impl Submission {
    /// Takes the sources out of `entry`. Whatever is wrong with it is in the report.
    pub(crate) fn take(entry: &Entry, mut report: Report, results: Results) -> Self {
        let sources = match take(&entry.path) {
            Ok(sources) => Some(sources),
            Err(refusal) => {
                report.status = match refusal.is_the_machines() {
                    true => Status::NotGraded,
                    false => Status::Refused,
                };
                report.message = refusal.to_string();
                None
            }
        };
        if let Some(sources) = &sources {
            report.remarks.extend(passed_over(sources));
        }
        Submission { report, sources, battery: None, open: BTreeSet::new(), results, journal: None }
    }

    /// Plans its runs, those that are not in its journal already; `depends_on` says what these
    /// must agree with. Tests of a crate that it does not have are not run.
    pub(crate) fn plan(&mut self, runs: Vec<Run>, depends_on: &str) -> Result<(), GradeError> {
        let Some(sources) = &self.sources else { return Ok(()) };
        let has_kv = sources.has_crate("kvraft");
        for part in &mut self.report.parts {
            let needs_kv = is_of_kvraft(&part.part);
            part.tests.iter_mut().for_each(|test| test.is_missing = needs_kv && !has_kv);
        }
        self.open =
            runs.into_iter().filter(|run| has_kv || !is_of_kvraft(part_of(&run.test))).collect();

        let journal = Journal::open(&self.results.journal(), depends_on);
        let (journal, earlier) = self.results.tell(journal)?;
        self.journal = Some(journal);
        // What is undecided is run again.
        for run in earlier.into_iter().filter(|run| run.verdict.counts()) {
            if self.open.remove(&run.run()) {
                self.report.add(run);
            }
        }
        Ok(())
    }

    /// Takes what came of building it.
    pub(crate) fn built(&mut self, result: BuildResult) -> Result<(), GradeError> {
        match result {
            BuildResult::Battery(path) => self.battery = Some(path),
            BuildResult::DoesNotCompile(why) => {
                self.report.status = Status::DoesNotCompile;
                self.report.message = why.short;
                self.results.write_build(&why.full)?;
            }
            BuildResult::Refused(why) => {
                self.report.status = Status::Refused;
                self.report.message = why;
            }
            BuildResult::NotBuilt(why) => {
                self.report.status = Status::NotGraded;
                self.report.message = why;
            }
            BuildResult::Interrupted => {}
        }
        if self.report.status != Status::Graded {
            self.open.clear();
        }
        self.write()
    }

    /// Takes a result. The files are written again when it is the last of its test and clock.
    pub(crate) fn add(&mut self, result: RunReport) -> Result<(), GradeError> {
        if let Some(journal) = &mut self.journal {
            let added = journal.add(&result);
            self.results.tell(added)?;
        }
        let run = result.run();
        self.report.add(result);
        self.open.remove(&run);
        if !self.open.iter().any(|open| open.test == run.test && open.clock == run.clock) {
            self.write()?;
        }
        Ok(())
    }

    /// Scores what there is, and writes it.
    pub(crate) fn write(&mut self) -> Result<(), GradeError> {
        self.report.finish(interrupt::interrupted());
        self.results.write(&self.report)
    }
}

/// Parts 3A and 3B are of the service above.
fn is_of_kvraft(part: &str) -> bool {
    part.starts_with('3')
}

fn passed_over(sources: &Sources) -> Option<String> {
    let shown: Vec<&str> = sources.passed_over.iter().take(5).map(String::as_str).collect();
    let rest = match sources.passed_over.len().saturating_sub(shown.len()) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let names = crate::verdict::clean(&shown.join(", "));
    (!shown.is_empty())
        .then(|| format!("only raft/src and kvraft/src are taken; passed over: {names}{rest}"))
}
