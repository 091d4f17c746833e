//! The process-wide pool of OS threads that carries every lab thread under the real clock.
//!
//! A job never waits for a free worker: if none is idle, a new OS thread is made. The worker that
//! became idle last is taken first, so its stack and caches are warm, and those never taken
//! collect at the bottom of the stack, from where a janitor sends them home. An idle worker waits
//! without a time limit of its own: arming one costs half as much as the wait itself.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::seat::{Seat, WaitFor};

/// What a worker does once. It gets the worker's seat, and returns whom to wake when the worker
/// is idle again: woken earlier, that thread could want a worker before this one is to be had.
pub(super) type Job = Box<dyn FnOnce(&Arc<Seat>) -> Option<Arc<Seat>> + Send>;

/// A worker that got no job for one to two of these leaves.
const JANITOR_PERIOD: Duration = Duration::from_secs(5);

/// What the system shows for pooled threads; lab names stay with lab threads.
const WORKER_NAME: &str = "lab";
const JANITOR_NAME: &str = "lab janitor";
const JANITOR_STACK_BYTES: usize = 64 << 10;

enum Order {
    Run(Job),
    Leave,
}

struct Worker {
    seat: Arc<Seat>,
    order: Mutex<Option<Order>>,
    stack_bytes: usize,
}

impl Worker {
    fn give(&self, order: Order) {
        *self.order.lock() = Some(order);
        self.seat.wake();
    }

    fn next_order(&self) -> Order {
        loop {
            self.seat.wait(WaitFor::Job, None);
            if let Some(order) = self.order.lock().take() {
                return order;
            }
        }
    }
}

struct Pool {
    /// The last one became idle last.
    idle: Vec<Arc<Worker>>,
    /// So many at the bottom were not taken since the janitor looked.
    untouched: usize,
    janitor: bool,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { idle: Vec::new(), untouched: 0, janitor: false });

impl Pool {
    fn take(&mut self, stack_bytes: usize) -> Option<Arc<Worker>> {
        let position = self.idle.iter().rposition(|worker| stack_bytes <= worker.stack_bytes)?;
        self.untouched = self.untouched.min(position);
        Some(self.idle.remove(position))
    }
}

/// Runs `job` at once on a thread with at least `stack_bytes` of stack.
///
/// Fails only if the system refuses a new thread; the job is dropped then, here.
pub(super) fn submit(stack_bytes: usize, job: Job) -> io::Result<()> {
    let worker = POOL.lock().take(stack_bytes);
    if let Some(worker) = worker {
        worker.give(Order::Run(job));
        return Ok(());
    }
    let work = move || work(stack_bytes, job);
    let builder = std::thread::Builder::new().name(WORKER_NAME.into()).stack_size(stack_bytes);
    builder.spawn(work).map(drop)
}

fn work(stack_bytes: usize, first: Job) {
    let seat = Arc::new(Seat::of_current());
    let worker = Arc::new(Worker { seat, order: Mutex::new(None), stack_bytes });
    let mut job = first;
    loop {
        let wake = job(&worker.seat);
        become_idle(&worker);
        if let Some(seat) = wake {
            seat.wake();
        }
        match worker.next_order() {
            Order::Run(next) => job = next,
            Order::Leave => return,
        }
    }
}

fn become_idle(worker: &Arc<Worker>) {
    let must_start_janitor = {
        let mut pool = POOL.lock();
        pool.idle.push(worker.clone());
        !std::mem::replace(&mut pool.janitor, true)
    };
    if must_start_janitor {
        let builder = std::thread::Builder::new().name(JANITOR_NAME.into());
        if builder.stack_size(JANITOR_STACK_BYTES).spawn(janitor).is_err() {
            POOL.lock().janitor = false; // the next worker tries again
        }
    }
}

fn janitor() {
    loop {
        std::thread::sleep(JANITOR_PERIOD);
        let leaving: Vec<_> = {
            let mut pool = POOL.lock();
            let untouched = pool.untouched;
            let leaving = pool.idle.drain(..untouched).collect();
            pool.untouched = pool.idle.len();
            pool.janitor = !pool.idle.is_empty();
            if !pool.janitor {
                drop(pool);
                dismiss(leaving);
                return;
            }
            leaving
        };
        dismiss(leaving);
    }
}

fn dismiss(workers: Vec<Arc<Worker>>) {
    for worker in workers {
        worker.give(Order::Leave);
    }
}
