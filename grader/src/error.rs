//! What stops a grading. What a single run does wrong is a verdict, never an error.
//!
//! Each text says, in this order: what broke, the facts, what to run, what it means.

use std::fmt;
use std::path::PathBuf;

use crate::compile::CompileError;
use crate::handout::HandoutError;
use crate::mutants::error::MutantsError;
use crate::sandbox::Level;

/// Why there is nothing, or no more, to judge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GradeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Stress(#[from] StressError),
    #[error(transparent)]
    Mutants(#[from] MutantsError),
    #[error(transparent)]
    Handout(#[from] HandoutError),
    #[error("{0}")]
    Compile(CompileError),
    #[error(
        "error[toolchain]: cargo cannot be started: {source}\n\
         run     curl https://sh.rustup.rs -sSf | sh        or see https://rustup.rs\n\
         means   no test was run; exit code 120"
    )]
    NoToolchain { source: std::io::Error },
    #[error(
        "error[battery]: cargo could not build the battery, and names no error in the code\n\
         {said}\n\
         run     {command}\n\
         means   no test was run; exit code 121"
    )]
    CargoFailed { said: Indented, command: String },
    #[error(
        "error[battery]: `{}` does not list its tests: {why}\n\
         run     {} --list\n\
         means   no test was run; exit code 121",
        path.display(), path.display()
    )]
    NoListing { path: PathBuf, why: String },
    #[error(
        "error[machine]: no process can be started here: {source}\n\
         run     the same command with a smaller --jobs and --real-jobs\n\
         means   the grading is not complete; exit code 122"
    )]
    NoProcess { source: std::io::Error },
    #[error(
        "error[framework]: submissions cannot be graded with this framework: {what}\n{said}\n\
         run     cargo test --test battery        and mend what it says\n\
         means   nothing is said of any submission; exit code 121"
    )]
    Framework { what: &'static str, said: Indented },
    #[error(
        "error[usage]: `{}` cannot be read: {source}\n\
         run     ./grade.sh SUBMISSIONS --out RESULTS\n\
         means   nothing was graded; exit code 3",
        path.display()
    )]
    NoSubmissions { path: PathBuf, source: std::io::Error },
    #[error(
        "error[sandbox]: the sandbox here is `{reached}`, and `{required}` was asked for\n  \
         the next level cannot be reached: {why}\n\
         run     the same command with --require-sandbox {reached}, or on another machine\n\
         means   no test was run; exit code 122"
    )]
    Sandbox { reached: Level, required: Level, why: String },
    #[error(
        "error[results]: `{}` cannot be written: {source}\n\
         run     the same command with a --json FILE in a folder that can be written to\n\
         means   the table above is complete; exit code 123",
        path.display()
    )]
    NoResults { path: PathBuf, source: std::io::Error },
}

/// What is wrong with the file of points, or with how it fits the battery.
#[derive(Debug, thiserror::Error)]
#[error(
    "error[config]: {what}\n{facts}\nrun     {mend}, then the same command again\nmeans   nothing was graded and no result was changed; exit code 3"
)]
pub(crate) struct ConfigError {
    pub(crate) what: String,
    pub(crate) facts: Indented,
    pub(crate) mend: String,
}

/// What is wrong with what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelectionError {
    #[error(
        "error[usage]: there is no part and no test `{asked}`\n\
         {known}\n\
         run     ./grade.sh --help\n\
         means   nothing was graded; exit code 3"
    )]
    Unknown { asked: String, known: Indented },
    #[error(
        "error[usage]: `{asked}` names no single test\n\
         {known}\n\
         run     the same command with the full name of one of them\n\
         means   nothing was run; exit code 3"
    )]
    NotOneTest { asked: String, known: Indented },
    #[error(
        "error[usage]: the secret in `{}` has {bytes} bytes\n  \
         with fewer than 16 it could be guessed from the seeds that are published\n\
         run     head -c 32 /dev/urandom > {}\n\
         means   nothing was graded; exit code 3",
        path.display(), path.display()
    )]
    Secret { path: PathBuf, bytes: usize },
    #[error(
        "error[usage]: {why}\n\
         run     {instead}\n\
         means   nothing was graded; exit code 3"
    )]
    Flags { why: String, instead: &'static str },
    #[error(
        "error[selection]: nothing to grade: {why}\n\
         run     ./grade.sh        without a part, to grade all there is\n\
         means   nothing was graded; exit code 4"
    )]
    Nothing { why: String },
}

/// What is wrong with shares and with files of results of stress runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StressError {
    #[error(
        "error[usage]: the variables of {name} do not say which share this is\n  \
         {why}\n\
         run     the same command with --shard I/N, or with --shards N for the number alone\n\
         means   nothing was run; exit code 3"
    )]
    Variables { name: &'static str, why: String },
    #[error(
        "error[usage]: no variable says which of the {shards} shares this is\n\
         run     the same command with --shard I/{shards}\n\
         means   nothing was run; exit code 3"
    )]
    NoIndex { shards: u64 },
    #[error(
        "error[usage]: there are results in `{}` already\n\
         run     the same command with --resume, to go on with them, or with another --out\n\
         means   nothing was run and no result was changed; exit code 3",
        folder.display()
    )]
    Exists { folder: PathBuf },
    #[error(
        "error[results]: `{}` and `{}` are not of one thing\n{differences}\n\
         run     the runs again with one battery, given to all by --battery FILE\n\
         means   nothing was counted and no result was changed; exit code 3",
        one.display(), other.display()
    )]
    Mixed { one: PathBuf, other: PathBuf, differences: Indented },
    #[error(
        "error[results]: `{}` cannot be read: {why}\n\
         run     the same command with a folder that `./grade.sh stress` has written\n\
         means   nothing was counted and no result was changed; exit code 3",
        path.display()
    )]
    NotRead { path: PathBuf, why: String },
    #[error(
        "error[results]: `{}` cannot be written: {source}\n\
         run     the same command with an --out DIR that can be written to\n\
         means   what was written before is whole; exit code 123",
        path.display()
    )]
    NotWritten { path: PathBuf, source: std::io::Error },
}

/// Text whose lines are shown two columns in.
#[derive(Debug)]
pub(crate) struct Indented(pub(crate) String);

impl fmt::Display for Indented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.lines().enumerate() {
            if 0 < number {
                f.write_str("\n")?;
            }
            write!(f, "  {line}")?;
        }
        Ok(())
    }
}
