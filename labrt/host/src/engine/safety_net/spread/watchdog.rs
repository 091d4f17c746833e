//! The one thread of the process that watches all runs for those that take no steps any more.
//!
//! It judges by the CPU time of the simulating thread: a loaded machine gives it less, and then
//! judges it later. A thread that waits in the system uses none; its waiting is counted only while
//! the system says that it sleeps, and in the watchdog's own looks, so that a process that was
//! suspended, or stopped by a debugger, or given no processor, has waited for nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::heartbeat::Heartbeat;
use super::judge::{Judge, Seen};
use super::mailbox::Mailbox;
use super::{GivenUp, Tell};
use crate::backtraces::{self, LabFrame};
use crate::engine::state::Engine;
use crate::failure::FailureKind;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How much longer a thread may wait than compute, by `Limits::stuck`.
const WAITING_FACTOR: u32 = 4;
/// How long a good moment is waited for: an answer, since the framework may be reading the line
/// tables of a large program for a panic's backtrace; one from lab code; one to stop the thread at.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const NAME_WITHIN: Duration = Duration::from_secs(10);
const STOP_WITHIN: Duration = Duration::from_secs(1);

struct Run {
    heartbeat: Arc<Heartbeat>,
    engine: EngineAddress,
    tell: Tell,
    quiet: Quiet,
}

/// To be followed only while the run's thread stands still in a signal handler: then nobody else
/// touches the engine, and it can not end.
#[derive(Clone, Copy)]
struct EngineAddress(*const Engine);

// SAFETY: see there.
unsafe impl Send for EngineAddress {}

/// How long a run has taken no step.
#[derive(Default)]
struct Quiet {
    pulse: (u64, u64),
    /// CPU time of its thread when that was first seen, and at the last look.
    cpu_first: Option<Duration>,
    cpu_last: Option<Duration>,
    slept: Duration,
}

/// Why a run is looked at more closely.
#[derive(Clone, Copy)]
enum Suspicion {
    Silent(Silence),
    Overflowed,
}

/// What the thread seems to have done without a step, and for how long.
#[derive(Clone, Copy)]
enum Silence {
    Computes(Duration),
    Waits(Duration),
}

static RUNS: Mutex<Vec<Run>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();

/// Starts the thread; whether the system allowed it.
pub(super) fn start() -> bool {
    let watch_for_ever = || {
        loop {
            // A mistake in here must not end the watch.
            let _ = catch_unwind(AssertUnwindSafe(watch_all));
        }
    };
    std::thread::Builder::new().name("lab-watchdog".to_owned()).spawn(watch_for_ever).is_ok()
}

pub(super) fn watch(engine: &Engine, tell: Tell) {
    let mut runs = RUNS.lock();
    runs.push(Run {
        heartbeat: engine.heartbeat.clone(),
        engine: EngineAddress(engine),
        tell,
        quiet: Quiet::default(),
    });
    if runs.len() == 1 {
        CHANGED.notify_one();
    }
}

pub(super) fn forget(heartbeat: &Arc<Heartbeat>) -> Option<Tell> {
    let mut runs = RUNS.lock();
    let position = runs.iter().position(|run| Arc::ptr_eq(&run.heartbeat, heartbeat))?;
    Some(runs.swap_remove(position).tell)
}

fn watch_all() {
    let mut judge = Judge::default();
    loop {
        let looked_at = Instant::now();
        std::thread::sleep(LOOK_EVERY);
        let mut suspects = Vec::new();
        {
            let mut runs = RUNS.lock();
            while runs.is_empty() {
                CHANGED.wait(&mut runs);
            }
            // Whatever kept this thread away may have kept the others away.
            let passed = looked_at.elapsed().min(2 * LOOK_EVERY);
            for run in runs.iter_mut() {
                if let Some(suspicion) = run.quiet.look(&run.heartbeat, passed) {
                    suspects.push((run.heartbeat.clone(), run.engine, suspicion));
                }
            }
        }
        for (heartbeat, engine, suspicion) in suspects {
            let given_up = match suspicion {
                Suspicion::Overflowed => Some(overflowed(&heartbeat, engine, &mut judge)),
                Suspicion::Silent(silence) => examine(&heartbeat, engine, silence, &mut judge),
            };
            match given_up {
                Some(given_up) => give_up(&heartbeat, given_up),
                None => heartbeat.sign_of_life(), // suspected anew only after another while
            }
        }
    }
}

fn give_up(heartbeat: &Arc<Heartbeat>, given_up: GivenUp) {
    if let Some(tell) = forget(heartbeat) {
        // Whoever started the run waits for one of its two ends.
        let _ = tell.send(given_up);
    }
}

impl Quiet {
    fn look(&mut self, heartbeat: &Heartbeat, passed: Duration) -> Option<Suspicion> {
        if heartbeat.mailbox.has_overflowed() {
            return Some(Suspicion::Overflowed);
        }
        let pulse = heartbeat.pulse();
        if pulse != self.pulse {
            *self = Self { pulse, ..Self::default() };
            return None;
        }
        let cpu = heartbeat.cpu_time()?;
        let computed = cpu.saturating_sub(*self.cpu_first.get_or_insert(cpu));
        let idle = self.cpu_last.replace(cpu) == Some(cpu);
        if heartbeat.stuck <= computed {
            return Some(Suspicion::Silent(Silence::Computes(computed)));
        }
        if idle && heartbeat.is_asleep() {
            self.slept += passed;
        }
        (heartbeat.stuck * WAITING_FACTOR <= self.slept)
            .then_some(Suspicion::Silent(Silence::Waits(self.slept)))
    }
}

/// Asks the thread until it is seen where its line can be told, and it can be stopped; `None` if
/// it lives.
fn examine(
    heartbeat: &Heartbeat,
    engine: EngineAddress,
    why: Silence,
    judge: &mut Judge,
) -> Option<GivenUp> {
    let began = Instant::now();
    let pulse = heartbeat.pulse();
    let mut named: Option<(Instant, GivenUp)> = None;
    loop {
        if heartbeat.mailbox.has_overflowed() {
            return Some(overflowed(heartbeat, engine, judge));
        }
        let stands_still = Mailbox::ask(heartbeat);
        if heartbeat.pulse() != pulse {
            return None;
        }
        if let Some(stands_still) = stands_still {
            let seen = judge.look(stands_still.addresses());
            let waits = matches!(why, Silence::Waits(_));
            if waits && seen.in_std_io {
                return None;
            }
            if named.is_none() && (seen.engine_is_whole || NAME_WITHIN < began.elapsed()) {
                named = Some((Instant::now(), stuck(engine, why, &seen)));
            }
            // What sleeps in the system is no worse for sleeping there for ever.
            if named.is_some() && (waits || seen.may_stop) {
                stands_still.stop();
                return named.map(|(_, given_up)| given_up);
            }
        }
        match &named {
            Some((at, _)) if STOP_WITHIN < at.elapsed() => {
                return named.map(|(_, given_up)| given_up);
            }
            None if ANSWER_WITHIN < began.elapsed() => {
                let message = "it answers no question where it is".to_owned();
                return Some(GivenUp::unseen(heartbeat, FailureKind::Stuck, message, None));
            }
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// The run of a thread that stands still, and was seen there.
fn stuck(engine: EngineAddress, why: Silence, seen: &Seen) -> GivenUp {
    let frames = seen.frames();
    let frame = backtraces::frame_to_name(&frames);
    let place = frame.map_or("in code whose lines are not known".to_owned(), LabFrame::in_words);
    let message = match why {
        Silence::Waits(slept) => format!(
            "it waits {place}, for {:.1} s of wall time now\n\
            no other lab thread runs while it does, so none can end it\n\
            is it a lock, channel or join of std? use those of labrt",
            slept.as_secs_f64()
        ),
        Silence::Computes(computed) => format!(
            "it is {place}, and has reached no scheduling point for {:.1} s of CPU time\n\
            does a loop there wait for what only another thread can do?",
            computed.as_secs_f64()
        ),
    };
    end(engine, FailureKind::Stuck, message, &frames, seen)
}

/// The run of a thread that stands still since its stack is used up.
fn overflowed(heartbeat: &Heartbeat, engine: EngineAddress, judge: &mut Judge) -> GivenUp {
    let seen = judge.look(heartbeat.mailbox.addresses());
    let frames = seen.frames();
    let frame = backtraces::recurring_frame(&frames);
    let place = frame.map_or("in code whose lines are not known".to_owned(), LabFrame::in_words);
    let message = format!(
        "its {} KiB of stack are used up {place}\ndoes a function there call itself without end?",
        heartbeat.stack_bytes >> 10
    );
    let given_up = end(engine, FailureKind::StackOverflow, message, &frames, &seen);
    if !seen.may_stop {
        given_up.abort();
    }
    given_up
}

fn end(
    engine: EngineAddress,
    kind: FailureKind,
    message: String,
    frames: &[LabFrame],
    seen: &Seen,
) -> GivenUp {
    let backtrace = (!frames.is_empty()).then(|| backtraces::in_lines(frames));
    // SAFETY: the thread stands still, see `EngineAddress`.
    let engine = unsafe { &*engine.0 };
    match seen.engine_is_whole {
        true => GivenUp::seen(engine, kind, message, backtrace),
        // The engine may be in the middle of something.
        false => GivenUp::unseen(&engine.heartbeat, kind, message, backtrace),
    }
}
