//! Measuring the battery: what is selected, what is refused, and one mutant from its change to its
//! row in the matrix.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Said, grader, run};

/// A catalogue with a change of `raft/src/vote.rs`.
const GOOD: &str = include_str!("../../tests/mutants/tests/fixtures/good.toml");

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn mutants(args: &[&str]) -> Command {
    let mut command = grader();
    command.env("LAB_WORKSPACE", root()).arg("mutants").args(args);
    command
}

#[track_caller]
fn said(args: &[&str], code: i32) -> Said {
    let said = run(mutants(args));
    assert_eq!(said.code, code, "{args:?} says\n{}\n{}", said.out, said.err);
    said
}

#[test]
fn rules_breaks_and_mutants_are_selected_by_name() {
    let of_rule = said(&["E5", "--list"], 0).out;
    assert_eq!(of_rule.lines().count(), 2, "E5a and E5b, and none of E5's neighbours:\n{of_rule}");
    let of_break = said(&["E10a", "--list"], 0).out;
    assert_eq!(of_break.lines().count(), 2, "E10a and E10a2:\n{of_break}");
    let one = said(&["E10a2", "--list"], 0).out;
    assert!(one.starts_with("E10a2 "), "one mutant and what it is:\n{one}");
    let variants = said(&["--variants", "--list"], 0).out;
    assert!(variants.lines().any(|line| line.starts_with("pre-vote ")), "{variants}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    // As in `./grade.sh mutants --list 2>&1 | head`: both streams go to a pipe that nobody reads.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = mutants(&["--list"]);
    command.stdout(writer.try_clone().expect("its end")).stderr(writer);
    let status = command.status().expect("the grader runs");
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn what_there_is_not_is_refused_with_its_reason() {
    let unknown = said(&["E99"], 3).err;
    assert!(unknown.contains("there is no rule and no mutant `E99`"), "{unknown}");
    let listed = said(&["C6b"], 4).err;
    assert!(listed.contains("C6b has no mutant: Safe, and invisible"), "{listed}");
    assert_eq!(run(mutants(&["--seeds", "0"])).code, 3, "no seeds, no answer");
}

#[test]
fn a_change_that_does_not_fit_is_named_before_anything_is_built() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("tests/mutants/good.toml", GOOD);
    write("tests/variants/none.toml", "variant = []\n");
    write("raft/src/vote.rs", "let vote = tell();\n");
    let points = std::fs::read_to_string(root().join("tests/grading.toml")).expect("the points");
    write("tests/grading.toml", &points);
    let mut command = mutants(&[]);
    command.env("LAB_WORKSPACE", folder.path());
    let said = run(command);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("the change E5a does not fit the reference"), "{}", said.err);
    assert!(said.err.contains("occurs 0 times in `raft/src/vote.rs`"), "{}", said.err);
}

/// Builds the battery in the workspace's own target folder: slow the first time.
#[test]
fn a_mutant_is_built_and_caught() {
    let json = tempfile::NamedTempFile::new().expect("a file");
    let file = json.path().to_str().expect("its name is text");
    let args = ["C7c", "--seeds", "2", "--tests", "2B::basic_agree", "--json", file];
    let said = said(&args, 0);
    let row = said.out.lines().find(|line| line.starts_with("C7c ")).expect("its row");
    assert!(row.contains(" 2/2 "), "caught with both seeds: {row}");
    assert!(row.ends_with("2B::basic_agree 2/2"), "by the one test that was run: {row}");
    let text = std::fs::read_to_string(json.path()).expect("the matrix as JSON");
    let matrix: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(matrix["rows"][0]["caught"], 2, "{text}");
    let headline = matrix["rows"][0]["messages"][0]["headline"].as_str().expect("a headline");
    assert!(headline.starts_with("2B::basic_agree FAIL  rule "), "{headline}");
}
