//! What is in a hand-out. The list names what may be in it: a file that nobody has thought of, a
//! mutant or a solution, is left out by itself.

use std::fs;
use std::path::Path;

use super::HandoutError;
use super::manifests;

/// Where the skeletons are.
const SKELETONS: &str = "handout";
/// The students' own crates.
pub(super) const STUDENT_CRATES: [&str; 2] = ["raft", "kvraft"];

/// Files and folders of the framework, as they are. Of the mutants only what applies them, which the
/// grader is linked with; the catalogue is not here.
const FRAMEWORK: [&str; 24] = [
    ".gitignore",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "clippy.toml",
    "rustfmt.toml",
    "grade.sh",
    "docs/student-guide.md",
    "docs/stress.md",
    "docs/results.md",
    "docs/platforms.md",
    "grader/src",
    "labapi/src",
    "labgob/src",
    "labrpc/src",
    "labrpc/host/src",
    "labrt/src",
    "labrt/host/src",
    "tests/grading.toml",
    "tests/mutants/src",
    "tests/record/src",
    "tests/src",
    "tests/tests/battery.rs",
    "handout/README.md",
];

/// Manifests, which are rewritten.
const MANIFESTS: [&str; 13] = [
    "Cargo.toml",
    "grader/Cargo.toml",
    "kvraft/Cargo.toml",
    "labapi/Cargo.toml",
    "labgob/Cargo.toml",
    "labrpc/Cargo.toml",
    "labrpc/host/Cargo.toml",
    "labrt/Cargo.toml",
    "labrt/host/Cargo.toml",
    "raft/Cargo.toml",
    "tests/Cargo.toml",
    "tests/mutants/Cargo.toml",
    "tests/record/Cargo.toml",
];

/// Writes the hand-out of `project` to `folder`, which must be empty; how many files it has.
pub(super) fn write(project: &Path, folder: &Path) -> Result<usize, HandoutError> {
    fs::create_dir_all(folder).map_err(|source| HandoutError::io(folder, source))?;
    let mut entries = fs::read_dir(folder).map_err(|source| HandoutError::io(folder, source))?;
    if entries.next().is_some() {
        return Err(HandoutError::NotEmpty { folder: folder.to_owned() });
    }
    let mut file_count = 0;
    for path in FRAMEWORK {
        let to = path.strip_prefix("handout/").unwrap_or(path);
        file_count += copy(&project.join(path), &folder.join(to))?;
    }
    for name in STUDENT_CRATES {
        let from = project.join(SKELETONS).join(name).join("src");
        file_count += copy(&from, &folder.join(name).join("src"))?;
    }
    for path in MANIFESTS {
        let from = project.join(path);
        let text = fs::read_to_string(&from).map_err(|source| missing_or(&from, source))?;
        let text = manifests::handed_out(&text, path, folder);
        fs::write(folder.join(path), text)
            .map_err(|source| HandoutError::io(&folder.join(path), source))?;
        file_count += 1;
    }
    Ok(file_count)
}

/// Puts the reference in the skeletons' place.
pub(super) fn drop_reference_in(project: &Path, folder: &Path) -> Result<(), HandoutError> {
    for name in STUDENT_CRATES {
        let to = folder.join(name).join("src");
        fs::remove_dir_all(&to).map_err(|source| HandoutError::io(&to, source))?;
        copy(&project.join(name).join("src"), &to)?;
    }
    Ok(())
}

/// Copies a file, or a folder with all that is in it; how many files that is.
fn copy(from: &Path, to: &Path) -> Result<usize, HandoutError> {
    let not_written = |source| HandoutError::io(to, source);
    if from.is_dir() {
        fs::create_dir_all(to).map_err(not_written)?;
        let mut file_count = 0;
        for entry in fs::read_dir(from).map_err(|source| HandoutError::io(from, source))? {
            let entry = entry.map_err(|source| HandoutError::io(from, source))?;
            file_count += copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(file_count);
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(not_written)?;
    }
    fs::copy(from, to).map_err(|source| missing_or(from, source))?;
    Ok(1)
}

fn missing_or(path: &Path, source: std::io::Error) -> HandoutError {
    match source.kind() {
        std::io::ErrorKind::NotFound => HandoutError::Missing { path: path.to_owned() },
        _ => HandoutError::io(path, source),
    }
}
