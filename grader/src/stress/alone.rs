//! One run in a process of its own, with its trace: what a failure is taken from.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use lab_record::Clock;

use crate::interrupt::interrupted;
use crate::plan::Run;
use crate::report::model::RunReport;
use crate::schedule::nonce;
use crate::verdict::{judge, not_started};
use crate::worker::{Output, Workshop};

/// What is known of a run made alone.
#[derive(Debug)]
pub(crate) struct Alone {
    pub(crate) report: RunReport,
    /// All that it printed, or the beginning and the end.
    pub(crate) output: Output,
    /// Its events, a line each; only under the virtual clock. Removed with the scratch folder.
    pub(crate) trace: Option<PathBuf>,
}

static TRACES: AtomicU64 = AtomicU64::new(0);

/// Makes the run. `None` when it was interrupted.
pub(crate) fn run_alone(run: &Run, workshop: &Workshop<'_>) -> Option<Alone> {
    if interrupted() {
        return None;
    }
    let number = TRACES.fetch_add(1, Ordering::Relaxed);
    let trace = (run.clock == Clock::Virtual).then(|| format!("trace-{number}"));
    let made = nonce().and_then(|nonce| {
        let order = workshop.order(nonce, run);
        let order = match &trace {
            Some(file) => order.with_trace(file.clone()),
            None => order,
        };
        let ended = workshop.run(&order)?;
        Ok((order, ended))
    });
    let trace = trace.map(|file| workshop.scratch.join(file)).filter(|file| file.exists());
    match made {
        Ok((order, ended)) => {
            let judgement = judge(run, &order, &ended)?;
            let report = RunReport::new(run, 1, judgement, ended.wall, ended.used.memory_bytes_max);
            Some(Alone { report, output: ended.output, trace })
        }
        Err(error) => {
            let judgement = not_started(run, &error);
            let report = RunReport::new(run, 1, judgement, std::time::Duration::ZERO, 0);
            Some(Alone { report, output: Output::default(), trace })
        }
    }
}
