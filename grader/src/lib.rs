//! Runs the battery over the working tree, one process a run, and judges, scores and reports.
//!
//! `session` hands over to the command that was asked for: `grade` where none is named; `stress`,
//! `mutants`, `replay`, `handout`.
//!
//! In the order in which a grading passes through them:
//!
//! * `cli`: the flags, typed. `plan`: the flags and `tests/grading.toml` (`grading`) checked,
//!   once; afterwards nobody reads a flag. `selection`: the tests that words name.
//! * `battery`: what is run, built (`compile`: compile errors as one readable message) or given.
//! * `schedule`: which run when: virtual runs by core, real-clock runs widely overlapped, what
//!   stayed undecided repeated alone.
//! * `worker`: one process and its private pipe, within limits (`resources`, `process`).
//! * `verdict`: from how a process ended and what its record says to a verdict.
//! * `score`: from verdicts to points. `report`: from points to a table and to JSON.
//! * `mutants`: another task: measuring the battery by broken Rafts.
//! * `submissions`: the same for a folder of them: `intake` (what is taken out of one), `workspace`
//!   (a fresh copy of the framework, and the battery built in it), `foreign` and `statics` (what
//!   compiled code may not rest on), `seeds`. `sandbox`: what processes are contained by.
//! * `print`: what all of them say goes through there.
//! * `error` and `exit_code`: what can go wrong, and one match that gives each its code.
//!
//! What is deliberately absent: any dependency on student code, or on the runtime that executes
//! it. The grader must be able to distrust both, so all it shares with a battery process is
//! `lab-record`. And nothing here believes an exit code or a line of output to be a pass.

#![warn(clippy::print_stderr, clippy::print_stdout)] // `print` says why

mod battery;
mod cli;
mod compile;
mod error;
mod exit_code;
mod foreign;
mod grade;
mod grading;
mod handout;
mod intake;
mod interrupt;
mod mutants;
mod plan;
mod print;
mod process;
mod replay;
mod report;
mod resources;
mod sandbox;
mod schedule;
mod score;
mod seeds;
mod selection;
mod session;
mod statics;
mod stress;
mod submissions;
mod verdict;
mod worker;
mod workspace;

use std::process::ExitCode;

/// Parses the command line, grades, and answers with one of the documented exit codes.
pub fn main() -> ExitCode {
    // A stage of the sandbox is this binary too, and must not read the grader's flags.
    sandbox::stage().unwrap_or_else(|| ExitCode::from(session::run()))
}
