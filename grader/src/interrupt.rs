//! Ctrl-C: noticed, so that children are ended and the table so far is printed.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the grading was asked to end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// From now on SIGINT, SIGTERM and SIGHUP only set [`interrupted`]. Children start with the
/// default again.
#[cfg(unix)]
pub(crate) fn watch() {
    extern "C" fn note(_signal: libc::c_int) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
    let handler = note as extern "C" fn(libc::c_int);
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler only stores to an atomic, which is async-signal-safe, and has the
        // signature that `signal` asks for.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

/// Nothing to watch: the default action ends the grading.
#[cfg(not(unix))]
pub(crate) fn watch() {}
