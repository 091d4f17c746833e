//! What is left of a run that could not be ended from within.

use std::time::Duration;

use super::heartbeat::Heartbeat;
use crate::config::Clock;
use crate::engine::safety_net::GivenUp;
use crate::engine::state::Engine;
use crate::engine::task::NOBODY;
use crate::failure::{Failure, FailureKind};
use crate::outcome::RunReport;

impl GivenUp {
    /// Of an engine whose thread stands still, outside of `Engine::with`.
    pub(super) fn seen(
        engine: &Engine,
        kind: FailureKind,
        message: String,
        backtrace: Option<String>,
    ) -> Self {
        engine.with(|s| {
            let (thread, machine) = s.names_of_running();
            let failure = Failure {
                thread: (s.running != NOBODY).then_some(thread),
                machine,
                at: Duration::from_nanos(s.now),
                threads: s.thread_reports(),
                backtrace,
                ..Failure::of_the_run(kind, message)
            };
            Self {
                // The first failure stands, also if the run does not survive its own clearing up.
                failure: s.failure.clone().unwrap_or(failure),
                findings: s.findings.clone(),
                trace: s.trace.clone(),
                report: RunReport {
                    seed: s.config.seed,
                    clock: Clock::Virtual,
                    elapsed: Duration::from_nanos(s.now),
                    steps: s.steps,
                    event_hash: s.hash,
                    spawned: s.spawned,
                    live_max: s.live_max,
                    leaked: s.leaked + s.live as u64,
                    timer_lateness_max: Duration::ZERO,
                },
            }
        })
    }

    /// Of an engine that can not be looked at.
    pub(super) fn unseen(
        heartbeat: &Heartbeat,
        kind: FailureKind,
        message: String,
        backtrace: Option<String>,
    ) -> Self {
        Self {
            failure: Failure { backtrace, ..Failure::of_the_run(kind, message) },
            findings: Vec::new(),
            trace: None,
            report: RunReport {
                seed: heartbeat.seed,
                clock: Clock::Virtual,
                elapsed: Duration::ZERO,
                steps: heartbeat.steps(),
                event_hash: 0,
                spawned: 0,
                live_max: 0,
                leaked: 1,
                timer_lateness_max: Duration::ZERO,
            },
        }
    }

    /// Ends the process: the thread that stands still holds a lock of the system's, malloc's as a
    /// rule, that nobody could ever release. The failure goes to stderr, whose own lock in std may
    /// be another of those.
    pub(super) fn abort(&self) -> ! {
        let text = format!(
            "seed {} under the Virtual clock: {}the process can not go on: the stack ended inside a library, in malloc as a rule\n",
            self.report.seed, self.failure
        );
        // SAFETY: the kernel only reads the text; `abort` does not come back.
        unsafe {
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::abort()
        }
    }
}
