//! What stops a measurement. What the battery says of a mutant is a result, never an error.

use std::path::PathBuf;

use lab_mutants::{CatalogueError, ChangeError};

use crate::error::Indented;

/// Why there is no matrix.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MutantsError {
    #[error("error[catalogue]: {0}\nmeans   nothing was built; exit code 3")]
    Catalogue(#[from] CatalogueError),
    #[error(
        "error[catalogue]: the change {name} does not fit the reference\n  {source}\n\
         run     cargo test -p lab-tests --test catalogue        to see all that do not\n\
         means   nothing was built; exit code 3"
    )]
    DoesNotFit { name: String, source: ChangeError },
    #[error(
        "error[usage]: there is no rule and no mutant `{asked}`\n\
         run     ./grade.sh mutants --list\n\
         means   nothing was built; exit code 3"
    )]
    Unknown { asked: String },
    #[error(
        "error[selection]: {id} has no mutant: {reason}\nmeans   nothing was built; exit code 4"
    )]
    NoMutant { id: String, reason: String },
    #[error(
        "error[selection]: nothing to build: the catalogue is empty\n\
         means   nothing was built; exit code 4"
    )]
    Nothing,
    #[error(
        "error[toolchain]: {what}\n{said}\n\
         run     {command}\n\
         means   nothing was measured; exit code 121"
    )]
    NoKit { what: String, said: Indented, command: String },
    #[error(
        "error[files]: `{}` cannot be written: {source}\n\
         means   the matrix is not complete; exit code 121",
        path.display()
    )]
    NoFiles { path: PathBuf, source: std::io::Error },
}

impl MutantsError {
    pub(crate) fn exit_code(&self) -> u8 {
        use crate::exit_code::{NO_BATTERY, NOTHING_SELECTED, USAGE};
        match self {
            Self::Catalogue(_) | Self::DoesNotFit { .. } | Self::Unknown { .. } => USAGE,
            Self::NoMutant { .. } | Self::Nothing => NOTHING_SELECTED,
            Self::NoKit { .. } | Self::NoFiles { .. } => NO_BATTERY,
        }
    }
}
