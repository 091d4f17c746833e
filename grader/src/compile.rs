//! Builds the battery, and turns cargo's messages into one that a student can read.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::{GradeError, Indented};
use crate::verdict::clean;
use crate::worker::{Ended, How};
use crate::workspace::Library;

/// How many places of errors are shown.
const PLACES_MAX: usize = 12;

/// Builds the battery of this workspace, and says where its binary is.
pub(crate) fn build(workspace: &Path) -> Result<PathBuf, GradeError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace)
        .args(["test", "--release", "--no-run", "-p", "lab-tests", "--test", "battery"])
        .args(["--message-format", "json"])
        .stdin(Stdio::null());
    run(cargo)
}

/// Runs cargo, which must have been told to build the battery and to tell of it in JSON, and says
/// where the binary is.
pub(crate) fn run(mut cargo: Command) -> Result<PathBuf, GradeError> {
    cargo.stdout(Stdio::piped());
    // On a terminal cargo's own progress is the best there is.
    let shows_progress = std::io::stderr().is_terminal();
    cargo.stderr(if shows_progress { Stdio::inherit() } else { Stdio::piped() });

    let mut child = cargo.spawn().map_err(|source| GradeError::NoToolchain { source })?;
    let said = child.stderr.take().map(|mut stderr| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes); // for a message only
            String::from_utf8_lossy(&bytes).into_owned()
        })
    });
    let mut built = Built::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        built.hear(&line.map_err(|source| GradeError::NoToolchain { source })?);
    }
    let status = child.wait().map_err(|source| GradeError::NoToolchain { source })?;
    let said = said.and_then(|reading| reading.join().ok()).unwrap_or_default();

    match built.binary {
        Some(binary) if status.success() => Ok(binary),
        _ if !built.errors.is_empty() => {
            Err(GradeError::Compile(CompileError { errors: built.errors }))
        }
        _ => Err(GradeError::CargoFailed {
            said: Indented(last_lines(&said, status)),
            command: "cargo test --release --no-run -p lab-tests --test battery".to_owned(),
        }),
    }
}

fn last_lines(said: &str, status: std::process::ExitStatus) -> String {
    let lines: Vec<&str> = said.lines().collect();
    match lines.as_slice() {
        [] => format!("cargo ended with {}", crate::process::how_it_ended(status)),
        lines => lines[lines.len().saturating_sub(12)..].join("\n"),
    }
}

/// What the compiler found wrong.
#[derive(Debug)]
pub(crate) struct CompileError {
    errors: Vec<CodeError>,
}

#[derive(Debug)]
struct CodeError {
    package: String,
    /// File, line and column; not every error has a place.
    place: Option<String>,
    text: String,
    /// As the compiler shows it.
    rendered: Option<String>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut packages: Vec<(&str, usize)> = Vec::new();
        for error in &self.errors {
            match packages.iter_mut().find(|(package, _)| *package == error.package) {
                Some((_, count)) => *count += 1,
                None => packages.push((&error.package, 1)),
            }
        }
        let counts: Vec<String> = packages
            .iter()
            .map(|(package, count)| {
                format!("{count} {} in {package}", if *count == 1 { "error" } else { "errors" })
            })
            .collect();
        write!(f, "error[build]: the working tree does not compile: {}", counts.join(", "))?;
        self.places(f)?;
        for (number, (package, _)) in packages.iter().enumerate() {
            let title = if number == 0 { "run     " } else { "        " };
            write!(f, "\n{title}cargo check -p {package}")?;
        }
        write!(f, "\nmeans   no test was run; exit code 5")
    }
}

impl CompileError {
    fn places(&self, f: &mut impl Write) -> fmt::Result {
        let shown = &self.errors[..self.errors.len().min(PLACES_MAX)];
        let width = shown.iter().filter_map(|error| error.place.as_ref()).map(String::len).max();
        for error in shown {
            let place = error.place.as_deref().unwrap_or("-");
            write!(f, "\n  {place:width$}  {}", error.text, width = width.unwrap_or(1))?;
        }
        if shown.len() < self.errors.len() {
            write!(f, "\n  and {} more", self.errors.len() - shown.len())?;
        }
        Ok(())
    }
}

/// Why a submission does not compile, for its author.
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    /// In a few lines: places and texts.
    pub(crate) short: String,
    /// All that the compiler said.
    pub(crate) full: String,
    /// The crates of whose code it said something.
    pub(crate) crates: BTreeSet<String>,
}

/// The longest full text that is kept.
const FULL_BYTES_MAX: usize = 64 * 1024;

impl Diagnosis {
    /// From what cargo told of its errors, and how it ended.
    pub(crate) fn new(built: Built, ended: &Ended) -> Self {
        let (said, _) = ended.output.last_lines(12);
        let rendered: String = built.errors.iter().filter_map(|e| e.rendered.as_deref()).collect();
        let full = if rendered.is_empty() { said.join("\n") } else { rendered };
        let mut full = clean(&full);
        if FULL_BYTES_MAX < full.len() {
            let end = (0..FULL_BYTES_MAX).rev().find(|at| full.is_char_boundary(*at)).unwrap_or(0);
            full.truncate(end);
            full.push_str("\n(cut here: the rest is more of the same)\n");
        }
        let crates = built.errors.iter().map(|error| error.package.clone()).collect();
        let mut short = String::new();
        if let How::AtLimit(limit) = &ended.how {
            let _ = write!(short, "the compiler was stopped at its limit of {}", limit.name());
        } else if built.errors.is_empty() {
            short.push_str("the compiler ended without naming an error\n");
            short.push_str(
                &said.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"),
            );
        } else {
            let count = built.errors.len();
            let errors = if count == 1 { "error" } else { "errors" };
            let _ = write!(short, "{count} {errors}");
            let _ = CompileError { errors: built.errors }.places(&mut short); // never fails
        }
        Diagnosis { short: clean(&short), full, crates }
    }
}

/// What cargo has told so far.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) binary: Option<PathBuf>,
    libraries: Vec<Library>,
    errors: Vec<CodeError>,
}

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact { target: Target, executable: Option<PathBuf>, filenames: Vec<PathBuf> },
    #[serde(rename = "compiler-message")]
    Diagnostic { package_id: String, message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    column_start: usize,
    is_primary: bool,
    label: Option<String>,
}

impl Built {
    /// Whether the compiler has found anything wrong.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The compiled libraries of these crates.
    pub(crate) fn libraries(self, crates: &[&str]) -> Vec<Library> {
        let is_asked = |library: &Library| crates.contains(&library.krate.as_str());
        self.libraries.into_iter().filter(is_asked).collect()
    }

    /// Takes a line of cargo's JSON.
    pub(crate) fn hear(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Message::Artifact { target, executable: Some(binary), .. })
                if target.name == "battery" =>
            {
                self.binary = Some(binary);
            }
            Ok(Message::Artifact { target, filenames, .. }) => {
                let is_library = |path: &&PathBuf| path.extension().is_some_and(|e| e == "rlib");
                if let Some(path) = filenames.iter().find(is_library) {
                    self.libraries.push(Library { krate: target.name, path: path.clone() });
                }
            }
            Ok(Message::Diagnostic { package_id, message }) if message.is_of_the_code() => {
                let error = message.into_error(package_name(&package_id).to_owned());
                self.errors.push(error);
            }
            _ => {} // progress, warnings, and what a build script prints
        }
    }
}

impl Diagnostic {
    /// The compiler ends with a count of its errors, as an error.
    fn is_of_the_code(&self) -> bool {
        self.level.starts_with("error")
            && !(self.spans.is_empty() && self.message.starts_with("aborting due to"))
    }

    fn into_error(self, package: String) -> CodeError {
        let span = self.spans.into_iter().find(|span| span.is_primary);
        let place = span
            .as_ref()
            .map(|span| format!("{}:{}:{}", span.file_name, span.line_start, span.column_start));
        // Its headline says only that types differ; its label says which.
        let label = span.and_then(|span| span.label).filter(|_| self.message == "mismatched types");
        let text = label.unwrap_or(self.message);
        let text = text.lines().next().unwrap_or_default().to_owned();
        CodeError { package, place, text, rendered: self.rendered }
    }
}

/// `raft` of `path+file:///lab/raft#0.1.0` and of `path+file:///lab/other#raft@0.1.0`.
fn package_name(id: &str) -> &str {
    let (path, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next().unwrap_or(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_in_both_forms_of_its_id() {
        assert_eq!(package_name("path+file:///lab/raft#0.1.0"), "raft");
        assert_eq!(package_name("path+file:///lab/tests#lab-tests@0.1.0"), "lab-tests");
    }
}
