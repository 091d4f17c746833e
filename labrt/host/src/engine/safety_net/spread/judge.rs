//! What the return addresses of a thread mean: which code it is in, whether it may be stopped.

use std::collections::HashMap;

use super::text_segment;
use crate::backtraces::{self, LabFrame};

/// Parts of names of functions that hold locks which others need: what is printed, symbol tables.
const HOLD_LOCKS: [&str; 4] = ["std::io::", "std::backtrace", "backtrace::", "parking_lot"];
/// The same by file: line tables alone tell no path for a function that was inlined.
const HOLD_LOCKS_FILES: [&str; 3] = ["/library/std/src/io/", "/backtrace-", "/parking_lot"];

/// Where a thread is.
pub(super) struct Seen {
    addresses: Vec<usize>,
    /// It is not the engine that runs, or has called what runs: the engine's state is whole.
    pub(super) engine_is_whole: bool,
    /// It reads or writes as std does: a stdout that nobody reads for a while is no mistake.
    pub(super) in_std_io: bool,
    /// It holds no lock that others need, malloc's least of all.
    pub(super) may_stop: bool,
}

impl Seen {
    /// The calls in lab code, innermost first.
    pub(super) fn frames(&self) -> Vec<LabFrame> {
        backtraces::lab_frames(&self.addresses)
    }
}

/// Looks at addresses, and remembers what it has found there: a thread that loops is asked often,
/// and is found at the same few.
#[derive(Default)]
pub(super) struct Judge(HashMap<usize, Functions>);

/// What is known of the functions at an address, inlined ones included.
#[derive(Clone, Copy, Default)]
struct Functions {
    /// Whether the innermost that works for itself is the engine's.
    in_engine: Option<bool>,
    in_std_io: bool,
    holds_a_lock: bool,
}

impl Judge {
    pub(super) fn look(&mut self, addresses: Vec<usize>) -> Seen {
        let functions: Vec<_> = addresses.iter().map(|address| self.at(*address)).collect();
        let is_foreign = |address: &usize| !text_segment::is_own(address.wrapping_sub(1));
        let in_a_library = without_the_threads_own(&addresses).iter().any(is_foreign);
        let in_engine = functions.iter().find_map(|functions| functions.in_engine);
        Seen {
            engine_is_whole: in_engine == Some(false),
            in_std_io: functions.iter().any(|functions| functions.in_std_io),
            may_stop: !in_a_library && !functions.iter().any(|functions| functions.holds_a_lock),
            addresses,
        }
    }

    fn at(&mut self, address: usize) -> Functions {
        *self.0.entry(address).or_insert_with(|| Functions::at(address))
    }
}

impl Functions {
    fn at(address: usize) -> Self {
        let mut found = Self::default();
        backtraces::each_symbol(address, |symbol| {
            let (name, file) = backtraces::name_and_file(symbol);
            found.in_engine = found.in_engine.or_else(|| is_engine(&name, &file));
            found.in_std_io |= name.contains(HOLD_LOCKS[0]) || file.contains(HOLD_LOCKS_FILES[0]);
            found.holds_a_lock |= HOLD_LOCKS.iter().any(|part| name.contains(part))
                || HOLD_LOCKS_FILES.iter().any(|part| file.contains(part));
        });
        found
    }
}

/// Whether the function may touch the engine's state; `None` for std and dependencies, which work
/// for either.
fn is_engine(name: &str, file: &str) -> Option<bool> {
    if backtraces::is_framework(name, file) {
        return Some(file.is_empty() || file.contains("labrt/host/src/engine/"));
    }
    backtraces::is_lab_code(name, file).then_some(false)
}

/// Without the outermost frames, in which the system starts every thread.
fn without_the_threads_own(addresses: &[usize]) -> &[usize] {
    let foreign = |address: &&usize| !text_segment::is_own(address.wrapping_sub(1));
    let outermost = addresses.iter().rev().take_while(foreign).count();
    match outermost == addresses.len() {
        true => addresses,
        false => &addresses[..addresses.len() - outermost],
    }
}
