//! One run: a process of its own, its private pipe, and its limits.

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lab_record::{Order, RECORD_BYTES_MAX, VARIABLE};

use crate::grading::Limits;
use crate::interrupt::interrupted;
use crate::plan::Run;
use crate::resources::{Usage, Used, Watch, waited_for_a_core};
use crate::sandbox::{Cell, Job, Level, Pipes, ProcessLimits, Reach, Sandbox, set_mode};

/// How long between two looks at the limits.
const LOOK: Duration = Duration::from_millis(20);
/// How long a process may live on after its record; and how long its pipes may after it.
const GRACE: Duration = Duration::from_secs(1);
/// How long the grader's own threads may take to read what a process that has ended wrote: on a
/// machine with hundreds of runs at once, more than a second.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// What a run may write into one file, where it can write at all.
const FILE_BYTES_MAX: u64 = 16 << 20;
const OPEN_FILES_MAX: u64 = 1024;
/// Threads, mostly: under the real clock, each call that waits has one.
const TASKS_MAX: u64 = 8192;
/// How much is kept of the beginning of the output, and of its end.
const KEPT_BYTES: usize = 32 * 1024;

/// What every worker of a grading shares.
#[derive(Debug)]
pub(crate) struct Workshop<'a> {
    pub(crate) battery: &'a Path,
    /// Where processes are at home; in a sandbox, each in a folder of its own.
    pub(crate) scratch: &'a Path,
    pub(crate) limits: Limits,
    pub(crate) watch: &'a Watch,
    pub(crate) sandbox: Sandbox,
    /// The edition of the scenarios, if it is not the graded one.
    pub(crate) edition: Option<&'a str>,
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: How,
    /// All that came through the private pipe.
    pub(crate) record: Vec<u8>,
    pub(crate) output: Output,
    pub(crate) wall: Duration,
    pub(crate) used: Used,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum How {
    ByItself(ExitStatus),
    /// The record came, and the process lived on.
    AfterItsRecord,
    AtLimit(Limit),
    Interrupted,
}

/// The limit at which a run was stopped.
#[derive(Debug)]
pub(crate) enum Limit {
    Wall { limit: Duration, cpu: Duration, waited_for_a_core: Option<Duration> },
    Cpu { limit: Duration },
    Memory { limit_bytes: u64, bytes: u64 },
    Output { limit_bytes: u64 },
}

impl Limit {
    /// What there was a limit of, and how much.
    pub(crate) fn name(&self) -> String {
        match self {
            Limit::Wall { limit, .. } => format!("{} s", limit.as_secs()),
            Limit::Cpu { limit } => format!("{} s of CPU time", limit.as_secs()),
            Limit::Memory { limit_bytes, .. } => format!("{} MiB of memory", limit_bytes >> 20),
            Limit::Output { limit_bytes } => format!("{} MiB of output", limit_bytes >> 20),
        }
    }
}

/// What a process printed: its beginning and its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) head: Vec<u8>,
    pub(crate) tail: Vec<u8>,
    pub(crate) byte_count: u64,
}

impl Output {
    fn push(&mut self, bytes: &[u8]) {
        self.byte_count += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT_BYTES - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(rest);
        if 2 * KEPT_BYTES < self.tail.len() {
            self.tail.drain(..self.tail.len() - KEPT_BYTES);
        }
    }

    /// The last lines, and how many came before them if that is known.
    pub(crate) fn last_lines(&self, count_max: usize) -> (Vec<String>, Option<usize>) {
        let is_whole = self.byte_count == (self.head.len() + self.tail.len()) as u64;
        let bytes = [self.head.as_slice(), self.tail.as_slice()].concat();
        let text = String::from_utf8_lossy(if is_whole { &bytes } else { &self.tail });
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(count_max);
        (lines[from..].iter().map(ToString::to_string).collect(), is_whole.then_some(from))
    }
}

/// What the pipes' readers tell.
enum Event {
    /// A whole line came through the private pipe.
    Record,
    PipeEnded,
}

#[derive(Debug, Default)]
struct Received {
    record: Mutex<Vec<u8>>,
    output: Mutex<Output>,
}

/// What a job may use, all it starts included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) output_bytes: u64,
    /// How much is kept of what comes through the private pipe. One byte more tells that more
    /// came.
    pub(crate) record_bytes: usize,
    /// Whether the first line of the record is its last, and the job is over with it.
    pub(crate) ends_with_record: bool,
}

impl Workshop<'_> {
    /// The order for `run`, of the workshop's edition.
    pub(crate) fn order(&self, nonce: String, run: &Run) -> Order {
        let order = Order::new(nonce, run.test.clone(), run.clock, run.seed);
        order.of_edition(self.edition.map(str::to_owned))
    }

    /// Makes the run that `order` asks for. An error means that no process could be started.
    pub(crate) fn run(&self, order: &Order) -> io::Result<Ended> {
        // Without a sandbox a run may leave its trace in the folder that all share.
        let own_home = match self.sandbox.level {
            Level::Groups => None,
            _ => Some(tempfile::Builder::new().prefix("run").tempdir_in(self.scratch)?),
        };
        let home = own_home.as_ref().map_or(self.scratch, tempfile::TempDir::path);
        if own_home.is_some() {
            set_mode(home, 0o755)?; // the run's user may not be the grader's
        }
        let limits = &self.limits;
        let bounds = Bounds {
            wall: limits.wall(order.clock),
            cpu: limits.cpu(order.clock),
            memory_bytes: limits.memory_bytes(),
            output_bytes: limits.output_bytes(),
            record_bytes: RECORD_BYTES_MAX,
            ends_with_record: true,
        };
        let job = self.job(home, order);
        supervise(&job, self.sandbox, self.watch, &bounds)
    }

    /// The arguments say the same as the order, for whoever reads a list of processes.
    fn job(&self, home: &Path, order: &Order) -> Job {
        let said = ["--in-process", "--exact", &order.test, "--clock", order.clock.name()];
        let args = said.into_iter().map(str::to_owned);
        Job {
            program: Some(self.battery.to_owned()),
            args: args.chain(["--seed".to_owned(), order.seed.to_string()]).collect(),
            env: vec![(VARIABLE.to_owned(), "stdio".to_owned())],
            folder: home.to_owned(),
            input: order.to_line(),
            reach: Reach::default(),
            limits: ProcessLimits {
                cpu_s: Some(2 * self.limits.cpu(order.clock).as_secs() + 10),
                file_bytes: Some(FILE_BYTES_MAX),
                open_files: Some(OPEN_FILES_MAX),
                tasks: Some(TASKS_MAX),
                memory_bytes: Some(self.limits.memory_bytes()),
            },
            own_user: true,
        }
    }
}

/// Runs `job` to its end, or to the first of its bounds that it reaches; then ends whatever it
/// left behind.
///
/// # Errors
///
/// When it could not be started.
pub(crate) fn supervise(
    job: &Job,
    sandbox: Sandbox,
    watch: &Watch,
    bounds: &Bounds,
) -> io::Result<Ended> {
    let began = Instant::now();
    let (mut cell, pipes) = Cell::start(job, sandbox)?;
    let usage = watch.watch(cell.id());
    let received = Arc::new(Received::default());
    let (events, inbox) = channel();
    let reading = read_all(pipes, bounds, &received, &events);
    drop(events);
    if let Err(refusal) = reading {
        watch.forget(cell.id());
        let _ = cell.end(); // how it ended says nothing
        return Err(refusal);
    }

    let running = Running { began, bounds, usage: &usage, received: &received };
    let followed = running.follow(&mut cell, &inbox);
    watch.forget(cell.id());
    let mut used = usage.in_all(cell.processes());
    let status = cell.end();
    let has_no_memory_left = cell.ran_out_of_memory();
    if let Some(bytes) = cell.memory_bytes_max() {
        used.memory_bytes_max = bytes;
    }
    drop(cell);
    let wall = began.elapsed();

    wait_for_readers(&inbox, bounds, &received);
    Ok(Ended {
        how: match followed? {
            Some(how) => how,
            // Which of its processes that was is chance; without it none can go on.
            None if has_no_memory_left => {
                let limit_bytes = bounds.memory_bytes;
                How::AtLimit(Limit::Memory { limit_bytes, bytes: limit_bytes })
            }
            None => How::ByItself(status?),
        },
        record: std::mem::take(&mut lock(&received.record)),
        output: std::mem::take(&mut lock(&received.output)),
        wall,
        used,
    })
}

/// Waits until all is read that came through the pipes: until they end, which they do unless
/// somebody who left the group holds them.
fn wait_for_readers(inbox: &Receiver<Event>, bounds: &Bounds, received: &Received) {
    let ended = Instant::now();
    let is_whole = || bounds.ends_with_record && lock(&received.record).contains(&b'\n');
    loop {
        let patience = if is_whole() { GRACE } else { READ_PATIENCE };
        if inbox.recv_timeout(patience.saturating_sub(ended.elapsed())).is_err() {
            return;
        }
    }
}

struct Running<'a> {
    began: Instant,
    bounds: &'a Bounds,
    usage: &'a Usage,
    received: &'a Received,
}

impl Running<'_> {
    /// Waits until the process has ended, `None`, or must be.
    fn follow(&self, cell: &mut Cell, inbox: &Receiver<Event>) -> io::Result<Option<How>> {
        let mut ends_by = None;
        let mut look = LOOK;
        loop {
            match inbox.recv_timeout(look) {
                Ok(Event::Record) if self.bounds.ends_with_record => {
                    ends_by = Some(Instant::now() + GRACE);
                }
                Ok(Event::Record) => {}
                // The process is about to end, or has closed its pipes.
                Ok(Event::PipeEnded) => look = Duration::from_millis(1),
                Err(RecvTimeoutError::Timeout) => look = (2 * look).min(LOOK),
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(look);
                    look = (2 * look).min(LOOK);
                }
            }
            if cell.has_ended()? {
                return Ok(None);
            }
            let how = if interrupted() {
                Some(How::Interrupted)
            } else if ends_by.is_some_and(|by| by < Instant::now()) {
                Some(How::AfterItsRecord)
            } else {
                self.limit_reached(cell).map(How::AtLimit)
            };
            if how.is_some() {
                return Ok(how);
            }
        }
    }

    fn limit_reached(&self, cell: &Cell) -> Option<Limit> {
        let bounds = self.bounds;
        let cpu = self.usage.cpu();
        if bounds.cpu < cpu {
            return Some(Limit::Cpu { limit: bounds.cpu });
        }
        let (bytes, limit_bytes) = (self.usage.memory_bytes(), bounds.memory_bytes);
        // What is looked up counts a page once for each process that shares it, and more than the
        // kernel does, which has the last word where it has one.
        if !cell.is_held_by_the_kernel() && limit_bytes < bytes {
            return Some(Limit::Memory { limit_bytes, bytes });
        }
        let limit_bytes = bounds.output_bytes;
        if limit_bytes < lock(&self.received.output).byte_count {
            return Some(Limit::Output { limit_bytes });
        }
        if bounds.wall < self.began.elapsed() {
            let waited_for_a_core = waited_for_a_core(cell.id());
            return Some(Limit::Wall { limit: bounds.wall, cpu, waited_for_a_core });
        }
        None
    }
}

/// Begins to read. An error means that there is no thread to do it.
fn read_all(
    pipes: Pipes,
    bounds: &Bounds,
    received: &Arc<Received>,
    events: &Sender<Event>,
) -> io::Result<()> {
    let Pipes { mut record, mut output } = pipes;
    let record_bytes_max = bounds.record_bytes + 1;
    let (to, tell) = (received.clone(), events.clone());
    std::thread::Builder::new().spawn(move || {
        let mut is_told = false;
        each_piece(&mut record, |piece| {
            let mut bytes = lock(&to.record);
            let room = record_bytes_max - bytes.len();
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            if !is_told && bytes.contains(&b'\n') {
                is_told = tell.send(Event::Record).is_ok();
            }
        });
        let _ = tell.send(Event::PipeEnded);
    })?;
    let (to, tell) = (received.clone(), events.clone());
    std::thread::Builder::new().spawn(move || {
        each_piece(&mut output, |piece| lock(&to.output).push(piece));
        let _ = tell.send(Event::PipeEnded);
    })?;
    Ok(())
}

fn each_piece(pipe: &mut impl Read, mut take: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(byte_count) => take(&buffer[..byte_count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
