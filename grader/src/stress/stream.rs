//! One battery process that makes many runs, one after the other, under the virtual clock.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use lab_record::{Clock, Order, RECORD_BYTES_MAX, Record, VARIABLE};

use crate::interrupt::interrupted;
use crate::plan::Run;
use crate::process::{Group, Pipes};
use crate::resources::Usage;
use crate::schedule::nonce;
use crate::worker::Workshop;

/// How many runs are asked for ahead: enough that the process never waits for the next order,
/// and few, since all of them are made again when it dies.
pub(super) const AHEAD: usize = 4;
/// After so many runs a process is replaced, so that nothing a submission leaves behind grows.
const RUNS_MAX: u32 = 1000;
/// And when it holds this share of the memory that one run may hold.
const MEMORY_SHARE: u64 = 4;
/// How long between two looks at the limits.
const LOOK: Duration = Duration::from_millis(50);

/// A process that takes orders.
pub(super) struct Stream<'a> {
    workshop: &'a Workshop<'a>,
    group: Group,
    way_in: ChildStdin,
    records: Receiver<Vec<u8>>,
    /// Bytes it has printed.
    printed: Arc<AtomicU64>,
    usage: Arc<Usage>,
    /// What was ordered and not answered yet.
    open: VecDeque<(Run, Order)>,
    answered: u32,
    since: Since,
}

/// What had been used when the run that goes on began.
struct Since {
    at: Instant,
    cpu: Duration,
    printed: u64,
}

/// Why there is no record of the next run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Interrupted,
    /// It died, reached a limit, or what it said is not believed.
    Process,
}

impl<'a> Stream<'a> {
    /// Starts a process. An error means that none can be started here.
    pub(super) fn start(workshop: &'a Workshop<'a>) -> io::Result<Self> {
        let mut command = Command::new(workshop.battery);
        command.env_clear().env(VARIABLE, "stream").current_dir(workshop.scratch);
        let (mut group, pipes) = Group::start(command)?;
        let Pipes { order: way_in, record, output } = pipes;
        let (tell, records) = sync_channel(2 * AHEAD);
        let printed = Arc::new(AtomicU64::new(0));
        let reading = read_records(record, tell).and_then(|()| count_output(output, &printed));
        if let Err(refusal) = reading {
            let _ = group.end(); // how it ended says nothing
            return Err(refusal);
        }
        let usage = workshop.watch.watch(group.id());
        let since = Since { at: Instant::now(), cpu: Duration::ZERO, printed: 0 };
        let open = VecDeque::new();
        Ok(Stream { workshop, group, way_in, records, printed, usage, open, answered: 0, since })
    }

    /// How many runs were asked for and not answered yet.
    pub(super) fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Whether another process should take what comes next.
    pub(super) fn is_worn(&self) -> bool {
        let memory_max = self.workshop.limits.memory_bytes() / MEMORY_SHARE;
        RUNS_MAX <= self.answered + self.open.len() as u32 || memory_max < self.usage.memory_bytes()
    }

    /// Asks for a run. A process that is gone shows when the answer is waited for.
    pub(super) fn ask(&mut self, run: Run) -> io::Result<()> {
        let order = self.workshop.order(nonce()?, &run);
        if self.open.is_empty() {
            self.since = self.now();
        }
        let _ = self.way_in.write_all(order.to_line().as_bytes());
        self.open.push_back((run, order));
        Ok(())
    }

    /// Waits for the record of the oldest open run.
    pub(super) fn answer(&mut self) -> Result<(Run, Record), Lost> {
        let line = self.line()?;
        let Some((run, order)) = self.open.pop_front() else { return Err(Lost::Process) };
        match Record::parse(&line, &order) {
            Ok(record) => {
                self.answered += 1;
                self.since = self.now();
                Ok((run, record))
            }
            Err(_) => {
                self.open.push_front((run, order));
                Err(Lost::Process)
            }
        }
    }

    fn line(&mut self) -> Result<Vec<u8>, Lost> {
        loop {
            match self.records.recv_timeout(LOOK) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(Lost::Process),
                Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Lost::Interrupted),
                Err(RecvTimeoutError::Timeout) if self.is_at_a_limit() => {
                    return Err(Lost::Process);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn now(&self) -> Since {
        let printed = self.printed.load(Ordering::Relaxed);
        Since { at: Instant::now(), cpu: self.usage.cpu(), printed }
    }

    /// The limits of a single run; which one it was is told by the run made alone.
    fn is_at_a_limit(&self) -> bool {
        let (limits, since, now) = (&self.workshop.limits, &self.since, self.now());
        limits.wall(Clock::Virtual) < now.at - since.at
            || limits.cpu(Clock::Virtual) < now.cpu.saturating_sub(since.cpu)
            || limits.memory_bytes() < self.usage.memory_bytes()
            || limits.output_bytes() < now.printed - since.printed
    }

    /// Ends the process; the runs that it was asked for and did not answer.
    pub(super) fn end(mut self) -> Vec<Run> {
        self.workshop.watch.forget(self.group.id());
        drop(self.way_in);
        let _ = self.group.end(); // how it ended says nothing
        self.open.into_iter().map(|(run, _)| run).collect()
    }
}

/// Begins to take lines from the private pipe. An error means that there is no thread to do it.
fn read_records(record: ChildStdout, tell: SyncSender<Vec<u8>>) -> io::Result<()> {
    let read = move || {
        let mut record = BufReader::new(record);
        loop {
            let mut line = Vec::new();
            let room = RECORD_BYTES_MAX as u64 + 1;
            let is_over = match (&mut record).take(room).read_until(b'\n', &mut line) {
                Ok(byte_count) => byte_count == 0,
                Err(_) => true,
            };
            if is_over || tell.send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().spawn(read).map(|_| ())
}

/// Begins to count what is printed. An error means that there is no thread to do it.
fn count_output(mut output: ChildStderr, printed: &Arc<AtomicU64>) -> io::Result<()> {
    let printed = printed.clone();
    let read = move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(byte_count) = output.read(&mut buffer) {
            if byte_count == 0 {
                return;
            }
            printed.fetch_add(byte_count as u64, Ordering::Relaxed);
        }
    };
    std::thread::Builder::new().spawn(read).map(|_| ())
}
