//! One test in a process of its own: what it prints is captured, a crash of it is contained, and
//! a limit holds.

use std::io::{self, PipeReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::battery::Test;
use crate::report::{Figures, Replay, Verdict};

/// When a process that has not ended is ended. Beyond every limit that a run has of its own: it
/// is for a process that cannot even look at its clock.
const PROCESS_LIMIT: Duration = Duration::from_secs(660);

/// How often a process is looked at that may still print.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long one that prints no more is given before it is looked at again: it is about to end.
const ENDS_WITHIN: Duration = Duration::from_micros(200);

/// Whether what a test prints is kept or let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Captured,
    Shown,
}

/// What a process left behind.
pub(super) struct Ended {
    /// What it printed, both streams in their order. Empty if that was let through.
    pub(super) printed: String,
    how: How,
}

enum How {
    Exited(ExitStatus),
    Stopped,
}

/// Runs one test in a process of this same binary, and waits for it.
pub(super) fn run_in_process(test: &Test, replay: Replay, output: Output) -> io::Result<Ended> {
    let clock = match replay.clock {
        labrt_host::Clock::Virtual => "virtual",
        labrt_host::Clock::Real => "real",
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--in-process", "--exact", test.name, "--clock", clock]);
    command.args(["--edition", replay.edition.name()]);
    command.arg("--seed").arg(replay.seed.to_string()).stdin(Stdio::null());

    let printing = match output {
        Output::Shown => None,
        Output::Captured => {
            let (reader, writer) = io::pipe()?;
            command.stdout(writer.try_clone()?).stderr(writer);
            Some(read_on_a_thread(reader))
        }
    };
    let mut child = command.spawn()?;
    // It holds the writing ends of the pipe: the reader is to see their end with the child's.
    drop(command);

    let (how, printed) = wait(&mut child, printing.as_ref())?;
    Ok(Ended { printed: String::from_utf8_lossy(&printed).into_owned(), how })
}

/// Gives all that is printed, when nobody can print any more.
fn read_on_a_thread(mut reader: PipeReader) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, printing) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // Nobody may be interested, if the process could not be started.
        let _ = sender.send(reader.read_to_end(&mut bytes).map(|_| bytes));
    });
    printing
}

/// Waits for the end of a process, and for that of what it prints. To learn of the one by the
/// other costs no timers, which would be some of what a short test costs.
fn wait(
    child: &mut Child,
    printing: Option<&Receiver<io::Result<Vec<u8>>>>,
) -> io::Result<(How, Vec<u8>)> {
    let begin = Instant::now();
    let mut printed = None;
    let how = loop {
        match (printing, &printed) {
            (Some(printing), None) => match printing.recv_timeout(LOOK_EVERY) {
                Ok(all) => printed = Some(all?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("the reader sends"),
            },
            (Some(_), Some(_)) => thread::sleep(ENDS_WITHIN),
            (None, _) => thread::sleep(LOOK_EVERY),
        }
        if let Some(status) = child.try_wait()? {
            break How::Exited(status);
        }
        if PROCESS_LIMIT < begin.elapsed() {
            child.kill()?;
            child.wait()?;
            break How::Stopped;
        }
    };
    let printed = match (printing, printed) {
        (None, _) => Vec::new(),
        (Some(_), Some(printed)) => printed,
        (Some(printing), None) => printing.recv().unwrap_or_else(|_| Ok(Vec::new()))?,
    };
    Ok((how, printed))
}

impl Ended {
    /// The closing line, if it passed.
    pub(super) fn closing_line(&self) -> Option<&str> {
        self.printed.lines().find(|line| line.starts_with(Figures::PREFIX))
    }

    /// What the test's verdict is if it did not pass, as a text. `output` says whether the
    /// failure was already seen.
    pub(super) fn failure(&self, test: &Test, replay: Replay, output: Output) -> Option<String> {
        let printed = &self.printed;
        let stopped = |how: String| {
            Some(format!(
                "{printed}{} {}  {how}\nreplay  {}",
                test.name,
                Verdict::Aborted,
                replay.command(test)
            ))
        };
        let status = match self.how {
            How::Stopped => {
                return stopped(format!("its process did not end within {PROCESS_LIMIT:?}"));
            }
            How::Exited(status) => status,
        };
        match status.code() {
            Some(PASSED) if output == Output::Shown || self.closing_line().is_some() => None,
            Some(PASSED) => stopped("its process exited before the test was over".to_owned()),
            Some(NOT_PASSED) => Some(printed.trim_end().to_owned()),
            _ => stopped(format!("its process ended early: {status}")),
        }
    }
}

/// The exit code of a process whose tests have passed.
pub(super) const PASSED: i32 = 0;
/// The exit code of a process one of whose tests has not, and that has said so.
pub(super) const NOT_PASSED: i32 = 101;
