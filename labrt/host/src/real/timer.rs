//! What happens later without a thread of its own: one timer thread a run, made when first used.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::pool;
use super::run::RealRun;
use super::seat::Seat;
use super::thread::RealThread;
use crate::dispatch::Entered;

const TIMER_STACK_BYTES: usize = 1 << 20;
/// How long the end of a run waits for the action that runs just then.
const LAST_ACTION_MAX: Duration = Duration::from_secs(1);

type Action = Box<dyn FnOnce() + Send>;

struct Pending {
    deadline: Instant,
    /// Among equal deadlines, the order in which they were armed.
    number: u64,
    action: Action,
}

impl Ord for Pending {
    /// The earliest is the greatest, as the heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.deadline, other.number).cmp(&(self.deadline, self.number))
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pending {}

#[derive(Default)]
struct State {
    pending: BinaryHeap<Pending>,
    armed: u64,
    running: bool,
    closed: bool,
    lateness_max: Duration,
    /// The timer thread waits for a deadline, or for one to be armed.
    waits: bool,
    /// When it woke last.
    woke: Option<Instant>,
}

/// The timers of one run.
#[derive(Default)]
pub(super) struct Timer {
    state: Mutex<State>,
    /// Told when an earlier deadline is armed, at the end, and when the timer thread has ended.
    changed: Condvar,
}

/// Has `action` run on the run's timer thread when `delay` has passed, in the order of their
/// deadlines. Never waits. Dropped if the run is over by then.
///
/// The action delays all others: it must not wait and must not use labrt's waits.
pub fn after(run: &Arc<RealRun>, delay: Duration, action: impl FnOnce() + Send + 'static) {
    let Some(deadline) = Instant::now().checked_add(delay) else { return };
    let action: Action = Box::new(action);
    let timer = run.timer();
    let mut state = timer.state.lock();
    if state.closed {
        drop(state); // before what the action owns
        return;
    }
    let number = state.armed;
    state.armed += 1;
    let is_first = state.pending.peek().is_none_or(|first| deadline < first.deadline);
    state.pending.push(Pending { deadline, number, action });
    let must_start = !std::mem::replace(&mut state.running, true);
    drop(state);
    if must_start {
        start(run);
    } else if is_first {
        timer.changed.notify_all();
    }
}

fn start(run: &Arc<RealRun>) {
    let job = {
        let run = run.clone();
        Box::new(move |seat: &Arc<Seat>| {
            work(&RealThread::of_host(&run, seat, "timer"));
            None
        })
    };
    if let Err(refusal) = pool::submit(TIMER_STACK_BYTES, job) {
        run.timer().state.lock().running = false;
        run.stop_for_want_of_threads(&format!("the system refused the timer thread: {refusal}"));
    }
}

fn work(thread: &RealThread) {
    // SAFETY: `_entered` is dropped at the end of this function, and `thread` is borrowed longer.
    let _entered = unsafe { Entered::real_time(thread) };
    let timer = thread.run().timer();
    while let Some(action) = timer.next_action() {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(action)) {
            thread.ended_by(&*payload);
        }
    }
    timer.state.lock().running = false;
    timer.changed.notify_all();
}

impl Timer {
    /// Waits for the next deadline; `None` when the run is over.
    fn next_action(&self) -> Option<Action> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            let deadline = state.pending.peek().map(|first| first.deadline);
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return state.pending.pop().map(|pending| pending.action);
            }
            state.waits = true;
            let is_due = match deadline {
                Some(deadline) => self.changed.wait_until(&mut state, deadline).timed_out(),
                None => {
                    self.changed.wait(&mut state);
                    false
                }
            };
            let woke = Instant::now();
            state.waits = false;
            state.woke = Some(woke);
            if let Some(deadline) = deadline.filter(|_| is_due) {
                state.lateness_max = state.lateness_max.max(woke - deadline);
            }
        }
    }

    /// No further action runs; waits for the one that does.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.changed.notify_all();
        let deadline = Instant::now() + LAST_ACTION_MAX;
        while state.running && !self.changed.wait_until(&mut state, deadline).timed_out() {}
        let dropped = std::mem::take(&mut state.pending);
        drop(state); // before what the actions own
        drop(dropped);
    }

    /// When the timer thread woke last; `None` while it waits, or if it never has.
    pub(super) fn awake_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        state.woke.filter(|_| !state.waits)
    }

    /// By how much the timer thread woke late, at worst.
    pub(super) fn lateness_max(&self) -> Duration {
        self.state.lock().lateness_max
    }
}
