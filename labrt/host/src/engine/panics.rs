//! Panics of lab threads under the virtual clock: the hook notes them, and they fail the run if
//! they end their thread.

use std::any::Any;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::safety_net;
use super::state::Engine;
use crate::backtraces;
use crate::dispatch;
use crate::failure::FailureKind;

/// What the hook saw of a panic.
pub(crate) struct PanicRecord {
    text: String,
    message: String,
    backtrace: String,
}

/// Of so many panics without a scheduling point between them the records are kept.
const RECORDS_MAX: usize = 8;

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
    let text = payload_text(info.payload());
    let place = info.location().map_or("a place unknown".to_owned(), ToString::to_string);
    let message = format!("{text}\nat {place}");
    let (ending, another) =
        engine.with(|s| (s.ending || s.running_is_killed(), s.running_panics()));
    if ending || another {
        // Clean-up code, perhaps. A second panic in one unwinding ends the process, so it must be
        // seen now.
        eprintln!("a lab thread panicked while it was being ended: {message}");
    }
    if ending {
        return;
    }
    let backtrace = safety_net::framework(backtraces::capture);
    let record = PanicRecord { text: text.to_owned(), message, backtrace };
    engine.with(|s| {
        let panics = &mut s.tasks[s.running as usize].panics;
        if panics.len() == RECORDS_MAX {
            panics.remove(0);
        }
        panics.push(record);
        s.attention = true;
    });
    // Reading the line tables may have taken long.
    engine.heartbeat.sign_of_life();
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic whose payload is no text")
}

/// The running task is over because of a panic with this payload.
pub(crate) fn ended_by(payload: &(dyn Any + Send)) {
    let text = payload_text(payload);
    let Some(engine) = dispatch::engine() else { return };
    let (panics, inert) = engine.with(|s| {
        let panics =
            s.tasks.get_mut(s.running as usize).map(|task| std::mem::take(&mut task.panics));
        (panics.unwrap_or_default(), s.is_inert())
    });
    if inert {
        return;
    }
    // Those that were caught have left their records too, if no scheduling point came since.
    let (message, backtrace) = match panics.into_iter().rfind(|record| record.text == text) {
        Some(record) => (record.message, Some(record.backtrace)),
        // It was caught, and thrown again later.
        None => (format!("{text}\nplace unknown: unwound without a panic"), None),
    };
    engine.set_failure(FailureKind::Panic, message, backtrace);
}

/// The running task can not go on, because it would have to wait while a panic unwinds it.
pub(crate) fn stopped_in_panic() {
    let Some(engine) = dispatch::engine() else { return };
    let record =
        engine.with(|s| s.tasks.get_mut(s.running as usize).and_then(|task| task.panics.pop()));
    if let Some(record) = record {
        engine.set_failure(FailureKind::Panic, record.message, Some(record.backtrace));
    }
}
