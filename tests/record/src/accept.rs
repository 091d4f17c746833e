//! The battery's side: take the order before anything else runs, hand back the record at the end.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::{AcceptError, Finding, Order, Record};

/// The environment variable that tells a battery process to expect an order. Its only value is
/// `stdio`: the order comes in on stdin, the record goes out on stdout.
pub const VARIABLE: &str = "LAB_RECORD";

/// An order that was taken, and the private way back.
#[derive(Debug)]
pub struct Ordered {
    order: Order,
    way_back: File,
}

/// Takes the order that waits on stdin, if [`VARIABLE`] says that one does.
///
/// Call it first thing in `main`, on the only thread there is: afterwards stdin is empty and
/// stdout leads to stderr. `None` means that nobody ordered anything and nothing was touched.
///
/// # Errors
///
/// When an order was announced and cannot be read. The process should then end with a message;
/// whoever waits for the record sees that none came.
pub fn accept() -> Result<Option<Ordered>, AcceptError> {
    match std::env::var(VARIABLE) {
        Err(_) => return Ok(None),
        Ok(way) if way == "stdio" => {}
        Ok(found) => return Err(AcceptError::UnknownWay { found }),
    }
    let mut line = String::new();
    io::stdin().lock().take(64 * 1024).read_to_string(&mut line)?;
    let order = Order::parse(&line)?;
    Ok(Some(Ordered { order, way_back: take_stdout()? }))
}

impl Ordered {
    /// The run to make.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Hands back what the harness found. The run is over with it: what the process does later
    /// changes nothing any more.
    pub fn complete(mut self, finding: Finding) -> io::Result<()> {
        let record = Record::answer(&self.order, finding);
        self.way_back.write_all(record.to_line().as_bytes())
    }
}

#[cfg(unix)]
fn take_stdout() -> Result<File, AcceptError> {
    let moved = || -> rustix::io::Result<File> {
        let way_back = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok(File::from(way_back))
    };
    moved().map_err(|errno| AcceptError::Io(errno.into()))
}

#[cfg(not(unix))]
fn take_stdout() -> Result<File, AcceptError> {
    Err(AcceptError::Platform)
}
