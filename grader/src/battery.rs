//! The battery that is run: built or given, and listed, so that it fits the file of points.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::BatteryArgs;
use crate::error::GradeError;
use crate::grading::{Grading, Limits};
use crate::resources::Watch;
use crate::sandbox::Sandbox;
use crate::worker::Workshop;
use crate::{compile, process, sandbox};

/// A battery that can be run, and what its processes are given.
#[derive(Debug)]
pub(crate) struct Battery {
    path: PathBuf,
    scratch: TempDir,
    limits: Limits,
    watch: Watch,
    sandbox: Sandbox,
    edition: Option<String>,
}

impl Battery {
    /// Builds the battery unless one is given, and checks its tests against the file of points.
    pub(crate) fn open(
        args: &BatteryArgs,
        grading: &Grading,
        sandbox: Sandbox,
    ) -> Result<Self, GradeError> {
        let path = match &args.battery {
            None => compile::build(&args.place.workspace)?,
            Some(path) => path.clone(),
        };
        let no_listing = |why: String| GradeError::NoListing { path: path.clone(), why };
        // Processes are started in another folder than this one.
        let absolute = std::path::absolute(&path).map_err(|error| no_listing(error.to_string()))?;
        let listed =
            list(&absolute).map_err(|error| no_listing(error.to_string()))?.map_err(no_listing)?;
        grading.check_against(&listed)?;

        let scratch = sandbox::scratch().map_err(|source| GradeError::NoProcess { source })?;
        process::forbid_core_files();
        let watch = Watch::start();
        Ok(Battery {
            path: absolute,
            scratch,
            limits: grading.limits(),
            watch,
            sandbox,
            edition: None,
        })
    }

    /// The same, for runs of this edition.
    pub(crate) fn of_edition(self, edition: Option<String>) -> Self {
        Battery { edition, ..self }
    }

    /// The binary.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where its processes are run.
    pub(crate) fn workshop(&self) -> Workshop<'_> {
        Workshop {
            battery: &self.path,
            scratch: self.scratch.path(),
            limits: self.limits,
            watch: &self.watch,
            sandbox: self.sandbox,
            edition: self.edition.as_deref(),
        }
    }
}

/// The tests that a battery lists.
pub(crate) fn list(battery: &Path) -> io::Result<Result<Vec<String>, String>> {
    let said = std::process::Command::new(battery)
        .args(["--list", "--format", "terse"])
        .stdin(std::process::Stdio::null())
        .output()?;
    if !said.status.success() {
        return Ok(Err(process::how_it_ended(said.status)));
    }
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(Ok(names.map(str::to_owned).collect()))
}
