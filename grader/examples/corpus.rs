//! The hostile and broken submissions of `tests/hostile/`, graded for real beside innocent ones.
//!
//! ```text
//! cargo run --release -p grader --example corpus                     all, under both clocks
//! cargo run --release -p grader --example corpus -- aborts is_empty  these, and an innocent one
//! ```
//!
//! Each file there is a change of the reference and what is expected of it: the status, the
//! verdicts that its runs may have, and a text that the grader must say of it. The innocent ones
//! are the reference as it is; they must have all points, whoever is graded beside them.
//! The exit code is 0 if everything is as expected. It takes a quarter of an hour and more: each one
//! is compiled. `tests/corpus.rs` looks that each can still be written.

#[path = "support/specimen.rs"]
mod specimen;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;
use specimen::Specimen;

/// The one in the middle is enough beside a few.
const INNOCENT: [&str; 3] = ["m_innocent", "a_innocent", "z_innocent"];
/// A test that only looks who leads, one that gives commands, and one that would pass also if it
/// could not read a message.
const TESTS: [&str; 3] = ["initial_election", "basic_agree", "kill_ends_threads"];

fn main() -> ExitCode {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = std::env::var_os("LAB_WORKSPACE").map_or_else(own, PathBuf::from);
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let specimens: Vec<Specimen> = Specimen::all(&root.join("grader/tests/hostile"))
        .into_iter()
        .filter(|specimen| asked.is_empty() || asked.contains(&specimen.name))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let submissions = folder.path().join("submissions");
    for specimen in &specimens {
        specimen.write(&root, &submissions);
    }
    let innocent = if asked.is_empty() { &INNOCENT[..] } else { &INNOCENT[..1] };
    for name in innocent {
        Specimen::innocent(name).write(&root, &submissions);
    }
    let out = folder.path().join("results");
    let points = points(&root, folder.path());
    let mut grader = Command::new(grader());
    grader.arg(&submissions).args(TESTS).arg("--out").arg(&out).arg("--grading").arg(&points);
    grader.args(["--runs", "1", "--require-sandbox", "namespaces"]);
    grader.env("LAB_WORKSPACE", &root);
    let status = grader.status().expect("the grader runs");

    let mut wrong = Vec::new();
    if status.code() != Some(1) && !specimens.is_empty() {
        wrong.push(format!("the grader ended with {status}, and not with exit code 1"));
    }
    for specimen in &specimens {
        let found = result(&out, &specimen.name);
        let report = out.join(&specimen.name).join("report.md");
        let report = std::fs::read_to_string(report).unwrap_or_default();
        wrong.extend(
            specimen.check(&found, &report).map(|what| format!("{}: {what}", specimen.name)),
        );
    }
    for name in innocent {
        let found = result(&out, name);
        if found["points"].as_f64() != found["points_max"].as_f64() {
            wrong.push(format!("{name} has not all points: {}", found["points"]));
        }
    }
    for what in &wrong {
        println!("wrong   {what}");
    }
    println!("{} specimens, {} findings", specimens.len(), wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn result(out: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(out.join(name).join("grading.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The file of points, with less CPU time for what does not end: a compiler, and a run.
fn points(root: &Path, folder: &Path) -> PathBuf {
    let mut text = std::fs::read_to_string(root.join("tests/grading.toml")).expect("the points");
    for (from, to) in [
        ("\ncpu_s = 300", "\ncpu_s = 60"),
        ("virtual_cpu_s = 40", "virtual_cpu_s = 10"),
        ("real_cpu_s = 120", "real_cpu_s = 20"),
        ("output_mib = 64", "output_mib = 8"),
        ("memory_mib = 2048", "memory_mib = 512"),
    ] {
        assert!(text.contains(from), "`{from}` is not in the file of points");
        text = text.replacen(from, to, 1);
    }
    let path = folder.join("points.toml");
    std::fs::write(&path, text).expect("a file");
    path
}

/// Beside this example, in the folder above. Cargo builds it for tests, and not for examples.
fn grader() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    let folder = own.parent().and_then(Path::parent).expect("the folder of the build");
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--bin", "grader", "--profile", profile])
        .status();
    assert!(built.expect("cargo runs").success(), "the grader builds");
    folder.join(format!("grader{}", std::env::consts::EXE_SUFFIX))
}
