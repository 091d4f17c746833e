//! What a hostile submission tries beside its test; each act tells what succeeded.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

/// What is tried, and whether it succeeded.
type Act = (&'static str, fn() -> bool);

/// The names of everything that is not prevented.
pub(crate) fn what_succeeds() -> String {
    let acts: [Act; 12] = [
        ("reads the user list", || fs::read("/etc/passwd").is_ok()),
        ("lists the root folder", || fs::read_dir("/").is_ok()),
        ("reads its own memory", reads_its_own_memory),
        ("lists its descriptors", || fs::read_dir("/proc/self/fd").is_ok()),
        ("lists processes", || fs::read_dir("/proc").is_ok()),
        ("has an environment", || std::env::vars().any(|(name, _)| name != "LAB_RECORD")),
        ("writes where it is", || fs::write("left_behind", "x").is_ok()),
        ("deletes where it is", deletes_where_it_is),
        ("starts a shell", || Command::new("/bin/sh").args(["-c", "true"]).status().is_ok()),
        ("listens", || TcpListener::bind("127.0.0.1:0").is_ok()),
        ("talks to itself", talks_to_itself),
        ("sees other processes", || std::process::id() > 10),
    ];
    let succeeded = acts.iter().filter(|(_, act)| act()).map(|(name, _)| *name);
    succeeded.collect::<Vec<_>>().join(", ")
}

fn reads_its_own_memory() -> bool {
    let secret = Box::new([7_u8; 64]);
    let Ok(mut memory) = fs::File::open("/proc/self/mem") else { return false };
    let mut found = [0; 64];
    memory.seek(SeekFrom::Start(secret.as_ptr() as u64)).is_ok()
        && memory.read_exact(&mut found).is_ok()
        && found == *secret
}

fn deletes_where_it_is() -> bool {
    let Ok(folder) = std::env::current_dir() else { return false };
    fs::remove_dir_all(&folder).is_ok() && !folder.exists()
}

fn talks_to_itself() -> bool {
    let Ok(socket) = UdpSocket::bind("127.0.0.1:0") else { return false };
    let sent = socket.local_addr().and_then(|address| socket.send_to(b"x", address));
    sent.is_ok() || TcpStream::connect("127.0.0.1:9").is_ok()
}

/// A process in a session of its own, which outlives its parent if nobody looks for it.
pub(crate) fn leave_the_group() -> u32 {
    let mut child = Command::new("setsid");
    child.args(["sleep", "1000"]).env("PATH", "/usr/bin:/bin");
    child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = child.spawn().expect("setsid");
    let process = child.id();
    std::mem::forget(child);
    process
}

/// Starts this binary again, twice, and those do the same, so many times.
pub(crate) fn start_a_tree(depth: u32) {
    for _ in 0..2 {
        let own = std::env::args_os().next().expect("the path of this binary");
        let mut child = Command::new(own);
        child.arg(format!("--tree={}", depth - 1)).env_clear();
        if let Ok(child) = child.stdin(Stdio::null()).spawn() {
            std::mem::forget(child);
        }
    }
}

/// One process of the tree: it grows further, and never ends.
pub(crate) fn grow(depth: u32) -> ! {
    if 0 < depth {
        start_a_tree(depth);
    }
    loop {
        std::thread::park();
    }
}
