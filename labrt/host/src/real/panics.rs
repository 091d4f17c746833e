//! Panics of lab threads: seen by the process's panic hook, reported by the thread that ends.

use std::any::Any;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::time::Duration;

use super::thread::RealThread;
use crate::backtraces;
use crate::dispatch::{Current, current};
use crate::failure::{Failure, FailureKind};

/// What the hook saw of a panic.
pub(super) struct PanicRecord {
    text: String,
    place: String,
    at: Duration,
    backtrace: String,
}

impl PanicRecord {
    /// The failure of a panic that ended `thread`. `record` is `None` if no hook ran, which is so
    /// after `resume_unwind`.
    pub(super) fn into_failure(
        record: Option<Self>,
        thread: &RealThread,
        payload: &(dyn Any + Send),
    ) -> Failure {
        let text = payload_text(payload);
        match record {
            Some(record) => {
                let message = format!("{text}\nat {}", record.place);
                Failure { backtrace: Some(record.backtrace), ..failure(thread, record.at, message) }
            }
            None => {
                let message = format!("{text}\nplace unknown: unwound without a panic");
                failure(thread, thread.now(), message)
            }
        }
    }

    /// Whether it is the panic that threw `payload`, as far as their texts tell.
    pub(super) fn is_of(&self, payload: &(dyn Any + Send)) -> bool {
        self.text == payload_text(payload)
    }
}

fn failure(thread: &RealThread, at: Duration, message: String) -> Failure {
    Failure {
        thread: Some(thread.name().to_owned()),
        machine: thread.machine().map(|machine| machine.name().to_owned()),
        at,
        ..Failure::of_the_run(FailureKind::Panic, message)
    }
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic whose payload is no text")
}

/// Installs the hook once for the process. It acts for lab threads under the real clock, whose
/// panics the run's outcome tells, and leaves all others to the hook before it.
pub(super) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match current() {
            Current::Real(thread) => on_panic(thread, info, &before),
            _ => before(info),
        }));
    });
}

fn on_panic(thread: &RealThread, info: &PanicHookInfo<'_>, before: &dyn Fn(&PanicHookInfo<'_>)) {
    if thread.domain().is_dead() {
        // What it shared with the living has been taken away; it was about to die. A destructor's
        // panic may end the process, so it must be seen now.
        if thread.is_dying() {
            before(info);
        }
        return;
    }
    let at = thread.now();
    let text = payload_text(info.payload()).to_owned();
    let place = info.location().map_or("a place unknown".into(), ToString::to_string);
    // Before the backtrace: that may take longer than a run has left.
    let has_not_ended = "the thread has not ended since";
    let message = format!("{text}\nat {place}\n{has_not_ended}");
    thread.run().note_panic(thread.ordinal(), failure(thread, at, message));
    let record = PanicRecord { at, backtrace: backtraces::capture(), place, text };
    let another = thread.keep_panic(record);
    // A second one, while the first may be unwinding, may end the process before any outcome is
    // told: it must be seen now.
    if another {
        before(info);
    }
}
