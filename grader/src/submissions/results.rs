//! The files that are written of a submission, each as a whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::GradeError;
use crate::report::gradescope::Visibility;
use crate::report::json::{write, write_whole};
use crate::report::model::Report;
use crate::report::{autolab, gradescope, junit, student};

/// The folder of one submission's results.
#[derive(Debug)]
pub(crate) struct Results {
    folder: PathBuf,
    /// When students see the texts of what failed.
    failures: Visibility,
}

impl Results {
    pub(crate) fn create(out: &Path, name: &str, failures: Visibility) -> Result<Self, GradeError> {
        let folder = out.join(name);
        let results = Results { folder, failures };
        results.tell(fs::create_dir_all(&results.folder))?;
        Ok(results)
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("runs.jsonl")
    }

    /// All that the compiler said.
    pub(crate) fn write_build(&self, text: &str) -> Result<(), GradeError> {
        self.tell(write_whole(&self.folder.join("build.txt"), text.as_bytes()))
    }

    /// Every format.
    pub(crate) fn write(&self, report: &Report) -> Result<(), GradeError> {
        self.tell(self.write_all(report))
    }

    fn write_all(&self, report: &Report) -> io::Result<()> {
        let file = |name: &str| self.folder.join(name);
        write(report, &file("grading.json"))?;
        write_whole(&file("report.md"), student::markdown(report).as_bytes())?;
        let document = junit::document(report).map_err(io::Error::other)?;
        write_whole(&file("junit.xml"), document.as_bytes())?;
        write(&gradescope::results(report, self.failures), &file("results.json"))?;
        write_whole(&file("autolab.json"), (autolab::line(report) + "\n").as_bytes())
    }

    /// With the place where it went wrong.
    pub(crate) fn tell<T>(&self, done: io::Result<T>) -> Result<T, GradeError> {
        done.map_err(|source| GradeError::NoResults { path: self.folder.clone(), source })
    }
}
