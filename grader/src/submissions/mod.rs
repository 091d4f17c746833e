//! Grading the submissions of a folder, in parallel, and surviving all of them.
//!
//! | module | what it does |
//! |---|---|
//! | `course` | all of them: intake, build, runs, results |
//! | `submission` | one of them, and what is known of it |
//! | `build` | from its sources to a battery binary that may be run |
//! | `journal` | its results so far, so that an interrupted grading goes on |
//! | `results` | the files that are written of it |
//!
//! First everything is built, then everything runs under the virtual clock, then under the real
//! one: a compiler beside it would make a run late. What stayed undecided is repeated alone.

mod build;
mod course;
mod journal;
mod results;
mod submission;

use std::path::Path;

use crate::cli::GradeArgs;
use crate::error::GradeError;

/// Grades the submissions that the first word names, and writes what is found to `out`. The exit
/// code is that of the worst.
pub(crate) fn grade(args: &GradeArgs, out: &Path) -> Result<u8, GradeError> {
    course::Course::open(args, out)?.grade()
}
