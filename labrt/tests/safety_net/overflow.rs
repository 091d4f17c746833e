//! Stack overflow.

use std::hint::black_box;

use labrt::thread;
use labrt_host::{Backend, FailureKind, Limits, RunConfig, run};

use crate::common::{assert_names, in_child, is_child};

const DEEP: u64 = 1 << 40;

#[inline(never)]
fn depth_of(levels: u64) -> u64 {
    if levels == 0 { 0 } else { black_box(depth_of(black_box(levels - 1))) + 1 }
}
/// The line of the recursion above.
const RECURSION: u32 = line!() - 3;

fn config(backend: Backend) -> RunConfig {
    let limits = Limits { stack_bytes: 256 << 10, ..Limits::default() };
    RunConfig::virtual_time(1).backend(backend).limits(limits)
}

#[test]
fn a_deep_recursion_that_ends_is_let_alone() {
    let outcome = run(&config(Backend::Coroutines), || depth_of(200));
    assert_eq!(outcome.unwrap(), 200, "it had room enough");
}

#[test]
fn a_recursion_without_end_fails_the_run_and_the_process_goes_on() {
    for _ in 0..20 {
        let outcome = run(&config(Backend::Coroutines), || {
            let overflowing = thread::Builder::new().name("overflowing".to_owned());
            overflowing.spawn(|| depth_of(DEEP)).expect("it starts").join().ok();
        });
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::StackOverflow, "{failure}");
        assert_names(&failure, "overflowing", &format!("{}:{RECURSION}", file!()));
        let backtrace = failure.backtrace.unwrap_or_default();
        assert!(backtrace.contains("times)"), "the recursion is folded: {backtrace}");
    }
    assert_eq!(run(&config(Backend::Coroutines), || depth_of(200)).unwrap(), 200, "the next run");
}

/// Boxes, so that the deepest call is one of malloc's.
#[inline(never)]
fn boxed_depth_of(levels: u64) -> Box<u64> {
    if levels == 0 {
        Box::new(0)
    } else {
        let more = Box::new(levels);
        Box::new(*black_box(boxed_depth_of(*more - 1)) + *more)
    }
}
/// The line of the recursion above.
const BOXED_RECURSION: u32 = line!() - 4;

/// The stack may end in malloc, under its lock: then the process can not go on.
#[test]
fn a_recursion_that_allocates_names_its_line_before_the_process_ends() {
    const NAME: &str =
        "overflow::a_recursion_that_allocates_names_its_line_before_the_process_ends";
    if is_child(NAME) {
        run(&config(Backend::Coroutines), || boxed_depth_of(DEEP)).unwrap();
        return;
    }
    let output = in_child(NAME, &[]);
    assert!(!output.status.success(), "the run failed, one way or the other");
    let text = String::from_utf8_lossy(&output.stderr);
    let place = format!("at {}:", file!());
    for part in ["seed 1 under the Virtual clock", "stack overflow, thread 'main'", &place] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let named = (BOXED_RECURSION - 1..=BOXED_RECURSION + 2)
        .any(|line| text.contains(&format!("used up {place}{line}")));
    assert!(named, "lines from {BOXED_RECURSION} on: {text}");
}

#[test]
fn an_overflow_of_an_os_thread_ends_the_process_with_stds_message() {
    const NAME: &str = "overflow::an_overflow_of_an_os_thread_ends_the_process_with_stds_message";
    if is_child(NAME) {
        run(&config(Backend::OsThreads), || depth_of(DEEP)).unwrap();
        return;
    }
    let output = in_child(NAME, &[]);
    assert!(!output.status.success(), "the process died");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("has overflowed its stack"), "and says of what: {text}");
}

#[test]
fn a_fault_that_is_no_overflow_still_ends_the_process() {
    const NAME: &str = "overflow::a_fault_that_is_no_overflow_still_ends_the_process";
    if is_child(NAME) {
        // SAFETY: none; the fault is the point, and the process is this test's own.
        run(&config(Backend::Coroutines), || unsafe { black_box(8 as *const u8).read_volatile() })
            .unwrap();
        return;
    }
    use std::os::unix::process::ExitStatusExt;
    let output = in_child(NAME, &[]);
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "it died of the fault itself");
}
