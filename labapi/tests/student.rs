//! What the compiler tells a submission: that it cannot name the hosts' side, and what is missing
//! when it breaks the contract.
//!
//! Each file in `tests/student/` is compiled as a student's crate, which depends on what a
//! student's manifest lists and nothing else. Lines that begin with `//~` must occur in the
//! compiler's output; a file without such lines must compile.
//!
//! Only our own words are looked for: the compiler's change from version to version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the manifests of `raft` and `kvraft` list of the framework.
const STUDENT_CRATES: [&str; 4] = ["labapi", "labgob", "labrpc", "labrt"];

#[test]
fn a_submission_compiles_or_is_told_why_not() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = student_project(here);
    let mut wrong = Vec::new();
    for case in cases(&here.join("tests/student")) {
        let name = case.file_stem().expect("a file").to_string_lossy().into_owned();
        let source = fs::read_to_string(&case).expect("a readable case");
        fs::write(project.join("src/lib.rs"), &source).expect("a writable project");
        let (compiles, output) = check(&project);

        let expected: Vec<_> =
            source.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        if compiles != expected.is_empty() {
            wrong.push(format!("{name}: compiles: {compiles}\n{output}"));
        }
        for words in expected.into_iter().filter(|words| !output.contains(words)) {
            wrong.push(format!("{name}: the compiler did not say: {words}\n{output}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of cases");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    cases.sort();
    assert!(cases.iter().any(|case| case.ends_with("accepted.rs")), "a case that must compile");
    cases
}

/// An empty crate outside the workspace with a student's manifest.
fn student_project(here: &Path) -> PathBuf {
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("student");
    fs::create_dir_all(project.join("src")).expect("a writable target folder");
    let root = here.parent().expect("the workspace");
    let dependencies: String = STUDENT_CRATES
        .iter()
        .map(|name| format!("{name} = {{ path = {:?} }}\n", root.join(name)))
        .collect();
    let manifest = format!(
        "[package]\nname = \"student\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nserde = {{ version = \"1\", features = [\"derive\"] }}\n{dependencies}\n\
         [workspace]\n"
    );
    fs::write(project.join("Cargo.toml"), manifest).expect("a writable project");
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock"))
        .expect("the workspace's lock file");
    project
}

fn check(project: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--color", "never"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", project.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}
