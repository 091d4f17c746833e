//! Which run when: each lane at its own width, then what stayed undecided, alone.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use lab_record::Order;
use rand::TryRng;

use crate::interrupt::interrupted;
use crate::plan::Run;
use crate::report::model::RunReport;
use crate::verdict::{judge, not_started};
use crate::worker::Workshop;

/// How often an undecided run is repeated.
const REPEATS_MAX: u32 = 3;

/// What is to be made at once, and how much of it.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    pub(crate) width: usize,
    pub(crate) tasks: Vec<T>,
}

/// Makes all runs and tells each result, in the order in which they end. What was not decided is
/// told again when it was repeated. Returns early when interrupted.
///
/// `make` gets a task and the number of the attempt; it says nothing when it was interrupted.
pub(crate) fn run_all<T: Clone + Sync>(
    lanes: &[Lane<T>],
    make: impl Fn(&T, u32) -> Option<RunReport> + Sync,
    mut tell: impl FnMut(&T, RunReport),
) {
    let mut undecided = Vec::new();
    for lane in lanes {
        in_parallel(
            lane,
            |task| make(task, 1),
            |task, result| {
                if !result.verdict.counts() {
                    undecided.push(task.clone());
                }
                tell(task, result);
            },
        );
    }
    for task in undecided {
        for attempt in 2..=REPEATS_MAX + 1 {
            let Some(result) = make(&task, attempt) else { return };
            let is_decided = result.verdict.counts();
            tell(&task, result);
            if is_decided {
                break;
            }
        }
    }
}

/// Does the tasks of a lane in their order, so many at once, until one of them says nothing.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    lane: &Lane<T>,
    work: impl Fn(&T) -> Option<R> + Sync,
    mut tell: impl FnMut(&T, R),
) {
    let waiting: Mutex<VecDeque<&T>> = Mutex::new(lane.tasks.iter().collect());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (results, inbox) = channel();
    std::thread::scope(|scope| {
        for number in 0..lane.width.min(lane.tasks.len()) {
            let results = results.clone();
            let (next, work) = (&next, &work);
            let one_by_one = move || {
                while let Some((task, result)) = next().and_then(|task| Some((task, work(task)?))) {
                    if results.send((task, result)).is_err() {
                        return;
                    }
                }
            };
            let again = one_by_one.clone();
            if std::thread::Builder::new().spawn_scoped(scope, one_by_one).is_err() {
                // The system refuses more threads: as many as there are do the work, or this one.
                if number == 0 {
                    again();
                }
                break;
            }
        }
        drop(results);
        inbox.into_iter().for_each(|(task, result)| tell(task, result));
    });
}

/// Makes one run. `None` when it was interrupted.
pub(crate) fn run_one(run: &Run, attempt: u32, workshop: &Workshop<'_>) -> Option<RunReport> {
    if interrupted() {
        return None;
    }
    let made = nonce().and_then(|nonce| {
        let order = Order::new(nonce, run.test.clone(), run.clock, run.seed);
        let ended = workshop.run(&order)?;
        Ok((order, ended))
    });
    match made {
        Ok((order, ended)) => {
            let judgement = judge(run, &order, &ended)?;
            Some(RunReport::new(run, attempt, judgement, ended.wall, ended.used.memory_bytes_max))
        }
        Err(error) => {
            let judgement = not_started(run, &error);
            Some(RunReport::new(run, attempt, judgement, std::time::Duration::ZERO, 0))
        }
    }
}

/// 128 bits that nobody can guess.
pub(crate) fn nonce() -> io::Result<String> {
    let mut bytes = [0; 16];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
