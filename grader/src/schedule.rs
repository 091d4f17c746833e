//! Which run when: each lane at its own width, then what stayed undecided, alone.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use lab_record::Order;
use rand::TryRng;

use crate::interrupt::interrupted;
use crate::plan::{Lane, Run};
use crate::report::model::RunReport;
use crate::verdict::{judge, not_started};
use crate::worker::Workshop;

/// How often an undecided run is repeated.
const REPEATS_MAX: u32 = 3;

/// Makes all runs and tells each result, in the order in which they end. What was not decided is
/// told again when it was repeated. Returns early when interrupted.
pub(crate) fn run_all(lanes: &[Lane], workshop: &Workshop<'_>, mut tell: impl FnMut(RunReport)) {
    let mut undecided = Vec::new();
    for lane in lanes {
        run_lane(lane, workshop, |result| {
            if !result.verdict.counts() {
                undecided.push(result.run());
            }
            tell(result);
        });
    }
    for run in undecided {
        for attempt in 2..=REPEATS_MAX + 1 {
            let Some(result) = run_one(&run, attempt, workshop) else { return };
            let is_decided = result.verdict.counts();
            tell(result);
            if is_decided {
                break;
            }
        }
    }
}

fn run_lane(lane: &Lane, workshop: &Workshop<'_>, mut tell: impl FnMut(RunReport)) {
    let waiting: Mutex<VecDeque<&Run>> = Mutex::new(lane.runs.iter().collect());
    let (results, inbox) = channel();
    std::thread::scope(|scope| {
        for _ in 0..lane.width.min(lane.runs.len()) {
            let results = results.clone();
            scope.spawn(|| work(&waiting, workshop, results));
        }
        drop(results);
        inbox.into_iter().for_each(&mut tell);
    });
}

fn work(waiting: &Mutex<VecDeque<&Run>>, workshop: &Workshop<'_>, results: Sender<RunReport>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(result) = next.and_then(|run| run_one(run, 1, workshop)) else { return };
        if results.send(result).is_err() {
            return;
        }
    }
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
            Some(RunReport::new(run, attempt, judgement, ended.wall, ended.memory_bytes_max))
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
