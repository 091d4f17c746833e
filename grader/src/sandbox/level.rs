//! How much a machine can do to contain a process.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use super::cgroup::Cgroups;
#[cfg(target_os = "linux")]
use super::{Cell, Job};
use crate::error::GradeError;

/// What contains a run. Each level has everything that stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// A process group, and limits that the grader watches
    Groups,
    /// On Linux: limits of the system too, no core file, and every descendant is ended, also one
    /// that left the group
    Descendants,
    /// No files but the battery and the system's libraries, nothing to write to, no /proc, no
    /// TCP, no signals to others
    Landlock,
    /// User, PID, network and IPC namespaces of its own, and a user of its own if the grader is
    /// root
    Namespaces,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Level::Groups => "groups",
            Level::Descendants => "descendants",
            Level::Landlock => "landlock",
            Level::Namespaces => "namespaces",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The sandbox that is to be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sandbox {
    pub(crate) level: Level,
    /// Where groups of the kernel can be made, which hold a run to its memory and its tasks.
    #[cfg(target_os = "linux")]
    pub(super) cgroups: Option<&'static Cgroups>,
}

impl Sandbox {
    /// Only a process group. What the working tree's own battery runs in, if nothing else is
    /// asked for: nobody needs to be kept from their own files by their own code.
    pub(crate) const PLAIN: Sandbox = Sandbox::without_cgroups(Level::Groups);

    const fn without_cgroups(level: Level) -> Self {
        Sandbox {
            level,
            #[cfg(target_os = "linux")]
            cgroups: None,
        }
    }

    /// The cgroups that hold runs to their memory and their tasks, or `none`.
    pub(crate) fn cgroups(&self) -> &'static str {
        #[cfg(target_os = "linux")]
        return self.cgroups.map_or("none", Cgroups::name);
        #[cfg(not(target_os = "linux"))]
        "none"
    }

    /// The strongest that works here and is no stronger than `at_most`, found by trying each; and
    /// what should be known of it: why the next one does not work, and what stands for cgroups.
    ///
    /// # Errors
    ///
    /// When it is weaker than `at_least`.
    pub(crate) fn choose(
        at_most: Level,
        at_least: Option<Level>,
    ) -> Result<(Self, String), GradeError> {
        let (level, why) = strongest(at_most);
        match at_least {
            Some(required) if level < required => {
                let why = why.unwrap_or_else(|| format!("--sandbox {level} says so"));
                Err(GradeError::Sandbox { reached: level, required, why })
            }
            _ => {
                let of_level = match why {
                    None => level.to_string(),
                    Some(why) => format!("only `{level}` here: {why}"),
                };
                let (sandbox, of_cgroups) = Sandbox::without_cgroups(level).with_cgroups();
                Ok((sandbox, format!("{of_level}; {of_cgroups}")))
            }
        }
    }

    /// The same with cgroups, if there are any; and in words what there is.
    #[cfg(target_os = "linux")]
    fn with_cgroups(self) -> (Self, String) {
        use std::sync::OnceLock;
        static FOUND: OnceLock<Result<Cgroups, String>> = OnceLock::new();
        if self.level < Level::Descendants {
            return (self, NO_CGROUPS.to_owned());
        }
        match FOUND.get_or_init(|| Cgroups::find().map_err(|error| error.to_string())) {
            Ok(found) => {
                let words = format!("memory and tasks limited by {}", found.name());
                (Sandbox { cgroups: Some(found), ..self }, words)
            }
            Err(why) => (self, format!("{NO_CGROUPS}: no cgroups, {why}")),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn with_cgroups(self) -> (Self, String) {
        (self, NO_CGROUPS.to_owned())
    }
}

const NO_CGROUPS: &str = "memory watched, tasks limited by user";

#[cfg(not(target_os = "linux"))]
fn strongest(at_most: Level) -> (Level, Option<String>) {
    (Level::Groups, (Level::Groups < at_most).then(|| "this is not Linux".to_owned()))
}

#[cfg(target_os = "linux")]
fn strongest(at_most: Level) -> (Level, Option<String>) {
    let mut reached = Level::Groups;
    let levels = [Level::Descendants, Level::Landlock, Level::Namespaces];
    for level in levels.into_iter().filter(|level| *level <= at_most) {
        match try_out(level) {
            Ok(()) => reached = level,
            Err(why) => return (reached, Some(why.to_string())),
        }
    }
    (reached, None)
}

/// Goes into a sandbox of this level and looks around in it.
#[cfg(target_os = "linux")]
fn try_out(level: Level) -> std::io::Result<()> {
    let scratch = super::scratch()?;
    let job = Job { folder: scratch.path().to_owned(), own_user: true, ..Job::default() };
    let (mut cell, pipes) = Cell::start(&job, Sandbox::without_cgroups(level))?;
    drop(pipes);
    let by = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !cell.has_ended()? && std::time::Instant::now() < by {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    cell.end().map(drop)
}
