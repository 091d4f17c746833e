//! One run: a process of its own, its private pipe, and its limits.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lab_record::{Clock, Order, RECORD_BYTES_MAX, VARIABLE};

use crate::grading::Limits;
use crate::interrupt::interrupted;
use crate::process::{Group, Pipes};
use crate::resources::{Usage, Watch, waited_for_a_core};

/// How long between two looks at the limits.
const LOOK: Duration = Duration::from_millis(20);
/// How long a process may live on after its record; and how long its pipes may after it.
const GRACE: Duration = Duration::from_secs(1);
/// How much is kept of the beginning of the output, and of its end.
const KEPT_BYTES: usize = 32 * 1024;

/// What every worker of a grading shares.
#[derive(Debug)]
pub(crate) struct Workshop<'a> {
    pub(crate) battery: &'a Path,
    /// Where processes are at home.
    pub(crate) scratch: &'a Path,
    pub(crate) limits: Limits,
    pub(crate) watch: &'a Watch,
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: How,
    /// All that came through the private pipe.
    pub(crate) record: Vec<u8>,
    pub(crate) output: Output,
    pub(crate) wall: Duration,
    /// As far as it was seen: a short run is over between two looks.
    pub(crate) memory_bytes_max: u64,
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

impl Workshop<'_> {
    /// Makes the run that `order` asks for. An error means that no process could be started.
    pub(crate) fn run(&self, order: &Order) -> io::Result<Ended> {
        let began = Instant::now();
        let (mut group, pipes) = Group::start(self.command(order))?;
        let usage = self.watch.watch(group.id());
        let received = Arc::new(Received::default());
        let (events, inbox) = channel();
        read_all(pipes, order, &received, &events);
        drop(events);

        let of_run = OfRun { began, clock: order.clock, usage: &usage, received: &received };
        let followed = self.follow(&mut group, &of_run, &inbox);
        self.watch.forget(group.id());
        let status = group.end();
        let wall = began.elapsed();

        let over = Instant::now() + GRACE;
        while let Ok(Event::Record | Event::PipeEnded) =
            inbox.recv_timeout(over.saturating_duration_since(Instant::now()))
        {}
        Ok(Ended {
            how: match followed? {
                Some(how) => how,
                None => How::ByItself(status?),
            },
            record: std::mem::take(&mut lock(&received.record)),
            output: std::mem::take(&mut lock(&received.output)),
            wall,
            memory_bytes_max: usage.memory_bytes_max(),
        })
    }

    /// The arguments say the same as the order, for whoever reads a list of processes.
    fn command(&self, order: &Order) -> Command {
        let mut command = Command::new(self.battery);
        command
            .args(["--in-process", "--exact", &order.test, "--clock", order.clock.name()])
            .args(["--seed", &order.seed.to_string()])
            .env_clear()
            .env(VARIABLE, "stdio")
            .current_dir(self.scratch);
        command
    }

    /// Waits until the process has ended, `None`, or must be.
    fn follow(
        &self,
        group: &mut Group,
        of_run: &OfRun<'_>,
        inbox: &Receiver<Event>,
    ) -> io::Result<Option<How>> {
        let mut ends_by = None;
        let mut look = LOOK;
        loop {
            match inbox.recv_timeout(look) {
                Ok(Event::Record) => ends_by = Some(Instant::now() + GRACE),
                // The process is about to end, or has closed its pipes.
                Ok(Event::PipeEnded) => look = Duration::from_millis(1),
                Err(RecvTimeoutError::Timeout) => look = (2 * look).min(LOOK),
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(look);
                    look = (2 * look).min(LOOK);
                }
            }
            if group.has_ended()? {
                return Ok(None);
            }
            let how = if interrupted() {
                Some(How::Interrupted)
            } else if ends_by.is_some_and(|by| by < Instant::now()) {
                Some(How::AfterItsRecord)
            } else {
                self.limit_reached(of_run, group.id()).map(How::AtLimit)
            };
            if how.is_some() {
                return Ok(how);
            }
        }
    }

    fn limit_reached(&self, of_run: &OfRun<'_>, process: u32) -> Option<Limit> {
        let limits = &self.limits;
        let (cpu, cpu_max) = (of_run.usage.cpu(), limits.cpu(of_run.clock));
        if cpu_max < cpu {
            return Some(Limit::Cpu { limit: cpu_max });
        }
        let (bytes, limit_bytes) = (of_run.usage.memory_bytes(), limits.memory_bytes());
        if limit_bytes < bytes {
            return Some(Limit::Memory { limit_bytes, bytes });
        }
        let limit_bytes = limits.output_bytes();
        if limit_bytes < lock(&of_run.received.output).byte_count {
            return Some(Limit::Output { limit_bytes });
        }
        let limit = limits.wall(of_run.clock);
        if limit < of_run.began.elapsed() {
            let waited_for_a_core = waited_for_a_core(process);
            return Some(Limit::Wall { limit, cpu, waited_for_a_core });
        }
        None
    }
}

struct OfRun<'a> {
    began: Instant,
    clock: Clock,
    usage: &'a Usage,
    received: &'a Received,
}

fn read_all(pipes: Pipes, order: &Order, received: &Arc<Received>, events: &Sender<Event>) {
    let Pipes { order: mut way_in, mut record, mut output } = pipes;
    // Shorter than any pipe's buffer, so this does not wait; a process that is already dead
    // shows by its missing record.
    let _ = way_in.write_all(order.to_line().as_bytes());
    drop(way_in);

    let (to, tell) = (received.clone(), events.clone());
    std::thread::spawn(move || {
        let mut is_told = false;
        each_piece(&mut record, |piece| {
            let mut bytes = lock(&to.record);
            // One byte more than is allowed tells that more came.
            let room = RECORD_BYTES_MAX + 1 - bytes.len();
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            if !is_told && bytes.contains(&b'\n') {
                is_told = tell.send(Event::Record).is_ok();
            }
        });
        let _ = tell.send(Event::PipeEnded);
    });
    let (to, tell) = (received.clone(), events.clone());
    std::thread::spawn(move || {
        each_piece(&mut output, |piece| lock(&to.output).push(piece));
        let _ = tell.send(Event::PipeEnded);
    });
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
