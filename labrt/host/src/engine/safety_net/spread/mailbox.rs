//! Between the watchdog and the thread that it asks where it is.
//!
//! | state | who acts | on what |
//! |---|---|---|
//! | `IDLE` | nobody | |
//! | `ASKED` | the thread's signal handler | leaves its return addresses, then `ANSWERED`; or `BUSY` |
//! | `ANSWERED` | the watchdog | the thread stands still until `GO_ON` or `STOP` |
//! | `GO_ON` | the handler | returns, `IDLE` |
//! | `STOP` | nobody | the thread stands still for ever |
//! | `OVERFLOWED` | the watchdog | the thread stands still for ever; its stack is used up |

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::heartbeat::Heartbeat;
use super::signals;

const IDLE: u32 = 0;
const ASKED: u32 = 1;
const BUSY: u32 = 2;
const ANSWERED: u32 = 3;
const GO_ON: u32 = 4;
const STOP: u32 = 5;
const OVERFLOWED: u32 = 6;

/// So many return addresses are kept, innermost first: enough to see a recursion.
const ADDRESSES_MAX: usize = 192;
/// How long the handler is waited for. It may get no processor.
const ANSWER_MAX: Duration = Duration::from_millis(200);

pub(super) struct Mailbox {
    state: AtomicU32,
    addresses: [AtomicUsize; ADDRESSES_MAX],
    count: AtomicUsize,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self {
            state: AtomicU32::new(IDLE),
            addresses: [const { AtomicUsize::new(0) }; ADDRESSES_MAX],
            count: AtomicUsize::new(0),
        }
    }
}

/// The watchdog's side.
impl Mailbox {
    /// Asks the thread whose turn it is where it is.
    pub(super) fn ask(heartbeat: &Heartbeat) -> Option<StandsStill<'_>> {
        let mailbox = &heartbeat.mailbox;
        let asked =
            mailbox.state.compare_exchange(IDLE, ASKED, Ordering::AcqRel, Ordering::Acquire);
        if asked.is_err() || !heartbeat.signal(signals::ASK) {
            mailbox.take_back(ASKED);
            return None;
        }
        match mailbox.await_change(ASKED) {
            ANSWERED => Some(StandsStill(mailbox)),
            BUSY => {
                mailbox.take_back(BUSY);
                None
            }
            _ => None,
        }
    }

    pub(super) fn has_overflowed(&self) -> bool {
        self.state.load(Ordering::Acquire) == OVERFLOWED
    }

    /// What was left by the thread, which stands still.
    pub(super) fn addresses(&self) -> Vec<usize> {
        let count = self.count.load(Ordering::Relaxed);
        self.addresses[..count].iter().map(|address| address.load(Ordering::Relaxed)).collect()
    }

    /// Waits until the state is another than `from`; takes that back if it stays too long.
    fn await_change(&self, from: u32) -> u32 {
        let began = Instant::now();
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state != from {
                return state;
            }
            if ANSWER_MAX < began.elapsed() {
                return self.take_back(from);
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Makes `from` to idle; what the state was.
    fn take_back(&self, from: u32) -> u32 {
        match self.state.compare_exchange(from, IDLE, Ordering::AcqRel, Ordering::Acquire) {
            Ok(state) | Err(state) => state,
        }
    }
}

/// A thread that has answered, and stands still until this is dropped or [`StandsStill::stop`]ped.
pub(super) struct StandsStill<'a>(&'a Mailbox);

impl StandsStill<'_> {
    pub(super) fn addresses(&self) -> Vec<usize> {
        self.0.addresses()
    }

    /// It never goes on.
    pub(super) fn stop(self) {
        self.0.state.store(STOP, Ordering::Release);
    }
}

impl Drop for StandsStill<'_> {
    fn drop(&mut self) {
        let state = &self.0.state;
        if state.compare_exchange(ANSWERED, GO_ON, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            // So that it is out of the handler before it is asked again.
            while state.load(Ordering::Acquire) == GO_ON {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
    }
}

/// The signal handlers' side: no allocation, no lock.
impl Mailbox {
    pub(super) fn is_asked(&self) -> bool {
        self.state.load(Ordering::Acquire) == ASKED
    }

    pub(super) fn is_busy(&self) {
        self.answer(BUSY);
    }

    /// Leaves the return addresses of the thread that was struck there; comes back when it may go
    /// on.
    pub(super) fn stand_still(&self, struck_at: usize) {
        self.leave_addresses(struck_at);
        if !self.answer(ANSWERED) {
            return;
        }
        loop {
            match self.state.load(Ordering::Acquire) {
                ANSWERED => pause(1),
                STOP => pause(-1),
                _ => {
                    self.take_back(GO_ON);
                    return;
                }
            }
        }
    }

    /// As [`Mailbox::stand_still`], but does not come back.
    pub(super) fn overflowed(&self, struck_at: usize) -> ! {
        self.leave_addresses(struck_at);
        self.state.store(OVERFLOWED, Ordering::Release);
        loop {
            pause(-1);
        }
    }

    /// Whether the question still stood.
    fn answer(&self, answer: u32) -> bool {
        self.state.compare_exchange(ASKED, answer, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn leave_addresses(&self, struck_at: usize) {
        let mut count = 0;
        let note = |frame: &backtrace::Frame| {
            let mut address = frame.ip() as usize;
            if count == 0 {
                if address != struck_at {
                    return true; // of the handler itself
                }
                // The others are return addresses, one beyond their call; this one is exact.
                address += 1;
            }
            self.addresses[count].store(address, Ordering::Relaxed);
            count += 1;
            count < ADDRESSES_MAX
        };
        // SAFETY: the lock that is left out guards the symbol tables, which are not used here.
        unsafe { backtrace::trace_unsynchronized(note) };
        self.count.store(count, Ordering::Relaxed);
    }
}

/// Waits so many milliseconds, or until another signal, if they are negative.
fn pause(millis: libc::c_int) {
    // SAFETY: waits on no descriptor, and may be called from a handler.
    unsafe { libc::poll(std::ptr::null_mut(), 0, millis) };
}
