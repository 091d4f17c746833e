//! The first stage: gives up its user, takes namespaces of its own, starts the keeper in them,
//! and ends every descendant when the keeper has ended or the grader has gone.

use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Gid, Uid};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open,
    set_child_subreaper, set_dumpable_behavior, wait,
};
use rustix::thread::{
    UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid, unshare_unsafe,
};

use super::descendants::{families, processes};
use super::{Fate, KEEPER, Level};

/// The stage. Its arguments are the level, the user to become or `-`, and the files by which one
/// enters the job's cgroups.
pub(super) fn main(args: &[String]) -> ExitCode {
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&Fate::NotStarted(format!("the sandbox cannot be made: {error}")));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> io::Result<()> {
    let has_namespaces = args.first().is_some_and(|level| level == Level::Namespaces.name());
    let user = args.get(1).and_then(|user| user.parse().ok());
    // While it may: the user that it becomes must not get out again.
    for door in args.iter().skip(2) {
        fs::write(door, "0")?;
    }

    // Whoever loses their parent becomes a child of this process, `setsid` or not.
    set_child_subreaper(Some(getpid()))?;
    // When memory runs out, the kernel should begin here.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    if let Some(user) = user.filter(|_| rustix::process::geteuid().is_root() && has_namespaces) {
        become_user(user)?;
    }
    if has_namespaces {
        take_namespaces()?;
    }
    let mut keeper = Command::new("/proc/self/exe");
    keeper.arg0("grader").arg(KEEPER).args(args.first()).env_clear();
    let mut keeper = keeper.spawn()?;
    let waited = wait_for(&keeper);
    end_all(&mut keeper)?;
    waited
}

fn become_user(user: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    // Another user's process has its files in /proc owned by root, and the maps are among them.
    Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

fn take_namespaces() -> io::Result<()> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let namespaces = UnshareFlags::NEWUSER
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS;
    // SAFETY: without `CLONE_FILES` no descriptor changes its meaning; this process has one
    // thread, and holds nothing else that belongs to the namespaces it leaves.
    unsafe { unshare_unsafe(namespaces)? };
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("1000 {} 1", uid.as_raw()))?;
    fs::write("/proc/self/gid_map", format!("1000 {} 1", gid.as_raw()))
}

/// Until the keeper has ended, or the grader has closed its end of stdin.
fn wait_for(keeper: &Child) -> io::Result<()> {
    let process = pidfd_open(Pid::from_child(keeper), PidfdFlags::empty())?;
    let stdin = io::stdin();
    loop {
        let mut ways = [
            PollFd::new(&process, PollFlags::IN),
            PollFd::new(&stdin, PollFlags::RDHUP | PollFlags::HUP),
        ];
        match poll(&mut ways, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) if ways.iter().any(|way| !way.revents().is_empty()) => return Ok(()),
            Ok(_) => {}
        }
    }
}

/// Ends and reaps until nobody is left.
fn end_all(keeper: &mut Child) -> io::Result<()> {
    let _ = keeper.kill(); // fails when it has ended already
    let me = getpid().as_raw_nonzero().get().unsigned_abs();
    let by = Instant::now() + Duration::from_secs(8);
    loop {
        // Reaping is what hands on the children of the dead.
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        if matches!(wait(WaitOptions::NOHANG), Err(rustix::io::Errno::CHILD)) {
            return Ok(());
        }
        if by < Instant::now() {
            return Err(io::Error::other("some of its processes do not end"));
        }
        let all = processes();
        for process in families(&all, [me].into_iter()).remove(&me).unwrap_or_default() {
            let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid.filter(|_| process != me) {
                let _ = kill_process(pid, Signal::KILL); // it may be gone by now
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Tells the grader, on the socket that is this process's stdin.
pub(super) fn say(fate: &Fate) {
    let told = control().and_then(|mut control| {
        let mut line = serde_json::to_string(fate).map_err(io::Error::other)?;
        line.push('\n');
        control.write_all(line.as_bytes())
    });
    // Nobody else can be told; the grader notices that nobody spoke.
    drop(told);
}

/// The socket, as a descriptor that a job does not inherit.
pub(super) fn control() -> io::Result<UnixStream> {
    let copy: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(UnixStream::from(copy))
}
