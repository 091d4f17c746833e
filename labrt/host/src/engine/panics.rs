//! Panics of lab threads under the virtual clock: the hook notes them, and they fail the run if
//! they end their thread.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::state::Engine;
use crate::backtraces;
use crate::dispatch;
use crate::failure::FailureKind;

/// What the hook saw of a panic.
pub(crate) struct PanicRecord {
    message: String,
    backtrace: String,
}

/// Installs the hook, once for the process, before the hooks that were there.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match dispatch::engine() {
            Some(engine) if engine.current_uid() != 0 => on_panic(engine, info),
            _ => before(info),
        }));
    });
}

fn on_panic(engine: &Engine, info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic whose payload is no text");
    let place = info.location().map_or("a place unknown".to_owned(), ToString::to_string);
    let message = format!("{text}\nat {place}");
    let known = engine.with(|s| s.ending || s.running_is_killed() || s.running_panics());
    if known {
        // Clean-up code of a thread that is ending anyway. A second panic in one unwinding ends
        // the process, so it must be seen now.
        eprintln!("a lab thread panicked while it was being ended: {message}");
        return;
    }
    let backtrace = super::safety_net::framework(backtraces::capture);
    let record = Box::new(PanicRecord { message, backtrace });
    engine.with(|s| {
        let running = s.running as usize;
        s.tasks[running].panic = Some(record);
        s.attention = true;
    });
}

/// The running task is over, or can not go on, because of its panic.
pub(crate) fn ended_by_panic() {
    let Some(engine) = dispatch::engine() else { return };
    let record = engine.with(|s| {
        let running = s.running as usize;
        s.tasks.get_mut(running).and_then(|task| task.panic.take())
    });
    if let Some(record) = record {
        engine.set_failure(FailureKind::Panic, record.message, Some(record.backtrace));
    }
}
