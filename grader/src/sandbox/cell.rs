//! The grader's side of a sandbox: a job is started, followed, and ended with all it started.

use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};

use super::{Job, Level, Sandbox};
use crate::process::Group;

/// A running job.
#[derive(Debug)]
pub(crate) struct Cell {
    /// The job itself, or the warden above it, leads this group.
    group: Group,
    /// The way to the warden and the keeper. They end everything once it is closed.
    #[cfg(target_os = "linux")]
    control: Option<std::os::unix::net::UnixStream>,
    #[cfg(target_os = "linux")]
    cgroup: Option<super::cgroup::JobGroup>,
}

/// What the job prints: its stdout, which leads to the record, and its stderr.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) record: ChildStdout,
    pub(crate) output: ChildStderr,
}

impl Cell {
    /// Starts `job`.
    pub(crate) fn start(job: &Job, sandbox: Sandbox) -> io::Result<(Self, Pipes)> {
        match sandbox.level {
            Level::Groups => Cell::start_in_group(job),
            #[cfg(target_os = "linux")]
            _ => Cell::start_below_warden(job, sandbox),
            #[cfg(not(target_os = "linux"))]
            level => Err(io::Error::other(format!("there is no `{level}` sandbox here"))),
        }
    }

    fn start_in_group(job: &Job) -> io::Result<(Self, Pipes)> {
        let Some(program) = &job.program else {
            return Err(io::Error::other("there is no program to start"));
        };
        let mut command = Command::new(program);
        command.args(&job.args).current_dir(&job.folder).env_clear();
        command.envs(job.env.iter().map(|(name, value)| (name, value)));
        let (group, crate::process::Pipes { order, record, output }) = Group::start(command)?;
        give(order, &job.input);
        Ok((
            Cell {
                group,
                #[cfg(target_os = "linux")]
                control: None,
                #[cfg(target_os = "linux")]
                cgroup: None,
            },
            Pipes { record, output },
        ))
    }

    #[cfg(target_os = "linux")]
    fn start_below_warden(job: &Job, sandbox: Sandbox) -> io::Result<(Self, Pipes)> {
        use std::io::Write;
        use std::os::fd::OwnedFd;
        use std::os::unix::process::CommandExt;

        let (mut control, theirs) = std::os::unix::net::UnixStream::pair()?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("grader").args([super::WARDEN, sandbox.level.name()]).env_clear();
        command.arg(if job.own_user { own_user().to_string() } else { "-".to_owned() });
        let cgroup = match (sandbox.cgroups, job.limits.memory_bytes, job.limits.tasks) {
            (Some(cgroups), Some(memory_bytes), Some(tasks)) => {
                Some(cgroups.group(memory_bytes, tasks)?)
            }
            _ => None,
        };
        command.args(cgroup.iter().flat_map(super::cgroup::JobGroup::doors));
        let (group, record, output) = Group::start_with(command, OwnedFd::from(theirs).into())?;
        let mut line = serde_json::to_string(job).map_err(io::Error::other)?;
        line.push('\n');
        // If it is gone already, its missing answer shows that.
        let _ = control.write_all(line.as_bytes());
        Ok((Cell { group, control: Some(control), cgroup }, Pipes { record, output }))
    }

    /// The number of the leading process, which is the group's too.
    pub(crate) fn id(&self) -> u32 {
        self.group.id()
    }

    /// How many processes it takes, the job's own included.
    pub(crate) fn processes(&self) -> u64 {
        #[cfg(target_os = "linux")]
        if self.control.is_some() {
            return 3; // with the warden and the keeper
        }
        1
    }

    /// Whether the leader has ended.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        self.group.has_ended()
    }

    /// Whether the kernel has ended a process of it because its memory was used up.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.cgroup.as_ref().is_some_and(super::cgroup::JobGroup::ran_out_of_memory);
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// Whether the kernel itself holds it to its memory, so that nobody else need look.
    pub(crate) fn is_held_by_the_kernel(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.cgroup.is_some();
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// The most memory that it had, where the kernel counts that for all its processes together.
    pub(crate) fn memory_bytes_max(&self) -> Option<u64> {
        #[cfg(target_os = "linux")]
        return self.cgroup.as_ref().and_then(super::cgroup::JobGroup::memory_bytes_max);
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Ends whatever still runs, and says how the job ended. An error means that it never began.
    #[cfg(target_os = "linux")]
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        use std::time::{Duration, Instant};

        let Some(control) = self.control.take() else { return self.group.end() };
        let fate = if self.has_ended()? { Some(fate(&control)) } else { None };
        drop(control);
        // The warden ends all there is, and then itself.
        let by = Instant::now() + Duration::from_secs(10);
        while !self.has_ended()? && Instant::now() < by {
            std::thread::sleep(Duration::from_millis(1));
        }
        let status = self.group.end()?;
        match fate {
            Some(Some(fate)) => fate.into_status(),
            Some(None) => Err(io::Error::other(format!(
                "the sandbox ended without a word, with {}",
                crate::process::how_it_ended(status)
            ))),
            None => Ok(status), // it was stopped, and nobody asks
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        self.group.end()
    }
}

/// Shorter than any pipe's buffer, so this does not wait; a process that is already dead shows by
/// its missing record.
pub(super) fn give(mut input: ChildStdin, text: &str) {
    let _ = io::Write::write_all(&mut input, text.as_bytes());
}

/// What the keeper, or the warden in its place, said last.
#[cfg(target_os = "linux")]
fn fate(control: &std::os::unix::net::UnixStream) -> Option<super::Fate> {
    use std::io::Read;
    // All who could write have ended; what they wrote is there.
    control.set_nonblocking(true).ok()?;
    let mut text = String::new();
    let _ = control.take(64 * 1024).read_to_string(&mut text); // up to where nothing more is
    serde_json::from_str(text.lines().next()?).ok()
}

/// A user that nobody else is, as far as one can know: root can give any, and for others it
/// stays without effect.
#[cfg(target_os = "linux")]
fn own_user() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 1000;
    1_000_000_000 + std::process::id() % 1_000_000 * 1000 + number
}
