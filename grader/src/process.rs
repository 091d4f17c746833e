//! A battery process and all it started: begun as one group, ended as one group.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// A process that leads a group of its own.
///
/// What leaves the group (`setsid`) is not ended with it; that takes a sandbox.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
}

/// The grader's ends of the three pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) order: ChildStdin,
    pub(crate) record: ChildStdout,
    pub(crate) output: ChildStderr,
}

impl Group {
    /// Starts `command` as the leader of a new group, its three streams piped.
    pub(crate) fn start(command: Command) -> io::Result<(Self, Pipes)> {
        let (mut group, record, output) = Group::start_with(command, Stdio::piped())?;
        let Some(order) = group.child.stdin.take() else {
            return Err(io::Error::other("a pipe was asked for and not given"));
        };
        Ok((group, Pipes { order, record, output }))
    }

    /// The same, with its stdin as given. The order's pipe is closed unless it is taken.
    pub(crate) fn start_with(
        mut command: Command,
        stdin: Stdio,
    ) -> io::Result<(Self, ChildStdout, ChildStderr)> {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        match (child.stdout.take(), child.stderr.take()) {
            (Some(record), Some(output)) => Ok((Group { child }, record, output)),
            _ => Err(io::Error::other("a pipe was asked for and not given")),
        }
    }

    /// The leader's process number, which is the group's too.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the leader has ended. It is left unreaped, so that its number, and the group's,
    /// can not be given to another process before [`Group::end`] has used it.
    #[cfg(unix)]
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(rustix::process::Pid::from_child(&self.child)), options)?;
        Ok(status.is_some())
    }

    #[cfg(not(unix))]
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends whatever of the group still runs, and says how the leader ended.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        self.child.wait()
    }

    #[cfg(unix)]
    fn kill(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Fails only when nobody is left to be ended.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {
        let _ = self.child.kill();
    }
}

/// How a process ended by itself, in words: `exit code 3`, `signal 6 (SIGABRT)`.
pub(crate) fn how_it_ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal_name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        };
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

#[cfg(unix)]
fn signal_name(signal: libc::c_int) -> Option<&'static str> {
    let names = [
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGXCPU, "SIGXCPU"),
    ];
    names.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name)
}

/// Lets no process of this grading leave a core file behind.
pub(crate) fn forbid_core_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Where it is refused, core files are a nuisance, not an error.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
}
