//! The second stage: the first process of the new namespaces. Takes the limits and the rules
//! upon itself, starts the job in them, and tells how it ended.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, set_parent_process_death_signal,
    setrlimit, wait,
};

use super::warden::{control, say};
use super::{Fate, Job, Level, ProcessLimits, Reach, cell, rules};

/// The stage. Its argument is the level.
pub(super) fn main() -> ExitCode {
    let fate = keep().unwrap_or_else(|error| Fate::NotStarted(error.to_string()));
    say(&fate);
    ExitCode::SUCCESS
}

fn keep() -> io::Result<Fate> {
    // Whatever ends the warden ends the first process of these namespaces, and so all of them.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let level = std::env::args().nth(2).unwrap_or_default();
    let job = read_job()?;
    std::env::set_current_dir(&job.folder)?;
    set_limits(&job.limits)?;
    if level != Level::Descendants.name() {
        rules::restrict(&with_libraries(&job))?;
    }
    look_around(&level)?;
    let Some(program) = &job.program else { return Ok(Fate::Code(0)) };

    let mut command = Command::new(program);
    command.args(&job.args).env_clear().stdin(Stdio::piped());
    command.envs(job.env.iter().map(|(name, value)| (name, value)));
    let mut child = command.spawn().map_err(|error| {
        io::Error::new(error.kind(), format!("{} cannot be started: {error}", program.display()))
    })?;
    if let Some(input) = child.stdin.take() {
        cell::give(input, &job.input);
    }
    let child = Pid::from_child(&child);
    loop {
        // Others are reaped too: this is where orphans come to.
        match wait(WaitOptions::empty()) {
            Ok(Some((process, status))) if process == child => {
                return Ok(match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Fate::Code(code),
                    (None, signal) => Fate::Signal(signal.unwrap_or_default()),
                });
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn read_job() -> io::Result<Job> {
    let mut line = String::new();
    BufReader::new(control()?.take(1 << 20)).read_line(&mut line)?;
    serde_json::from_str(&line).map_err(io::Error::other)
}

fn with_libraries(job: &Job) -> Reach {
    let mut reach = job.reach.clone();
    reach.read.extend(rules::libraries());
    reach.read.push(job.folder.clone());
    reach.execute.extend(rules::loaders());
    reach.execute.extend(job.program.clone());
    reach
}

fn set_limits(limits: &ProcessLimits) -> io::Result<()> {
    let wanted = [
        (Resource::Core, Some(0)),
        (Resource::Cpu, limits.cpu_s),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, limits.open_files),
        (Resource::Nproc, limits.tasks),
    ];
    for (resource, limit) in wanted {
        let Some(limit) = limit else { continue };
        let highest = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Some(limit.min(highest));
        setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
    }
    Ok(())
}

/// That the walls stand is looked at, not assumed.
fn look_around(level: &str) -> io::Result<()> {
    let stands = |stands: bool, wall: &str| match stands {
        true => Ok(()),
        false => Err(io::Error::other(format!("{wall}, which the sandbox was to prevent"))),
    };
    if level == Level::Descendants.name() {
        return Ok(());
    }
    stands(std::fs::File::open("/proc/self/mem").is_err(), "/proc can be read")?;
    stands(std::fs::read_dir("/").is_err(), "the root folder can be read")?;
    let file = std::env::temp_dir().join(format!("lab-{}", std::process::id()));
    stands(std::fs::File::create(file).is_err(), "files can be made")?;
    if level == Level::Namespaces.name() {
        stands(std::process::id() == 1, "other processes can be seen")?;
        let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
        stands(socket.connect("192.0.2.1:9").is_err(), "there is a way to the network")?;
    }
    Ok(())
}
