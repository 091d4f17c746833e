//! Results of several stress runs, as one.

use std::path::Path;

use super::results::{self, Head, Results};
use super::tally::Tally;
use super::{keep, table, verdict_code};
use crate::cli::MergeArgs;
use crate::error::{GradeError, Indented, StressError};
use crate::grading::Grading;
use crate::print;

/// Reads all results, refuses what is not of one build, and prints one table.
pub(crate) fn merge(args: &MergeArgs) -> Result<u8, GradeError> {
    let mut all = Tally::that_keeps_all();
    let mut first: Option<(&Path, Head)> = None;
    for path in &args.results {
        let (head, tally) = results::read(path)?;
        match &first {
            None => first = Some((path, head)),
            Some((one, known)) => check_same(one, known, path, &head)?,
        }
        all.join(tally);
    }
    let Some((_, head)) = first else { return Ok(crate::exit_code::NOTHING_SELECTED) };
    let common = head.of;
    let tests = in_order(&all, args);
    print::out(table::text(&all, &tests, &common, None));
    print::out(super::closing(&all, &common, None));
    if let Some(folder) = &args.out {
        let mut out = Results::begin(folder, Head::new(common, None))?;
        out.write_all(&all)?;
        for run in all.not_passed() {
            let Some(kept) = &run.kept else { continue };
            let from = args.results.iter().find(|folder| folder.join(kept).is_dir());
            from.map_or(Ok(()), |from| keep::copy(kept, from, folder))
                .map_err(|source| StressError::NotWritten { path: folder.join(kept), source })?;
        }
    }
    Ok(verdict_code(&all))
}

fn check_same(one: &Path, known: &Head, other: &Path, head: &Head) -> Result<(), StressError> {
    known.of.difference(&head.of).map_or(Ok(()), |differences| {
        Err(StressError::Mixed {
            one: one.to_owned(),
            other: other.to_owned(),
            differences: Indented(differences),
        })
    })
}

/// In the order of the battery, as far as the file of points names it; by name otherwise.
fn in_order(all: &Tally, args: &MergeArgs) -> Vec<String> {
    let mut tests: Vec<String> = all.test_names().map(str::to_owned).collect();
    if let Ok(grading) = Grading::of_project(&args.place) {
        let names: Vec<String> = grading.test_names().collect();
        tests.sort_by_key(|test| names.iter().position(|name| name == test));
    }
    tests
}
