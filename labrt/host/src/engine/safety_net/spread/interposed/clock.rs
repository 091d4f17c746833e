//! std's clocks and sleep inside a virtual run: virtual time, and a finding.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::time::Duration;

use super::system;
use crate::Place;
use crate::engine::state::{Engine, STEP_COST_NANOS};

/// What std's clocks say when a run begins: a day in November 2023, 1000 seconds after booting.
const DAY_SECONDS: i64 = 1_700_000_000;
const UPTIME_SECONDS: i64 = 1_000;

const INSTANT: (&str, &str) = ("std::time::Instant::now", "labrt::time::Instant::now");
const SYSTEM_TIME: (&str, &str) = ("std::time::SystemTime::now", "labrt::time::Instant::now");
const SLEEP: (&str, &str) = ("std::thread::sleep", "labrt::thread::sleep");

pub(super) fn defined() -> usize {
    clock_gettime as *const () as usize
        ^ nanosleep as *const () as usize
        ^ clock_nanosleep as *const () as usize
}

/// What a clock says at the start of a run; `None` for clocks that measure something else.
fn origin_seconds(clock: libc::clockid_t) -> Option<i64> {
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => Some(DAY_SECONDS),
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_BOOTTIME => Some(UPTIME_SECONDS),
        _ => None, // CPU time
    }
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
    if let (Some(engine), Some(origin_seconds)) = (super::caught(), origin_seconds(clock)) {
        let now = Duration::from_nanos(look_at_the_clock(engine, clock));
        // SAFETY: the caller's, as libc's.
        unsafe {
            (*time).tv_sec = origin_seconds + now.as_secs() as i64;
            (*time).tv_nsec = i64::from(now.subsec_nanos());
        }
        return 0;
    }
    // SAFETY: passed on as it came.
    unsafe { system::clock_gettime()(clock, time) }
}

fn look_at_the_clock(engine: &Engine, clock: libc::clockid_t) -> u64 {
    if engine.current_uid() != 0 {
        let (call, instead) = match origin_seconds(clock) {
            Some(DAY_SECONDS) => SYSTEM_TIME,
            _ => INSTANT,
        };
        // No step, but time passes: a loop that looks at the clock until it is late must end.
        if super::record(engine, call, instead) {
            engine.with(|s| s.now += STEP_COST_NANOS);
        }
    }
    engine.now_nanos()
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn nanosleep(time: *const libc::timespec, left: *mut libc::timespec) -> c_int {
    if let Some(engine) = super::caught_lab_thread() {
        // SAFETY: the caller's, as libc's.
        sleep(engine, duration_of(unsafe { *time }));
        return 0;
    }
    // SAFETY: passed on as it came.
    unsafe { system::nanosleep()(time, left) }
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_nanosleep(
    clock: libc::clockid_t,
    flags: c_int,
    time: *const libc::timespec,
    left: *mut libc::timespec,
) -> c_int {
    if let (Some(engine), Some(origin_seconds)) =
        (super::caught_lab_thread(), origin_seconds(clock))
    {
        // SAFETY: the caller's, as libc's.
        let mut duration = duration_of(unsafe { *time });
        if flags & libc::TIMER_ABSTIME != 0 {
            let begin = Duration::from_secs(origin_seconds as u64);
            let now = begin + Duration::from_nanos(engine.now_nanos());
            duration = duration.saturating_sub(now);
        }
        sleep(engine, duration);
        return 0;
    }
    // SAFETY: passed on as it came.
    unsafe { system::clock_nanosleep()(clock, flags, time, left) }
}

fn duration_of(time: libc::timespec) -> Duration {
    let nanos = time.tv_nsec.clamp(0, 999_999_999) as u32;
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanos)
}

/// Sleeps in virtual time. A thread that is killed meanwhile is frozen: nothing may unwind through
/// C.
fn sleep(engine: &Engine, duration: Duration) {
    super::record(engine, SLEEP.0, SLEEP.1);
    if catch_unwind(AssertUnwindSafe(|| engine.sleep(duration, in_std()))).is_err() {
        engine.freeze();
    }
}

/// Where reports say that it sleeps: here, since lab code is not asked for its place by std. The
/// finding tells it.
#[track_caller]
fn in_std() -> Place {
    Location::caller()
}
