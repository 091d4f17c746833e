//! One test in a process of its own: what it prints is captured, a crash of it is contained, and
//! a limit holds.

use std::io::{self, PipeReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::battery::Test;
use crate::report::{Figures, Replay, Verdict};

/// When a process that has not ended is ended. Beyond every limit that a run has of its own: it
/// is for a process that cannot even look at its clock.
const PROCESS_LIMIT: Duration = Duration::from_secs(660);

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

    let reader = match output {
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

    let how = wait(&mut child)?;
    let printed = match reader {
        Some(reader) => reader.join().expect("reading a pipe does not panic")?,
        None => Vec::new(),
    };
    Ok(Ended { printed: String::from_utf8_lossy(&printed).into_owned(), how })
}

fn read_on_a_thread(mut reader: PipeReader) -> JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

fn wait(child: &mut Child) -> io::Result<How> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(How::Exited(status));
        }
        if PROCESS_LIMIT < begin.elapsed() {
            child.kill()?;
            child.wait()?;
            return Ok(How::Stopped);
        }
        // A tenth of the time that has passed costs little waiting and little work.
        let pause = begin.elapsed() / 10;
        thread::sleep(pause.clamp(Duration::from_millis(1), Duration::from_millis(50)));
    }
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
