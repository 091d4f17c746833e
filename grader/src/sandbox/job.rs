//! What is to be run in a sandbox, and what it may reach.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use serde::{Deserialize, Serialize};

/// A program, its surroundings, and its limits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Job {
    /// `None` starts nothing, and only tries out the sandbox.
    pub(crate) program: Option<PathBuf>,
    pub(crate) args: Vec<String>,
    /// All of its environment; nothing is inherited.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) folder: PathBuf,
    /// What stands on its stdin.
    pub(crate) input: String,
    pub(crate) reach: Reach,
    pub(crate) limits: ProcessLimits,
    /// Whether it gets a user of its own where the grader can give one. What only this user may
    /// read, a toolchain in a home folder say, is out of its reach then.
    pub(crate) own_user: bool,
}

/// Which files landlock leaves to a job. What does not exist is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reach {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) execute: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
}

/// What the system itself holds each process to. `None`: as it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ProcessLimits {
    /// A last resort, above what the grader watches.
    pub(crate) cpu_s: Option<u64>,
    pub(crate) file_bytes: Option<u64>,
    /// Open files, per process.
    pub(crate) open_files: Option<u64>,
    /// Processes and threads. Binds where there is a cgroup, a user namespace, or a user other
    /// than root.
    pub(crate) tasks: Option<u64>,
    /// Of all its processes together; only where there is a cgroup.
    pub(crate) memory_bytes: Option<u64>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    Code(i32),
    Signal(i32),
    /// The sandbox could not be made, or the program not be started.
    NotStarted(String),
}

impl Fate {
    /// The same as the standard library says it.
    ///
    /// # Errors
    ///
    /// When nothing was started.
    pub(crate) fn into_status(self) -> io::Result<ExitStatus> {
        match self {
            Fate::NotStarted(why) => Err(io::Error::other(why)),
            #[cfg(unix)]
            Fate::Code(code) => {
                Ok(std::os::unix::process::ExitStatusExt::from_raw((code & 0xff) << 8))
            }
            #[cfg(unix)]
            Fate::Signal(signal) => Ok(std::os::unix::process::ExitStatusExt::from_raw(signal)),
            #[cfg(not(unix))]
            Fate::Code(_) | Fate::Signal(_) => Err(io::Error::other("there is no sandbox here")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_fate_reads_as_the_standard_library_says_it() {
        let status = |fate: Fate| crate::process::how_it_ended(fate.into_status().expect("a fate"));
        assert_eq!(status(Fate::Code(3)), "exit code 3");
        assert_eq!(status(Fate::Signal(6)), "signal 6 (SIGABRT)");
        assert!(Fate::NotStarted("no room".to_owned()).into_status().is_err(), "nothing ended");
    }
}
