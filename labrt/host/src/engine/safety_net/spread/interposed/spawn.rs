//! `std::thread::spawn` inside a virtual run: fails it.

use std::ffi::{c_int, c_void};

use super::framework;
use super::system::{self, Start};
use crate::backtraces;
use crate::engine::state::Engine;
use crate::failure::FailureKind;

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    if let Some(engine) = super::caught_lab_thread() {
        refuse(engine);
    }
    // SAFETY: passed on as it came.
    unsafe { system::pthread_create()(thread, attributes, start, argument) }
}

pub(super) fn defined() -> usize {
    pthread_create as *const () as usize
}

/// Fails the run and freezes the thread. With an error code instead it would panic on, beside the
/// point, in what is left of the run.
fn refuse(engine: &Engine) -> ! {
    let (place, backtrace) = framework(|| {
        let mut addresses = [0; 256];
        let count = backtraces::addresses_here(&mut addresses);
        let frames = backtraces::lab_frames(&addresses[..count]);
        let place = backtraces::frame_to_name(&frames).map(|frame| frame.place.clone());
        (place, backtraces::in_lines(&frames))
    });
    let place = place.unwrap_or_else(|| "a line unknown".to_owned());
    let message = format!(
        "std::thread::spawn at {place}: use labrt::thread::spawn\n\
        a thread outside labrt has neither the run's clock nor its seed, and no crash ends it"
    );
    engine.set_failure(FailureKind::ForeignThread, message, Some(backtrace));
    engine.freeze()
}
