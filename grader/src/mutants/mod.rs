//! Measures the battery: builds deliberately broken Rafts, and correct ones of another design, and
//! sees what the battery says of each.
//!
//! * `candidate`: the mutants or variants that were asked for.
//! * `recorder`: how cargo compiles the code under test, written down once.
//! * `kit`: compiles one mutant by those commands: the changed crate, what depends on it, the
//!   battery binary. The battery's own library is not compiled again.
//! * `hunt`: runs one mutant's tests over seeds.
//! * `statistics`: what is certain of a catch rate that was seen.
//! * `report`: the matrix, as a table and as JSON.
//! * `error`: what can go wrong.
//!
//! A mutant is built without the reference's own assertions (`lab_mutants::without_assertions`):
//! the battery is to find the mistake, not the program that has it. A catch by a panic of the
//! mutant itself is counted apart, and for nothing.

mod candidate;
pub(crate) mod error;
mod hunt;
mod kit;
pub(crate) mod recorder;
mod report;
mod statistics;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use lab_mutants::{Catalogue, apply};

use crate::cli::MutantsArgs;
use crate::error::GradeError;
use crate::exit_code;
use crate::grading::Grading;
use crate::interrupt::interrupted;
use crate::print::say;
use crate::resources::Watch;
use crate::sandbox::Sandbox;
use crate::worker::Workshop;
use candidate::Candidate;
use error::MutantsError;
use hunt::Hunt;
use kit::{Attempt, Kit};
use report::{Matrix, Row};

/// Everything that `./grade.sh mutants` does; gives the exit code.
pub(crate) fn run(options: &MutantsArgs) -> Result<u8, GradeError> {
    let workspace = &options.place.workspace;
    let points_file = Path::new("tests/grading.toml");
    let grading = Grading::read(&workspace.join(points_file), points_file)?;
    let catalogue = Catalogue::read(workspace).map_err(MutantsError::from)?;
    let candidates = options.select(&catalogue)?;
    for candidate in &candidates {
        apply(candidate.changes, workspace).map_err(|source| MutantsError::DoesNotFit {
            name: candidate.name.to_owned(),
            source,
        })?;
    }
    if options.list {
        candidates.iter().for_each(|candidate| say!("{}", candidate.title()));
        return Ok(exit_code::ALL_PASSED);
    }

    let kit = Kit::prepare(workspace)?;
    let tests = kit.tests()?;
    let scratch = tempfile::tempdir().map_err(|source| GradeError::NoProcess { source })?;
    crate::process::forbid_core_files();
    let watch = Watch::start();
    let hunt = Hunt { options, tests: &tests };
    let mut matrix = Matrix::new(options, &grading);

    let waiting: Mutex<VecDeque<&Candidate<'_>>> = Mutex::new(candidates.iter().collect());
    let (rows, inbox) = channel();
    std::thread::scope(|scope| {
        for lane in 0..options.jobs().min(candidates.len()) {
            let rows = rows.clone();
            let (kit, waiting, hunt) = (&kit, &waiting, &hunt);
            let (scratch, limits, watch) = (scratch.path(), grading.limits(), &watch);
            scope.spawn(move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(candidate) = next.filter(|_| !interrupted()) else { return };
                    let attempt = kit.build(candidate, lane);
                    let row = attempt.and_then(|attempt| match attempt {
                        Attempt::DoesNotCompile { said } => {
                            Ok(Row::does_not_compile(candidate, said))
                        }
                        Attempt::Built { battery, took } => {
                            let workshop = Workshop {
                                battery: &battery,
                                scratch,
                                limits,
                                watch,
                                sandbox: Sandbox::PLAIN,
                                edition: None,
                            };
                            let sightings = hunt.run(candidate, &workshop)?;
                            Ok(Row::new(candidate, took, &sightings))
                        }
                    });
                    if rows.send(row).is_err() {
                        return;
                    }
                }
            });
        }
        drop(rows);
        for row in inbox {
            let row = row.inspect_err(|_| {
                waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
            })?;
            matrix.add(row);
        }
        Ok::<_, GradeError>(())
    })?;
    matrix.finish(interrupted());
    if let Some(path) = &options.json {
        matrix
            .write(path)
            .map_err(|source| GradeError::NoResults { path: path.clone(), source })?;
    }
    Ok(matrix.exit_code())
}
