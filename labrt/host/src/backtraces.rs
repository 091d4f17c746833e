//! Backtraces as a student wants them: their own frames, with file and line.
// Some of it serves the safety net only.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

use std::ffi::c_void;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use backtrace::Symbol;

/// Frames of a thread that are looked at, innermost first; a recursion has many more.
const FRAMES_MAX: usize = 256;
/// Lines of a backtrace; what is left out in the middle is counted.
const LINES_MAX: usize = 40;

/// A call in lab code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabFrame {
    /// The function.
    pub(crate) name: String,
    /// `file:line`, relative to the workspace; without line tables only what is known of it.
    pub(crate) place: String,
    has_line: bool,
}

/// The frames of the calling thread that belong to neither std nor the framework, innermost first.
pub(crate) fn capture() -> String {
    let mut addresses = [0; FRAMES_MAX];
    let count = addresses_here(&mut addresses);
    in_lines(&lab_frames(&addresses[..count]))
}

/// Fills `into` with the return addresses of the calling thread, innermost first; how many there
/// are. Does not allocate.
pub(crate) fn addresses_here(into: &mut [usize]) -> usize {
    let mut count = 0;
    backtrace::trace(|frame| {
        into[count] = frame.ip() as usize;
        count += 1;
        count < into.len()
    });
    count
}

/// The calls in lab code among these return addresses, inlined ones too, innermost first.
pub(crate) fn lab_frames(addresses: &[usize]) -> Vec<LabFrame> {
    let mut frames = Vec::new();
    for address in addresses {
        each_symbol(*address, |symbol| frames.extend(lab_frame(symbol)));
    }
    frames
}

impl LabFrame {
    /// Where it is, and in which function if that has a name of its own.
    pub(crate) fn in_words(&self) -> String {
        match self.name.starts_with('{') {
            true => format!("at {}", self.place), // a closure, without the path to it
            false => format!("at {}, in {}", self.place, self.name),
        }
    }
}

/// The innermost frame that comes more than once: the call that a recursion is made of.
pub(crate) fn recurring_frame(frames: &[LabFrame]) -> Option<&LabFrame> {
    let recurs = |frame: &&LabFrame| 1 < frames.iter().filter(|other| other == frame).count();
    frames.iter().filter(|frame| frame.has_line).find(recurs).or(frame_to_name(frames))
}

/// The frame to name in a message: the innermost whose line is known.
pub(crate) fn frame_to_name(frames: &[LabFrame]) -> Option<&LabFrame> {
    frames.iter().find(|frame| frame.has_line).or(frames.first())
}

/// The call in lab code that led to these return addresses of the safety net, unless another part
/// of the framework stands between.
pub(crate) fn lab_caller(addresses: &[usize]) -> Option<LabFrame> {
    let mut caller = None;
    for address in addresses {
        each_symbol(*address, |symbol| {
            if caller.is_none() {
                let (name, file) = name_and_file(symbol);
                if !is_safety_net(&name, &file) {
                    caller = is_framework(&name, &file)
                        .then_some(None)
                        .or_else(|| lab_frame(symbol).map(Some));
                }
            }
        });
        if let Some(caller) = caller {
            return caller;
        }
    }
    None
}

/// Calls `f` with the function at this return address and those inlined there, innermost first.
pub(crate) fn each_symbol(address: usize, f: impl FnMut(&Symbol)) {
    backtrace::resolve(address as *mut c_void, f);
}

/// The frames one a line, equal neighbours folded, a long middle left out.
pub(crate) fn in_lines(frames: &[LabFrame]) -> String {
    let mut folded: Vec<(&LabFrame, usize)> = Vec::new();
    for frame in frames {
        match folded.last_mut() {
            Some((last, times)) if *last == frame => *times += 1,
            _ => folded.push((frame, 1)),
        }
    }
    let mut text = String::new();
    let left_out = folded.len().saturating_sub(LINES_MAX);
    for (index, (frame, times)) in folded.iter().enumerate() {
        if 0 < left_out && (LINES_MAX / 2..LINES_MAX / 2 + left_out).contains(&index) {
            if index == LINES_MAX / 2 {
                let _ = write!(text, "\n... {left_out} more ...");
            }
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = write!(text, "{} at {}", frame.name, frame.place);
        if 1 < *times {
            let _ = write!(text, " ({times} times)");
        }
    }
    text
}

/// The symbol as a frame, unless it is of no interest to who wrote the lab code.
fn lab_frame(symbol: &Symbol) -> Option<LabFrame> {
    let (name, file) = name_and_file(symbol);
    if !is_lab_code(&name, &file) {
        return None;
    }
    // Code that no line stands for, as at a function's beginning, has line 0.
    let line = symbol.lineno().filter(|line| *line != 0);
    let place = match (file.as_str(), line) {
        ("", _) => "a line unknown (no line tables)".to_owned(),
        (file, Some(line)) => format!("{}:{line}", relative(file)),
        (file, None) => relative(file).to_owned(),
    };
    Some(LabFrame { name, place, has_line: line.is_some() })
}

/// Each `?` or empty, if it is not known.
pub(crate) fn name_and_file(symbol: &Symbol) -> (String, String) {
    let name = symbol.name().map_or("?".to_owned(), |name| format!("{name:#}"));
    let file = symbol.filename().map(|file| file.to_string_lossy().replace('\\', "/"));
    (name, file.unwrap_or_default())
}

/// Whether a function of this name, in this file, is neither std's nor a dependency's nor the
/// framework's. Without line tables, when there is no file, the name has to tell.
pub(crate) fn is_lab_code(name: &str, file: &str) -> bool {
    match file.is_empty() {
        true => is_lab_name(name),
        false => is_lab_file(file),
    }
}

const FRAMEWORK: [&str; 6] = [
    "labrt/src/",
    "labrt/host/src/",
    "labrpc/src/",
    "labrpc/host/src/",
    "labgob/src/",
    "labapi/src/",
];

/// Whether a function of this name, in this file, is the framework's.
pub(crate) fn is_framework(name: &str, file: &str) -> bool {
    match file.is_empty() {
        true => FRAMEWORK_CRATES.contains(&crate_of(name).unwrap_or_default()),
        false => is_framework_file(file),
    }
}

fn is_safety_net(name: &str, file: &str) -> bool {
    name.contains("::safety_net::")
        || name.contains("labrt_host::backtraces::")
        || file.contains("/safety_net/spread/")
        || file.ends_with("labrt/host/src/backtraces.rs")
}

fn is_framework_file(file: &str) -> bool {
    let relative = relative(file);
    FRAMEWORK
        .iter()
        .any(|folder| relative.starts_with(folder) || relative.contains(&format!("/{folder}")))
}

fn is_lab_file(file: &str) -> bool {
    const STD_AND_DEPENDENCIES: [&str; 8] = [
        "/rustc/",
        "/registry/src/",
        "/git/checkouts/",
        "/library/std/",
        "/library/core/",
        "/library/alloc/",
        "/library/test/",
        "/vendor/",
    ];
    // A system's own libraries may have line tables too.
    file.ends_with(".rs")
        && !STD_AND_DEPENDENCIES.iter().any(|part| file.contains(part))
        && !is_framework_file(file)
}

const FRAMEWORK_CRATES: [&str; 6] =
    ["labrt", "labrt_host", "labrpc", "labrpc_host", "labgob", "labapi"];

fn is_lab_name(name: &str) -> bool {
    const FOREIGN: [&str; 8] = [
        "std",
        "core",
        "alloc",
        "test",
        "backtrace",
        "corosensei",
        "parking_lot",
        "parking_lot_core",
    ];
    crate_of(name).is_some_and(|crate_name| {
        !FOREIGN.contains(&crate_name) && !FRAMEWORK_CRATES.contains(&crate_name)
    })
}

/// `None` for a function of C.
fn crate_of(name: &str) -> Option<&str> {
    let path = name.trim_start_matches(['<', '&', '*', '(', '[']);
    path.split_once("::").map(|(crate_name, _)| crate_name)
}

/// The file as seen from the workspace, or from where the process was started.
fn relative(file: &str) -> &str {
    static HERE: OnceLock<Vec<String>> = OnceLock::new();
    let roots = HERE.get_or_init(|| {
        let started_in = std::env::current_dir().ok();
        let started_in = started_in.as_deref().map(Path::to_string_lossy);
        let started_in = started_in.map(|path| path.replace('\\', "/"));
        // The longer first: a package's own folder when the workspace's is not known.
        workspace().into_iter().chain(started_in).collect()
    });
    let file = file.strip_prefix("./").unwrap_or(file);
    roots
        .iter()
        .filter_map(|root| file.strip_prefix(root.as_str())?.strip_prefix('/'))
        .next()
        .unwrap_or(file)
}

/// The workspace's root when this was built: the compiler is called there, so that `file!` is
/// this file seen from it.
fn workspace() -> Option<String> {
    let package = env!("CARGO_MANIFEST_DIR").replace('\\', "/");
    let seen_from_root = file!().replace('\\', "/");
    let package_from_root = seen_from_root.strip_suffix("/src/backtraces.rs")?;
    Some(package.strip_suffix(package_from_root)?.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str, line: u32) -> LabFrame {
        LabFrame { name: name.to_owned(), place: format!("raft/src/log.rs:{line}"), has_line: true }
    }

    #[test]
    fn a_recursion_is_folded_and_a_long_trace_shortened() {
        let recursion = vec![frame("a", 1), frame("b", 2), frame("b", 2), frame("c", 3)];
        assert_eq!(
            in_lines(&recursion),
            "a at raft/src/log.rs:1\nb at raft/src/log.rs:2 (2 times)\nc at raft/src/log.rs:3"
        );
        let long: Vec<_> = (0..100).map(|line| frame("f", line)).collect();
        let text = in_lines(&long);
        assert_eq!(text.lines().count(), LINES_MAX + 1, "{text}");
        assert!(text.contains("\n... 60 more ...\nf at raft/src/log.rs:80\n"), "{text}");
    }

    #[test]
    fn files_of_std_dependencies_and_framework_are_foreign() {
        for file in [
            "/rustc/0123/library/std/src/thread/mod.rs",
            "/home/a/.cargo/registry/src/index.crates.io-1/rand-0.10.0/src/lib.rs",
            "/home/a/raft-lab/labrt/host/src/engine/step.rs",
            "labrt/src/thread.rs",
        ] {
            assert!(!is_lab_file(file), "{file} is not lab code");
        }
        for file in
            ["raft/src/raft.rs", "/home/a/raft-lab/kvraft/src/server.rs", "labrt/tests/a.rs"]
        {
            assert!(is_lab_file(file), "{file} is lab code");
        }
    }

    #[test]
    fn names_tell_when_there_are_no_lines() {
        assert!(is_lab_name("raft::log::Log::append"), "a function of lab code");
        assert!(is_lab_name("<raft::Raft as labapi::Raft>::start"), "a method of lab code");
        assert!(!is_lab_name("<std::sync::Mutex<T> as Drop>::drop"), "a method of std");
        assert!(!is_lab_name("malloc"), "a function of C");
    }

    #[test]
    fn a_place_is_told_from_the_workspace() {
        let root = workspace().expect("the build tells where the workspace is");
        assert_eq!(relative(&format!("{root}/raft/src/raft.rs")), "raft/src/raft.rs");
        assert_eq!(relative("/somewhere/else.rs"), "/somewhere/else.rs");
    }
}
