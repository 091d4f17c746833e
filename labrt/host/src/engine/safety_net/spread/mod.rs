//! The net, where there is one: watchdog, signals, and libc's symbols defined anew.
//!
//! `LABRT_SAFETY_NET=off` in the environment of the process takes it away.

mod given_up;
mod heartbeat;
mod interposed;
mod judge;
mod mailbox;
mod signals;
mod text_segment;
mod watchdog;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{GivenUp, Tell};
use crate::engine::state::Engine;

pub(crate) use heartbeat::Heartbeat;
pub(crate) use interposed::Net;
pub(crate) use signals::SignalStack;

/// Whether the net is there.
static SPREAD: AtomicBool = AtomicBool::new(false);

thread_local! {
    static FRAMEWORK: Cell<u32> = const { Cell::new(0) };
}

/// Runs `f` as the framework's own work, to which the net does not apply.
pub(crate) fn framework<R>(f: impl FnOnce() -> R) -> R {
    struct Left;
    impl Drop for Left {
        fn drop(&mut self) {
            FRAMEWORK.set(FRAMEWORK.get() - 1);
        }
    }
    FRAMEWORK.set(FRAMEWORK.get() + 1);
    let _left = Left;
    f()
}

fn in_framework() -> bool {
    FRAMEWORK.try_with(|depth| depth.get() != 0).unwrap_or(true)
}

/// Prepares the process, once.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("LABRT_SAFETY_NET").is_some_and(|value| value == "off") {
            return;
        }
        interposed::install();
        text_segment::find();
        signals::install();
        SPREAD.store(watchdog::start(), Ordering::Relaxed);
    });
}

/// Watches a run until dropped.
pub(crate) struct Watched {
    heartbeat: Option<Arc<Heartbeat>>,
    _signal_stack: SignalStack,
}

/// Watches the run of `engine`, whose loop runs on the calling OS thread.
pub(crate) fn begin(engine: &Engine, tell: Tell) -> Watched {
    if !SPREAD.load(Ordering::Relaxed) {
        return Watched { heartbeat: None, _signal_stack: SignalStack::none() };
    }
    interposed::begin();
    my_turn(engine);
    framework(|| watchdog::watch(engine, tell));
    Watched { heartbeat: Some(engine.heartbeat.clone()), _signal_stack: SignalStack::begin() }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(heartbeat) = &self.heartbeat {
            framework(|| {
                watchdog::forget(heartbeat);
                heartbeat.watch_nobody();
            });
        }
    }
}

/// From now on the calling OS thread is the one that takes the run's steps.
pub(crate) fn my_turn(engine: &Engine) {
    if SPREAD.load(Ordering::Relaxed) {
        framework(|| engine.heartbeat.watch_this_thread());
    }
}
