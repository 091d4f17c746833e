//! The system's random numbers inside a virtual run: decided by its seed.
//!
//! std seeds its `HashMap`s from here, and so do the usual generators (`rand`, `getrandom`), so
//! that the same seed gives the same run although lab code iterates a map or draws from one of
//! them. Out of reach: a generator that was seeded before the run or by another one, and one that
//! mixes in the OS thread's number, as `fastrand` does.

use std::ffi::{c_uint, c_void};

use rand::Rng;

use super::system;

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, flags: c_uint) -> isize {
    // SAFETY: the caller's, as libc's.
    match unsafe { fill(buffer, length) } {
        Some(filled) => filled as isize,
        // SAFETY: passed on as it came.
        None => unsafe { system::getrandom()(buffer, length, flags) },
    }
}

pub(super) fn defined() -> usize {
    getrandom as *const () as usize
}

/// Fills the buffer from the run's stream; `None` outside one. The framework's own draws count
/// too: whoever asks first on an OS thread decides about std's keys there.
///
/// # Safety
/// The buffer must be as long as it says; unless the length is zero, which asks only whether
/// there are random numbers at all.
unsafe fn fill(buffer: *mut c_void, length: usize) -> Option<usize> {
    let engine = crate::dispatch::engine()?;
    if !super::SPREAD.load(std::sync::atomic::Ordering::Relaxed) {
        return None;
    }
    if length != 0 {
        let mut entropy = engine.net.entropy.try_borrow_mut().ok()?;
        // SAFETY: passed on to the caller; the buffer is written before it is read, as bytes.
        let bytes = unsafe {
            std::ptr::write_bytes(buffer.cast::<u8>(), 0, length);
            std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
        };
        entropy.fill_bytes(bytes);
    }
    Some(length)
}
