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
        let (message, at, backtrace) = match record {
            Some(record) => {
                (format!("{text}\nat {}", record.place), record.at, Some(record.backtrace))
            }
            None => (format!("{text}\nplace unknown: unwound without a panic"), thread.now(), None),
        };
        Failure {
            kind: FailureKind::Panic,
            thread: Some(thread.name().to_owned()),
            machine: thread.machine().map(|machine| machine.name().to_owned()),
            at,
            message,
            threads: Vec::new(),
            backtrace,
        }
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
    if thread.domain().is_dead() && !thread.is_dying() {
        return; // what it shared with the living has been taken away; it was about to die
    }
    let at = thread.now();
    let place = info.location().map_or("a place unknown".into(), ToString::to_string);
    // Before the backtrace: that may take longer than a run has left.
    let text = format!("thread '{}' panicked at {place}, at {at:?}", thread.name());
    thread.run().note_panic(thread.ordinal(), text);
    let record = PanicRecord { at, backtrace: backtraces::capture(), place };
    let Ok(mut last) = thread.panic.try_borrow_mut() else { return before(info) };
    let another = last.replace(record).is_some();
    drop(last);
    // A second one, while the first may be unwinding, may end the process before any outcome is
    // told: it must be seen now.
    if another || thread.is_dying() {
        before(info);
    }
}
