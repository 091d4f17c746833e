//! Which clock the current OS thread is under: the one pointer every face looks at.
//!
//! A labrt operation asks [`current`] once and goes one of three ways: straight to parking_lot,
//! crossbeam or std (outside any run), through the real clock's machine checks, or into the
//! virtual-time engine. The pointer is const-initialised, so asking costs one thread-local load.

use std::cell::Cell;

use crate::engine::Engine;
use crate::real::RealThread;

/// Where the current OS thread stands.
#[derive(Clone, Copy)]
pub enum Current<'a> {
    /// In no run: labrt is parking_lot, crossbeam-channel and std.
    Outside,
    /// A lab thread under the real clock.
    Real(&'a RealThread),
    /// A lab thread, or the scheduler itself, under the virtual clock.
    Virtual(&'a Engine),
}

#[derive(Clone, Copy)]
enum Slot {
    Outside,
    Real(*const RealThread),
    Virtual(*const Engine),
}

thread_local! {
    static SLOT: Cell<Slot> = const { Cell::new(Slot::Outside) };
}

/// Where the current OS thread stands.
///
/// The reference must not be kept across anything that lets another lab thread run: ask again.
#[inline(always)]
pub fn current<'a>() -> Current<'a> {
    // A thread whose locals are being destroyed is in no run any more.
    match SLOT.try_with(Cell::get).unwrap_or(Slot::Outside) {
        Slot::Outside => Current::Outside,
        // SAFETY: `Entered` cleared the slot before the thread's record could be freed.
        Slot::Real(thread) => Current::Real(unsafe { &*thread }),
        // SAFETY: as above; the engine outlives the OS threads that run its tasks.
        Slot::Virtual(engine) => Current::Virtual(unsafe { &*engine }),
    }
}

/// The engine of the current OS thread, if it is under the virtual clock.
#[inline(always)]
pub fn engine<'a>() -> Option<&'a Engine> {
    match current() {
        Current::Virtual(engine) => Some(engine),
        _ => None,
    }
}

/// Restores what the current OS thread was under before, when dropped.
pub(crate) struct Entered(Slot);

impl Entered {
    /// Puts the current OS thread under the virtual clock.
    ///
    /// # Safety
    /// `engine` must outlive the returned guard.
    pub(crate) unsafe fn virtual_time(engine: *const Engine) -> Self {
        Self(SLOT.replace(Slot::Virtual(engine)))
    }

    /// Makes the current OS thread a lab thread under the real clock.
    ///
    /// # Safety
    /// `thread` must outlive the returned guard.
    pub(crate) unsafe fn real_time(thread: *const RealThread) -> Self {
        Self(SLOT.replace(Slot::Real(thread)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        SLOT.set(self.0);
    }
}
