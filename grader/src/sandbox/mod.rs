//! A process and all it starts, kept within limits and away from everything else on the machine.
//!
//! | module | what it does |
//! |---|---|
//! | `level` | how much of that a machine can do, and finding out |
//! | `job` | what is to be run, with which files and limits |
//! | `cgroup` | groups of the kernel that hold a job to its memory and tasks, on Linux |
//! | `cell` | the grader's side: starts a job, follows it, ends all of it |
//! | `warden` | first stage, on Linux: gives up its user, takes namespaces of its own, ends every descendant |
//! | `keeper` | second stage, on Linux: the first process of the new namespaces; limits, landlock, then the job |
//! | `rules` | which files landlock leaves |
//! | `descendants` | who descends from whom, in `/proc` |
//!
//! The stages are this same binary, started anew under a hidden name. So nothing but system calls
//! with a safe face runs in them, and nothing at all between a fork and an exec. The settings come
//! to them, and the fate of the job goes back, on a socket that the job never holds: whatever exit
//! code the job chooses, it can not look like a sandbox that broke.
//!
//! Elsewhere than on Linux there is the process group, and the limits that the grader watches.

mod cell;
#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod descendants;
mod job;
#[cfg(target_os = "linux")]
mod keeper;
mod level;
#[cfg(target_os = "linux")]
mod rules;
#[cfg(target_os = "linux")]
mod warden;

pub(crate) use cell::{Cell, Pipes};
#[cfg(target_os = "linux")]
pub(crate) use descendants::{families, processes};
pub(crate) use job::{Fate, Job, ProcessLimits, Reach};
pub(crate) use level::{Level, Sandbox};

/// The hidden names under which this binary becomes a stage of the sandbox.
pub(crate) const WARDEN: &str = "__warden";
pub(crate) const KEEPER: &str = "__keeper";

/// Becomes the stage that the arguments ask for; `None` when they ask for none.
pub(crate) fn stage() -> Option<std::process::ExitCode> {
    let mut args = std::env::args().skip(1);
    let name = args.next()?;
    #[cfg(target_os = "linux")]
    match name.as_str() {
        WARDEN => return Some(warden::main(&args.collect::<Vec<_>>())),
        KEEPER => return Some(keeper::main()),
        _ => {}
    }
    let is_stage = name == WARDEN || name == KEEPER;
    is_stage.then_some(std::process::ExitCode::FAILURE)
}

/// A folder in which jobs can be at home: whoever they run as can go through it, and only the
/// grader can see what is in it.
pub(crate) fn scratch() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    set_mode(folder.path(), 0o711)?;
    Ok(folder)
}

/// Sets who may do what with a file, where there is such a thing.
pub(crate) fn set_mode(path: &std::path::Path, mode: u32) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}
