//! House rules that no lint can hold. Each message says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

/// A file that needs more lines has more than one concept in it.
const LINES_MAX: usize = 450;

/// The only places where `unsafe` may stand, each block with its reason.
const UNSAFE_ALLOWED: [&str; 7] = [
    "labrt/host/src/dispatch.rs",
    "labrt/host/src/engine/",
    "labrt/host/src/real/",
    "labrt/host/src/backtraces.rs",
    "labrt/host/benches/",
    "tests/record/",
    "grader/src/",
];

/// Every Rust source of the project, as a path relative to its root, with its text.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).expect("the project's folders can be read");
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "fixtures" {
                collect(&path, into);
            } else if name.ends_with(".rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let relative = |path: &PathBuf| {
        let path = path.strip_prefix(&root).expect("it was found below the root");
        path.to_string_lossy().replace('\\', "/")
    };
    paths
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).expect("a source is readable text")))
        .collect()
}

fn offenders(is_one: impl Fn(&str, &str) -> Option<String>) -> String {
    let lines = sources()
        .into_iter()
        .filter_map(|(path, text)| is_one(&path, &text).map(|what| format!("{path}: {what}\n")));
    lines.collect()
}

#[test]
fn no_file_holds_more_than_one_concept() {
    let long = offenders(|_, text| {
        let lines = text.lines().count();
        (LINES_MAX < lines).then(|| format!("{lines} lines; split it by concept"))
    });
    assert!(long.is_empty(), "files of more than {LINES_MAX} lines\n{long}");
}

#[test]
fn unsafe_stands_only_where_it_may() {
    let found = offenders(|path, text| {
        let allowed = UNSAFE_ALLOWED.iter().any(|allowed| path.starts_with(allowed));
        let is_test = path.contains("/tests/") || path.contains("/benches/");
        let line = text.lines().position(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
        })?;
        (!allowed && !is_test)
            .then(|| format!("line {}; find a safe way, or argue for the place here", line + 1))
    });
    assert!(found.is_empty(), "unsafe code outside {UNSAFE_ALLOWED:?}\n{found}");
}

#[test]
fn no_test_is_switched_off_or_passes_for_any_panic() {
    let ignored = concat!("#[", "ignore");
    let should_panic = concat!("#[", "should_panic");
    let found = offenders(|_, text| {
        let line = text.lines().position(|line| {
            let line = line.trim_start();
            line.starts_with(ignored) || line.starts_with(should_panic)
        })?;
        Some(format!(
            "line {}; mend the test, or assert on the failure's text: any panic would pass",
            line + 1
        ))
    });
    assert!(found.is_empty(), "tests that cannot fail for the right reason\n{found}");
}

#[test]
fn every_file_says_what_it_is() {
    let found = offenders(|path, text| {
        if path.starts_with("labapi/tests/student/") {
            return None; // What students might write, with an error wanted in each.
        }
        let documented = text.lines().take(6).any(|line| line.starts_with("//!"));
        (!documented).then(|| "begin it with `//!` and a sentence".to_owned())
    });
    assert!(found.is_empty(), "files without a word about what they are\n{found}");
}
