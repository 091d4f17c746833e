//! How one OS thread waits and is woken: a token, a short spin that learns, then `thread::park`.
//!
//! Waking a sleeping thread on another core is what a hand-off costs: two kernel entries and, on
//! an idle core, an interrupt. A waiter therefore looks at its token for a short while first. The
//! look is worth something only if the waker really runs on another core at that moment, so each
//! seat learns: after a look in vain it waits in the kernel at once the next time, then three
//! times, seven times, up to some thousand times in a row. Pinned to one core, or on a loaded
//! machine, nearly no look takes place. At most half of the cores look at once.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::condition::ConditionSlot;

/// Nobody waits, nothing to tell.
const EMPTY: u32 = 0;
/// The owner must go on. Stays set until the owner looks.
const NOTIFIED: u32 = 1;
/// The owner looks at its token without sleeping, and holds one of [`SPINNERS`].
const SPINNING: u32 = 2;
/// The owner sleeps, or is about to.
const PARKED: u32 = 3;

/// How long a waiter looks before it sleeps: about what a wake-up across cores costs.
const SPIN_MAX: Duration = Duration::from_micros(50);
/// Looks between two readings of the clock.
const SPINS_PER_CLOCK_READING: u32 = 32;
/// After this many looks in vain in a row, one wait in `1 << VAIN_MAX` looks.
const VAIN_MAX: u32 = 10;

/// How many seats look just now, in the whole process.
static SPINNERS: AtomicUsize = AtomicUsize::new(0);

fn spinners_max() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(|| std::thread::available_parallelism().map_or(1, |cores| cores.get()) / 2)
}

/// What a wait is for. Each kind learns for itself whether looking pays.
#[derive(Clone, Copy, Debug)]
pub(super) enum WaitFor {
    /// An idle pooled thread waits for a job.
    Job,
    /// A lab thread waits for a value from another.
    Value,
    /// Nothing that is expected soon: a sleep, a timer.
    Time,
}

/// One kind's memory of looks in vain. Only the owner writes; atomics because seats are shared.
#[derive(Default)]
struct Looks {
    vain: AtomicU32,
    skip: AtomicU32,
}

impl Looks {
    fn allowed(&self) -> bool {
        let skip = self.skip.load(Relaxed);
        if 0 < skip {
            self.skip.store(skip - 1, Relaxed);
        }
        skip == 0
    }

    fn paid(&self) {
        self.vain.store(0, Relaxed);
    }

    fn in_vain(&self) {
        let vain = (self.vain.load(Relaxed) + 1).min(VAIN_MAX);
        self.vain.store(vain, Relaxed);
        self.skip.store((1 << vain) - 1, Relaxed);
    }
}

/// The place of one OS thread in labrt: others wake it here, whatever it waits for.
pub(super) struct Seat {
    token: AtomicU32,
    owner: Thread,
    looks: [Looks; 2],
    /// The condition variable that the owner waits on, while it does.
    pub(super) condition: ConditionSlot,
}

impl Seat {
    /// A seat for the current OS thread.
    pub(super) fn of_current() -> Self {
        Self {
            token: AtomicU32::new(EMPTY),
            owner: std::thread::current(),
            looks: Default::default(),
            condition: ConditionSlot::default(),
        }
    }

    /// Lets the owner's current or next [`Seat::wait`] return. Never waits.
    pub(super) fn wake(&self) {
        match self.token.swap(NOTIFIED, AcqRel) {
            PARKED => self.owner.unpark(),
            // The permit goes back here and not at the owner: the waker may want it next.
            SPINNING => drop(SPINNERS.fetch_sub(1, Relaxed)),
            _ => {}
        }
    }

    /// Waits for [`Seat::wake`] or for `deadline`; only by the owner. Returns whether it was
    /// woken. A wake-up may be an old one: the caller looks again at what it waits for.
    pub(super) fn wait(&self, what: WaitFor, deadline: Option<Instant>) -> bool {
        if self.take_token() {
            return true;
        }
        let looks = match what {
            WaitFor::Job => Some(&self.looks[0]),
            WaitFor::Value => Some(&self.looks[1]),
            WaitFor::Time => None,
        };
        if let Some(looks) = looks
            && looks.allowed()
            && self.look(looks)
        {
            return true;
        }
        self.sleep(deadline)
    }

    fn take_token(&self) -> bool {
        self.token.load(Relaxed) == NOTIFIED && {
            // A swap, not a store: it synchronises with every waker that found the token set.
            self.token.swap(EMPTY, AcqRel);
            true
        }
    }

    fn look(&self, looks: &Looks) -> bool {
        let permit = SPINNERS.fetch_update(Relaxed, Relaxed, |spinners| {
            (spinners < spinners_max()).then_some(spinners + 1)
        });
        if permit.is_err() {
            return false;
        }
        if self.token.compare_exchange(EMPTY, SPINNING, AcqRel, Acquire).is_err() {
            SPINNERS.fetch_sub(1, Relaxed);
            return self.take_token();
        }
        let begin = Instant::now();
        loop {
            for _ in 0..SPINS_PER_CLOCK_READING {
                if self.take_token() {
                    looks.paid();
                    return true;
                }
                std::hint::spin_loop();
            }
            if SPIN_MAX <= begin.elapsed() {
                break;
            }
        }
        looks.in_vain();
        if self.token.compare_exchange(SPINNING, EMPTY, AcqRel, Acquire).is_ok() {
            SPINNERS.fetch_sub(1, Relaxed);
            return false;
        }
        self.take_token()
    }

    fn sleep(&self, deadline: Option<Instant>) -> bool {
        if self.token.compare_exchange(EMPTY, PARKED, AcqRel, Acquire).is_err() {
            return self.take_token();
        }
        loop {
            match deadline {
                None => std::thread::park(),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        let still = self.token.compare_exchange(PARKED, EMPTY, AcqRel, Acquire);
                        return still.is_err() && self.take_token();
                    }
                    std::thread::park_timeout(left);
                }
            }
            if self.take_token() {
                return true;
            }
        }
    }
}
