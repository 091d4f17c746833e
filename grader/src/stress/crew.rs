//! Who makes the runs: under the virtual clock a few processes that make many each, under the real
//! one a process a run.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lab_record::{Clock, Outcome, Record};

use super::alone::{Alone, run_alone};
use super::stream::{AHEAD, Lost, Stream};
use crate::interrupt::interrupted;
use crate::plan::Run;
use crate::report::model::hash_text;
use crate::verdict::{Verdict, clean};
use crate::worker::Workshop;

/// What became of one run.
#[derive(Debug)]
pub(super) enum Made {
    Passed(Run),
    /// Not passed, in a process of its own.
    Other(Box<Alone>),
    /// Failed among others, and went another way in a process of its own.
    Unconfirmed(Box<Unconfirmed>),
}

/// Two tales of one run.
#[derive(Debug)]
pub(super) struct Unconfirmed {
    /// The text of the failure among others.
    pub(super) text: String,
    pub(super) event_hash: Option<String>,
    pub(super) alone: Alone,
}

/// Makes the runs, as many at once as `width` says, and tells of each, in the order in which they
/// end. `tell` says whether to go on. An error means that no process can be started.
///
/// A run of `runs` is a list: under the real clock what one lane makes, one after the other.
pub(super) fn make_all(
    runs: impl Iterator<Item = Vec<Run>> + Send,
    width: usize,
    clock: Clock,
    workshop: &Workshop<'_>,
    mut tell: impl FnMut(Made) -> bool,
) -> std::io::Result<()> {
    let runs = Mutex::new(Some(runs));
    let next = || {
        if interrupted() {
            return None;
        }
        lock(&runs).as_mut().and_then(Iterator::next)
    };
    let (results, inbox) = channel();
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..width {
            let (results, next) = (results.clone(), &next);
            let work = move || match clock {
                Clock::Virtual => in_streams(next, workshop, &results),
                Clock::Real => one_by_one(next, workshop, &results),
            };
            match std::thread::Builder::new().spawn_scoped(scope, work) {
                Ok(worker) => workers.push(worker),
                Err(refusal) if workers.is_empty() => return Err(refusal),
                Err(_) => break, // so many do as well
            }
        }
        drop(results);
        for made in inbox {
            if !tell(made) {
                *lock(&runs) = None;
            }
        }
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn one_by_one(
    next: impl Fn() -> Option<Vec<Run>>,
    workshop: &Workshop<'_>,
    results: &Sender<Made>,
) -> std::io::Result<()> {
    while let Some(lane) = next() {
        for run in lane {
            if !alone(run, workshop, results) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn in_streams(
    next: impl Fn() -> Option<Vec<Run>>,
    workshop: &Workshop<'_>,
    results: &Sender<Made>,
) -> std::io::Result<()> {
    let mut stream = Stream::start(workshop)?;
    loop {
        while stream.open_count() < AHEAD && !stream.is_worn() {
            match next() {
                Some(runs) => runs.into_iter().try_for_each(|run| stream.ask(run))?,
                None => break,
            }
        }
        if stream.open_count() == 0 {
            let is_worn = stream.is_worn();
            stream.end();
            if !is_worn {
                return Ok(());
            }
            stream = Stream::start(workshop)?;
            continue;
        }
        match stream.answer() {
            Ok((run, record)) => {
                if !told(run, &record, workshop, results) {
                    stream.end();
                    return Ok(());
                }
            }
            Err(Lost::Interrupted) => {
                stream.end();
                return Ok(());
            }
            Err(Lost::Process) => {
                // One of them was too much for it; each alone shows which, and why.
                for run in stream.end() {
                    if !alone(run, workshop, results) {
                        return Ok(());
                    }
                }
                stream = Stream::start(workshop)?;
            }
        }
    }
}

/// Tells of a run made alone. `false`: interrupted, or nobody listens.
fn alone(run: Run, workshop: &Workshop<'_>, results: &Sender<Made>) -> bool {
    let Some(alone) = run_alone(&run, workshop) else { return false };
    let made = match alone.report.verdict {
        Verdict::Pass => {
            forget_trace(&alone);
            Made::Passed(run)
        }
        _ => Made::Other(Box::new(alone)),
    };
    results.send(made).is_ok()
}

/// Tells of a run made among others; what did not pass is made again alone, and counts only if it
/// goes the same way.
fn told(run: Run, record: &Record, workshop: &Workshop<'_>, results: &Sender<Made>) -> bool {
    if record.finding.outcome == Outcome::Pass {
        return results.send(Made::Passed(run)).is_ok();
    }
    let Some(alone) = run_alone(&run, workshop) else { return false };
    let finding = &record.finding;
    let event_hash = finding.event_hash.map(hash_text);
    let is_failure = matches!(finding.outcome, Outcome::Fail | Outcome::Aborted);
    let is_same = event_hash.is_some()
        && alone.report.event_hash == event_hash
        && alone.report.verdict != Verdict::Pass;
    let made = match alone.report.verdict {
        _ if is_failure && !is_same => {
            let text = clean(&finding.message);
            Made::Unconfirmed(Box::new(Unconfirmed { text, event_hash, alone }))
        }
        Verdict::Pass => {
            forget_trace(&alone);
            Made::Passed(run)
        }
        _ => Made::Other(Box::new(alone)),
    };
    results.send(made).is_ok()
}

/// The trace of a run that passed is of no use to anybody.
pub(super) fn forget_trace(alone: &Alone) {
    if let Some(trace) = &alone.trace {
        let _ = std::fs::remove_file(trace); // goes with the scratch folder at the latest
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
