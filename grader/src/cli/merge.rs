//! The flags of `./grade.sh merge`.

use std::path::PathBuf;

use clap::Args;

use super::PlaceArgs;

/// Puts the results of stress runs together, and prints one table.
///
/// Each run counts once, however often it is given. Results of another build, platform or clock are
/// refused.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Folders of results
    #[arg(value_name = "DIR", required = true)]
    pub(crate) results: Vec<PathBuf>,

    /// Also write all of it to this folder, which can be merged again
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}
