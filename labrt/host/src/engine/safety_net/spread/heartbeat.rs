//! What the watchdog may look at from its own thread: signs of life, and whose they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::mailbox::Mailbox;
use crate::config::RunConfig;

/// What other OS threads and signal handlers may look at.
pub(crate) struct Heartbeat {
    steps: AtomicU64,
    /// Signs of life that are no steps.
    signs: AtomicU64,
    pub(super) seed: u64,
    pub(super) stuck: Duration,
    pub(super) stack_bytes: usize,
    /// The OS thread that takes the steps. Locked while it is looked at, so that it does not end.
    thread: Mutex<Option<Thread>>,
    pub(super) mailbox: Mailbox,
}

#[derive(Clone, Copy)]
struct Thread {
    handle: libc::pthread_t,
    id: libc::pid_t,
}

impl Heartbeat {
    pub(crate) fn new(config: &RunConfig) -> Self {
        Self {
            steps: AtomicU64::new(0),
            signs: AtomicU64::new(0),
            seed: config.seed,
            stuck: config.limits.stuck,
            stack_bytes: config.limits.stack_bytes,
            thread: Mutex::new(None),
            mailbox: Mailbox::default(),
        }
    }

    /// The run takes steps.
    #[inline(always)]
    pub(crate) fn beat(&self, steps: u64) {
        self.steps.store(steps, Ordering::Relaxed);
    }

    /// The run lives, although it takes no steps: its threads are being unwound, say.
    pub(crate) fn sign_of_life(&self) {
        self.signs.fetch_add(1, Ordering::Relaxed);
    }

    /// Another number at each beat and sign.
    pub(super) fn pulse(&self) -> (u64, u64) {
        (self.steps.load(Ordering::Relaxed), self.signs.load(Ordering::Relaxed))
    }

    /// How many steps were taken.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    pub(super) fn watch_this_thread(&self) {
        // SAFETY: both only ask for the caller's own name.
        let this = unsafe { Thread { handle: libc::pthread_self(), id: libc::gettid() } };
        *self.thread.lock() = Some(this);
    }

    pub(super) fn watch_nobody(&self) {
        *self.thread.lock() = None;
    }

    /// CPU time of the watched thread so far.
    pub(super) fn cpu_time(&self) -> Option<Duration> {
        let watched = self.thread.lock();
        let thread = (*watched)?;
        let mut clock = 0;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the thread lives while it is locked, and both calls fill what they are given.
        let known = unsafe {
            libc::pthread_getcpuclockid(thread.handle, &mut clock) == 0
                && libc::clock_gettime(clock, &mut time) == 0
        };
        known.then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    /// Whether the watched thread waits in the system for something to happen. One that was only
    /// given no processor, or was stopped by a debugger, does not.
    pub(super) fn is_asleep(&self) -> bool {
        let Some(thread) = *self.thread.lock() else { return false };
        let stat = std::fs::read_to_string(format!("/proc/self/task/{}/stat", thread.id));
        // The name, in parentheses, may hold anything.
        let stat = stat.unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
    }

    /// Sends the watched thread this signal; whether there was a thread to send it to.
    pub(super) fn signal(&self, signal: libc::c_int) -> bool {
        let watched = self.thread.lock();
        let Some(thread) = *watched else { return false };
        // SAFETY: the thread lives while it is locked.
        unsafe { libc::pthread_kill(thread.handle, signal) == 0 }
    }
}
