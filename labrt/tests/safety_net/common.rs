//! Lines, child processes, and short limits.

use std::process::{Command, Output};
use std::time::Duration;

use labrt_host::{Backend, Failure, Limits, RunConfig};

/// The name of the test whose program this process is to run.
const CHILD: &str = "LABRT_TEST_CHILD";

pub(crate) const STUCK: Duration = Duration::from_millis(250);

/// `file:line` of the line `below` this one, as the net writes it.
macro_rules! place {
    ($below:expr) => {
        format!("{}:{}", file!(), line!() + $below)
    };
}
pub(crate) use place;

/// A run that is soon found stuck.
pub(crate) fn config(seed: u64) -> RunConfig {
    RunConfig::virtual_time(seed).limits(Limits { stuck: STUCK, ..Limits::default() })
}

pub(crate) fn both_backends() -> [Backend; 2] {
    [Backend::Coroutines, Backend::OsThreads]
}

/// The failure is this thread's, and its message names this place.
pub(crate) fn assert_names(failure: &Failure, thread: &str, place: &str) {
    assert_names_lines(failure, thread, place, 1);
}

/// As [`assert_names`], for a statement of so many lines: any of them will do.
pub(crate) fn assert_names_lines(failure: &Failure, thread: &str, place: &str, lines: u32) {
    assert_eq!(failure.thread.as_deref(), Some(thread), "the thread in\n{failure}");
    assert_names_place(failure, place, lines);
}

/// The message names one of so many lines from this place on.
pub(crate) fn assert_names_place(failure: &Failure, place: &str, lines: u32) {
    let (file, first) = place.rsplit_once(':').expect("a place is file:line");
    let first: u32 = first.parse().expect("a line is a number");
    let named = failure.message.split_whitespace().any(|word| {
        let word = word.trim_end_matches([',', ':', ';']);
        (first..first + lines).any(|line| word == format!("{file}:{line}"))
            || word.starts_with(&format!("{file}:{first}:")) // with a column
    });
    assert!(named, "{place} or the {lines} lines from there are named in\n{failure}");
}

/// Whether this process was started by [`in_child`] to run the program of this test.
pub(crate) fn is_child(test: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|child| child == test)
}

/// Runs the test of this name in a process of its own.
pub(crate) fn in_child(test: &str, environment: &[(&str, &str)]) -> Output {
    let program = std::env::current_exe().expect("a test knows its own path");
    Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .envs(environment.iter().copied())
        .output()
        .expect("the test's own program can be started")
}

/// What a child has printed after `key=`.
pub(crate) fn printed<'a>(output: &'a str, key: &str) -> &'a str {
    let line = output.lines().find_map(|line| line.split_once(key)?.1.strip_prefix('='));
    line.unwrap_or_else(|| panic!("no {key} in\n{output}"))
}
