//! Compiling a mutant: by the very commands by which cargo compiled the reference, with other
//! sources, and without what does not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab_mutants::{apply, without_assertions};

use super::candidate::Candidate;
use super::error::MutantsError;
use super::recorder::{Recorded, VARIABLE};
use crate::error::{GradeError, Indented};

/// The crates under test, each with its folder, before those that depend on them.
const CRATES: [(&str, &str); 2] = [("raft", "raft"), ("kvraft", "kvraft")];
/// The binary that binds them to the battery.
const BATTERY: &str = "battery";
/// How many lines are shown of what a compiler or cargo says.
const LINES_SHOWN: usize = 24;

/// What is needed to compile a mutant.
#[derive(Debug)]
pub(crate) struct Kit {
    workspace: PathBuf,
    /// Where mutants are compiled.
    folder: PathBuf,
    /// In the order in which they are compiled.
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    /// Relative to the workspace; nothing for the battery, which does not change.
    sources: Option<&'static str>,
    recorded: Recorded,
}

/// What becomes of a mutant at the compiler's hands.
#[derive(Debug)]
pub(crate) enum Attempt {
    Built { battery: PathBuf, took: Duration },
    DoesNotCompile { said: String },
}

impl Drop for Kit {
    /// Removes what was compiled. Another process at work in the same workspace has lanes of its
    /// own.
    fn drop(&mut self) {
        let own = format!("process{}-", std::process::id());
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&own) {
                // What cannot be removed is overwritten by nobody, and read by nobody.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Kit {
    /// Has cargo build the reference, and keeps how it did.
    pub(crate) fn prepare(workspace: &Path) -> Result<Self, GradeError> {
        let no_files = |path: &Path| {
            let path = path.to_owned();
            move |source| MutantsError::NoFiles { path, source }
        };
        let workspace = fs::canonicalize(workspace).map_err(no_files(workspace))?;
        let folder = workspace.join("target/mutants/kit");
        let records = folder.join("recorded");
        fs::create_dir_all(&records).map_err(no_files(&records))?;

        let recorder = recorder(&folder)?;
        build_reference(&workspace, &recorder, &records)?;
        let mut steps = read_steps(&workspace, &records)?;
        if steps.is_none() {
            // Built by an earlier call whose records are gone.
            clean(&workspace, &recorder, &records)?;
            build_reference(&workspace, &recorder, &records)?;
            steps = read_steps(&workspace, &records)?;
        }
        let steps = steps.ok_or_else(|| MutantsError::NoKit {
            what: "cargo built the battery without calling the compiler".to_owned(),
            said: Indented(format!("no records in {}", records.display())),
            command: "cargo clean --profile mutants".to_owned(),
        })?;
        Ok(Self { workspace, folder, steps })
    }

    /// The names of the battery's tests.
    pub(crate) fn tests(&self) -> Result<Vec<String>, GradeError> {
        let battery = self.battery_in(&out_dir(&self.steps[self.steps.len() - 1].recorded));
        let no_listing = |why| GradeError::NoListing { path: battery.clone(), why };
        crate::battery::list(&battery)
            .map_err(|error| no_listing(error.to_string()))?
            .map_err(no_listing)
    }

    /// Compiles `candidate`, in the folder of `lane`: what an earlier mutant left there goes.
    pub(crate) fn build(
        &self,
        candidate: &Candidate<'_>,
        lane: usize,
    ) -> Result<Attempt, GradeError> {
        let began = Instant::now();
        let changed = apply(candidate.changes, &self.workspace).map_err(|source| {
            MutantsError::DoesNotFit { name: candidate.name.to_owned(), source }
        })?;
        let lane = self.folder.join(format!("process{}-lane{lane}", std::process::id()));
        let out = lane.join("out");
        let no_files = |source| MutantsError::NoFiles { path: lane.clone(), source };
        if lane.exists() {
            fs::remove_dir_all(&lane).map_err(no_files)?;
        }
        fs::create_dir_all(&out).map_err(no_files)?;
        for step in &self.steps {
            if let Some(sources) = step.sources {
                copy_sources(&self.workspace, &lane, sources, &changed).map_err(no_files)?;
            }
            let output = self.compile(step, &lane, &out).map_err(no_files)?;
            if !output.status.success() {
                return Ok(Attempt::DoesNotCompile { said: said(&output) });
            }
        }
        Ok(Attempt::Built { battery: self.battery_in(&out), took: began.elapsed() })
    }

    fn compile(&self, step: &Step, lane: &Path, out: &Path) -> std::io::Result<Output> {
        let recorded = &step.recorded;
        Command::new(&recorded.rustc)
            .args(self.arguments(step, lane, out))
            .envs(&recorded.environment)
            .current_dir(&recorded.folder)
            .stdin(Stdio::null())
            .output()
    }

    /// The recorded arguments, with the sources of the lane, and crates compiled there before
    /// those of the reference.
    fn arguments(&self, step: &Step, lane: &Path, out: &Path) -> Vec<String> {
        let shown = |path: &Path| path.display().to_string();
        let mut arguments = vec!["-L".to_owned(), format!("dependency={}", shown(out))];
        let mut recorded = step.recorded.arguments.iter().peekable();
        while let Some(argument) = recorded.next() {
            let value = recorded.peek().map(|value| value.as_str()).unwrap_or_default();
            match argument.as_str() {
                "--out-dir" => {
                    recorded.next();
                    arguments.extend(["--out-dir".to_owned(), shown(out)]);
                }
                "-C" if value.starts_with("incremental=") => {
                    recorded.next();
                }
                "--extern" => {
                    arguments.extend([argument.clone(), self.extern_crate(value, out)]);
                    recorded.next();
                }
                // For a person who reads why a mutant does not compile.
                json if json.starts_with("--error-format") || json.starts_with("--json") => {}
                emit if emit.starts_with("--emit") => arguments.push("--emit=link".to_owned()),
                source if source.ends_with(".rs") && step.sources.is_some() => {
                    let own = Path::new(source);
                    let own = own.strip_prefix(&self.workspace).unwrap_or(own);
                    arguments.push(shown(&lane.join(own)));
                }
                other => arguments.push(other.to_owned()),
            }
        }
        arguments
    }

    /// `raft=.../libraft-1234.rmeta`, if this kit compiles it, as `raft=LANE/out/libraft-1234.rlib`.
    fn extern_crate(&self, value: &str, out: &Path) -> String {
        let is_ours = |name: &str| self.steps.iter().any(|step| step.name == name);
        match value.split_once('=') {
            Some((name, file)) if is_ours(name) => {
                let file = Path::new(file).with_extension("rlib");
                let file = out.join(file.file_name().unwrap_or_default());
                format!("{name}={}", file.display())
            }
            _ => value.to_owned(),
        }
    }

    fn battery_in(&self, out: &Path) -> PathBuf {
        let arguments = &self.steps[self.steps.len() - 1].recorded.arguments;
        let suffix = arguments.iter().find_map(|one| one.strip_prefix("extra-filename="));
        out.join(format!("{BATTERY}{}{}", suffix.unwrap_or(""), std::env::consts::EXE_SUFFIX))
    }
}

/// A copy of this program: cargo builds everything anew for another recorder, and this program is
/// built often.
fn recorder(folder: &Path) -> Result<PathBuf, MutantsError> {
    let recorder = folder.join(format!("recorder{}", std::env::consts::EXE_SUFFIX));
    let no_files = |source| MutantsError::NoFiles { path: recorder.clone(), source };
    if !recorder.exists() {
        let program = std::env::current_exe().map_err(no_files)?;
        fs::copy(program, &recorder).map_err(no_files)?;
    }
    Ok(recorder)
}

fn cargo(workspace: &Path, recorder: &Path, records: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace)
        .env("RUSTC_WORKSPACE_WRAPPER", recorder)
        .env(VARIABLE, records)
        .stdin(Stdio::null());
    cargo
}

fn build_reference(workspace: &Path, recorder: &Path, records: &Path) -> Result<(), GradeError> {
    let arguments = "test --no-run --profile mutants -p lab-tests --test battery";
    let mut cargo = cargo(workspace, recorder, records);
    cargo.args(arguments.split(' '));
    run(cargo, "cargo could not build the battery", arguments)
}

fn clean(workspace: &Path, recorder: &Path, records: &Path) -> Result<(), GradeError> {
    for package in ["raft", "kvraft", "lab-tests"] {
        if workspace.join(package).exists() || package == "lab-tests" {
            let arguments = format!("clean --profile mutants -p {package}");
            let mut cargo = cargo(workspace, recorder, records);
            cargo.args(arguments.split(' '));
            run(cargo, "cargo could not forget what it has built", &arguments)?;
        }
    }
    Ok(())
}

fn run(mut cargo: Command, what: &str, arguments: &str) -> Result<(), GradeError> {
    let output = cargo.output().map_err(|source| GradeError::NoToolchain { source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(MutantsError::NoKit {
        what: what.to_owned(),
        said: Indented(said(&output)),
        command: format!("cargo {arguments}"),
    }
    .into())
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_error = |line: &&str| line.starts_with("error");
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(is_error).unwrap_or(0);
    lines[begin..].iter().take(LINES_SHOWN).copied().collect::<Vec<_>>().join("\n")
}

/// The steps, if all of them were recorded.
fn read_steps(workspace: &Path, records: &Path) -> Result<Option<Vec<Step>>, MutantsError> {
    let crates = CRATES
        .into_iter()
        .filter(|(_, folder)| workspace.join(folder).exists())
        .map(|(name, folder)| (name, Some(folder)));
    let mut steps = Vec::new();
    for (name, sources) in crates.chain([(BATTERY, None)]) {
        let path = records.join(format!("{name}.json"));
        if !path.exists() {
            return Ok(None);
        }
        let malformed = |error: String| MutantsError::NoKit {
            what: format!("the record of how {name} is compiled cannot be read"),
            said: Indented(error),
            command: "cargo clean --profile mutants".to_owned(),
        };
        let json = fs::read(&path).map_err(|error| malformed(error.to_string()))?;
        let recorded =
            serde_json::from_slice(&json).map_err(|error| malformed(error.to_string()))?;
        steps.push(Step { name, sources, recorded });
    }
    Ok(Some(steps))
}

fn out_dir(recorded: &Recorded) -> PathBuf {
    let at = recorded.arguments.iter().position(|argument| argument == "--out-dir");
    at.and_then(|at| recorded.arguments.get(at + 1)).map(PathBuf::from).unwrap_or_default()
}

/// Copies the sources of a crate into the lane: changed where they are, and without assertions.
fn copy_sources(
    workspace: &Path,
    lane: &Path,
    folder: &str,
    changed: &BTreeMap<String, String>,
) -> std::io::Result<()> {
    let root = format!("{folder}/src/lib.rs");
    let mut folders = vec![format!("{folder}/src")];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(lane.join(&folder))?;
        for entry in fs::read_dir(workspace.join(&folder))? {
            let entry = entry?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(path);
                continue;
            }
            let text = match changed.get(&path) {
                Some(text) => text.clone(),
                None => fs::read_to_string(entry.path())?,
            };
            let text = if path == root { without_assertions(&text) } else { text };
            fs::write(lane.join(&path), text)?;
        }
    }
    Ok(())
}
