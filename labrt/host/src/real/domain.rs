//! Threads that die together: those of one machine, or those of a run that are on no machine.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

use super::pool;
use super::seat::Seat;

/// Between two looks for waiters that the first wake-up missed; doubles up to [`REAP_MAX`].
const REAP_FIRST: Duration = Duration::from_millis(1);
const REAP_MAX: Duration = Duration::from_millis(50);
/// After so many looks a waiter is stuck behind a lock that nobody will release.
const REAP_LOOKS_MAX: u32 = 1200;

const REAPER_STACK_BYTES: usize = 256 << 10;

#[derive(Default)]
struct Members {
    seats: Vec<Option<Arc<Seat>>>,
    free: Vec<usize>,
}

/// See the module.
pub(super) struct Domain {
    dead: AtomicBool,
    threads: AtomicUsize,
    members: Mutex<Members>,
    /// Dropped at death, which makes `death` ready for every `Select` that waits on it.
    alive: Mutex<Option<Sender<Infallible>>>,
    death: Receiver<Infallible>,
}

impl Domain {
    pub(super) fn new() -> Arc<Self> {
        let (alive, death) = bounded(0);
        Arc::new(Self {
            dead: AtomicBool::new(false),
            threads: AtomicUsize::new(0),
            members: Mutex::default(),
            alive: Mutex::new(Some(alive)),
            death,
        })
    }

    /// Whether its threads are to die.
    #[inline(always)]
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(SeqCst)
    }

    /// Never gives a message; disconnects when the domain dies.
    pub(super) fn death(&self) -> &Receiver<Infallible> {
        &self.death
    }

    /// Marks the domain as dead: from here on its threads die at their next labrt call. Returns
    /// whether it was alive.
    pub(super) fn condemn(&self) -> bool {
        !self.dead.swap(true, SeqCst)
    }

    /// Wakes every thread that waits in labrt, after [`Domain::condemn`].
    pub(super) fn wake_all(self: &Arc<Self>) {
        drop(self.alive.lock().take());
        if !self.wake_members() {
            return;
        }
        // A thread that has entered its condition variable but does not sleep yet has missed
        // this. It cannot be seen from here when it sleeps, so somebody looks again.
        let domain = self.clone();
        let again = Box::new(move |_: &Arc<Seat>| {
            domain.reap();
            None
        });
        if pool::submit(REAPER_STACK_BYTES, again).is_err() {
            // No thread to be had: one look late is better than none.
            std::thread::sleep(REAP_FIRST);
            self.wake_members();
        }
    }

    fn reap(&self) {
        let mut pause = REAP_FIRST;
        for _ in 0..REAP_LOOKS_MAX {
            std::thread::sleep(pause);
            if !self.wake_members() {
                return;
            }
            pause = (pause * 2).min(REAP_MAX);
        }
    }

    /// Returns whether one of them was entered at a condition variable.
    fn wake_members(&self) -> bool {
        // Under the lock, so that no seat can leave and be disturbed in its next life.
        let members = self.members.lock();
        let mut entered = false;
        for seat in members.seats.iter().flatten() {
            seat.wake();
            entered |= seat.condition.wake();
        }
        entered
    }

    /// Counts a thread that has been asked for.
    pub(super) fn announce(&self) {
        self.threads.fetch_add(1, Relaxed);
    }

    /// A thread that was counted has ended, or was refused.
    pub(super) fn retire(&self) {
        self.threads.fetch_sub(1, Relaxed);
    }

    /// How many of its threads have not ended, those included that have not begun.
    pub(super) fn len(&self) -> usize {
        self.threads.load(Relaxed)
    }

    /// Has the owner of `seat` woken at death; [`Domain::leave`] takes what this returns.
    pub(super) fn join(&self, seat: &Arc<Seat>) -> usize {
        let mut members = self.members.lock();
        match members.free.pop() {
            Some(position) => {
                members.seats[position] = Some(seat.clone());
                position
            }
            None => {
                members.seats.push(Some(seat.clone()));
                members.seats.len() - 1
            }
        }
    }

    pub(super) fn leave(&self, position: usize) {
        let mut members = self.members.lock();
        members.seats[position] = None;
        members.free.push(position);
    }
}
