//! Builds the battery, and turns cargo's messages into one that a student can read.

use std::fmt;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::{GradeError, Indented};

/// How many places of errors are shown.
const PLACES_MAX: usize = 12;

/// Builds the battery of this workspace, and says where its binary is.
pub(crate) fn build(workspace: &Path) -> Result<PathBuf, GradeError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace)
        .args(["test", "--release", "--no-run", "-p", "lab-tests", "--test", "battery"])
        .args(["--message-format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
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

        let shown = &self.errors[..self.errors.len().min(PLACES_MAX)];
        let width = shown.iter().filter_map(|error| error.place.as_ref()).map(String::len).max();
        for error in shown {
            let place = error.place.as_deref().unwrap_or("-");
            write!(f, "\n  {place:width$}  {}", error.text, width = width.unwrap_or(1))?;
        }
        if shown.len() < self.errors.len() {
            write!(f, "\n  and {} more", self.errors.len() - shown.len())?;
        }
        for (number, (package, _)) in packages.iter().enumerate() {
            let title = if number == 0 { "run     " } else { "        " };
            write!(f, "\n{title}cargo check -p {package}")?;
        }
        write!(f, "\nmeans   no test was run; exit code 5")
    }
}

#[derive(Default)]
struct Built {
    binary: Option<PathBuf>,
    errors: Vec<CodeError>,
}

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact { target: Target, executable: Option<PathBuf> },
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
    fn hear(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Message::Artifact { target, executable: Some(binary) })
                if target.name == "battery" =>
            {
                self.binary = Some(binary);
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
        CodeError { package, place, text: text.lines().next().unwrap_or_default().to_owned() }
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
