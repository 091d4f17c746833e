//! The battery's side: take the order before anything else runs, hand back the record at the end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use crate::{AcceptError, Finding, Order, Record};

/// The environment variable that tells a battery process to expect orders. With `stdio` one order
/// comes in on stdin, and its record goes out on stdout; with `stream` many do, one after the other.
pub const VARIABLE: &str = "LAB_RECORD";
/// No order is longer.
const ORDER_BYTES_MAX: u64 = 64 * 1024;

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
    io::stdin().lock().take(ORDER_BYTES_MAX).read_to_string(&mut line)?;
    let order = Order::parse(&line)?;
    close_own_memory();
    Ok(Some(Ordered { order, way_back: take_stdout()? }))
}

/// From now on the files in `/proc` by which a process reads its memory and reaches its
/// descriptors are root's, so that the nonce and the way back are out of reach of safe code where
/// no sandbox hides `/proc`. Of no effect for root, nor elsewhere than on Linux.
fn close_own_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where it is refused, the sandbox is what is left.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Orders that come one after the other, and the private way back.
///
/// For stress runs, which are many and short. A process that makes many runs can not vouch for
/// any of them as one that makes a single run does: what a submission leaves behind in a `static`
/// meets the next run. So a grading never takes its verdicts from here.
#[derive(Debug)]
pub struct Orders {
    orders: BufReader<File>,
    way_back: File,
}

/// Takes the stream of orders that waits on stdin, if [`VARIABLE`] says that one does.
///
/// Like [`accept`], and to be called before it: afterwards stdin is empty for everybody else, and
/// stdout leads to stderr.
///
/// # Errors
///
/// When descriptors cannot be moved.
pub fn accept_stream() -> Result<Option<Orders>, AcceptError> {
    match std::env::var(VARIABLE) {
        Ok(way) if way == "stream" => {}
        _ => return Ok(None),
    }
    let orders = BufReader::new(take_stdin()?);
    Ok(Some(Orders { orders, way_back: take_stdout()? }))
}

impl Orders {
    /// Waits for the next order. `None`: there will be no more, and the process should end.
    ///
    /// # Errors
    ///
    /// When what came is no order; the process should then end with a message.
    pub fn next_order(&mut self) -> Result<Option<Order>, AcceptError> {
        let mut line = String::new();
        let byte_count = (&mut self.orders).take(ORDER_BYTES_MAX).read_line(&mut line)?;
        if byte_count == 0 { Ok(None) } else { Order::parse(&line).map(Some) }
    }

    /// Hands back what the harness found in the run that `order` asked for.
    ///
    /// # Errors
    ///
    /// When nobody is there to take it.
    pub fn complete(&mut self, order: &Order, finding: Finding) -> io::Result<()> {
        self.way_back.write_all(Record::answer(order, finding).to_line().as_bytes())
    }
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

#[cfg(unix)]
fn take_stdin() -> Result<File, AcceptError> {
    let nothing = File::open("/dev/null")?;
    let moved = || -> rustix::io::Result<File> {
        let way_in = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        rustix::stdio::dup2_stdin(&nothing)?;
        Ok(File::from(way_in))
    };
    moved().map_err(|errno| AcceptError::Io(errno.into()))
}

#[cfg(not(unix))]
fn take_stdin() -> Result<File, AcceptError> {
    Err(AcceptError::Platform)
}

#[cfg(not(unix))]
fn take_stdout() -> Result<File, AcceptError> {
    Err(AcceptError::Platform)
}
