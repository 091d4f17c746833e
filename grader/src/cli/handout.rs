//! The flags of `./grade.sh handout`.

use std::path::PathBuf;

use clap::Args;

use super::PlaceArgs;

/// Writes what a student gets: the framework, the battery, grade.sh, the student guide, and `raft`
/// and `kvraft` as skeletons.
///
/// With --check, proves that it is fit to be given away: it builds, every test of it fails with
/// "not implemented yet", and passes once the reference stands in the skeletons' place. That is
/// done with a copy, in target/handout.
#[derive(Debug, Args)]
pub(crate) struct HandoutArgs {
    /// The folder to write to; it must be empty, or not be there yet. With --check alone nothing is
    /// written but the copy
    #[arg(value_name = "DIR", required_unless_present = "check")]
    pub(crate) folder: Option<PathBuf>,

    /// Build it and run all of its tests, as it is and with the reference
    #[arg(long)]
    pub(crate) check: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}
