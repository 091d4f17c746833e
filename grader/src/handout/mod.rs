//! What a student gets, written and proved.
//!
//! | module | what it holds |
//! |---|---|
//! | `files` | what is in it: a list of what may be, so that nothing else ever is |
//! | `manifests` | Cargo's files, without what is not in it |
//! | `check` | the proof that it can be given away |

mod check;
mod files;
mod manifests;

use std::path::{Path, PathBuf};

use crate::cli::HandoutArgs;
use crate::error::GradeError;
use crate::exit_code;
use crate::print::remark;

/// Writes the hand-out, and checks it if asked to.
pub(crate) fn handout(args: &HandoutArgs) -> Result<u8, GradeError> {
    let project = std::path::absolute(&args.place.workspace)
        .map_err(|source| HandoutError::io(&args.place.workspace, source))?;
    if let Some(folder) = &args.folder {
        let file_count = files::write(&project, folder)?;
        remark!("handout {file_count} files in {}", folder.display());
    }
    if !args.check {
        return Ok(exit_code::ALL_PASSED);
    }
    // A copy: the check leaves results and the reference in it.
    let copy = project.join("target").join("handout");
    if copy.exists() {
        std::fs::remove_dir_all(&copy).map_err(|source| HandoutError::io(&copy, source))?;
    }
    files::write(&project, &copy)?;
    check::check(&project, &copy)
}

/// Why there is no hand-out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandoutError {
    #[error(
        "error[handout]: `{}` is not empty\n\
         run     the same command with another DIR\n\
         means   nothing was written; exit code 3",
        folder.display()
    )]
    NotEmpty { folder: PathBuf },
    #[error(
        "error[handout]: `{}` is not in this project\n\
         run     the same command in the project itself; a hand-out has no hand-outs\n\
         means   the hand-out is not whole; exit code 3",
        path.display()
    )]
    Missing { path: PathBuf },
    #[error(
        "error[handout]: `{}`: {source}\n\
         run     the same command with a DIR that can be written to\n\
         means   the hand-out is not whole; exit code 123",
        path.display()
    )]
    Io { path: PathBuf, source: std::io::Error },
}

impl HandoutError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        HandoutError::Io { path: path.to_owned(), source }
    }
}
