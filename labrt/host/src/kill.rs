//! How a lab thread is ended from outside.

use std::panic::resume_unwind;

/// The payload that unwinds a lab thread whose machine crashed or whose run is over.
pub(crate) struct Killed;

/// Unwinds the current lab thread. The panic hook does not run.
///
/// Inlined, as is what a killed thread usually waits in: the unwinder looks at each frame twice, and
/// starts anew after each that has something to clean up.
#[inline(always)]
pub(crate) fn die() -> ! {
    resume_unwind(Box::new(Killed))
}
