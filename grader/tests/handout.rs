//! What a student gets holds the skeletons, and nothing that gives anything away. That it builds,
//! fails and passes is proved by `./grade.sh handout --check`.
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Said, run};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

fn handout(workspace: &Path, folder: &Path) -> Said {
    let mut command = common::grader();
    command.env("LAB_WORKSPACE", workspace).arg("handout").arg(folder);
    run(command)
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut found = BTreeSet::new();
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder).expect("it was found there");
                found.insert(path.to_str().expect("a plain name").to_owned());
            }
        }
    }
    found
}

#[test]
fn it_holds_the_skeletons_and_nothing_that_gives_anything_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = handout(project(), folder.path());
    assert_eq!(said.code, 0, "{}", said.err);
    let files = files(folder.path());
    for wanted in [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "clippy.toml",
        "docs/student-guide.md",
        "grade.sh",
        "grader/src/main.rs",
        "raft/src/rpc.rs",
        "kvraft/src/clerk.rs",
        "tests/grading.toml",
        "tests/tests/battery.rs",
    ] {
        assert!(files.contains(wanted), "{wanted} is not in it");
    }
    let student = |path: &&String| path.starts_with("raft/") || path.starts_with("kvraft/");
    for path in files.iter().filter(student).filter(|path| !path.ends_with("Cargo.toml")) {
        let read = |root: &Path| fs::read_to_string(root.join(path)).ok();
        let skeleton = read(&project().join("handout"));
        assert!(skeleton.is_some(), "{path} is no part of the skeleton");
        assert_eq!(read(folder.path()), skeleton, "{path}");
    }
    let gives_away = ["variants/", "hostile", "broken/", "examples/", "instructor", "fixtures/"];
    for path in files.iter().filter(|path| !path.starts_with("grader/src")) {
        let is_mutant = path.starts_with("tests/mutants/") && path.ends_with(".toml");
        assert!(!is_mutant || path == "tests/mutants/Cargo.toml", "{path} is not for students");
        let word = gives_away.iter().find(|word| path.contains(**word));
        assert!(word.is_none(), "{path} is not for students");
    }
}

/// What cargo makes of the manifests, without building anything.
#[test]
fn cargo_finds_everything_that_its_manifests_name() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(handout(project(), folder.path()).code, 0);
    let mut cargo = std::process::Command::new(env!("CARGO"));
    // For this platform: the dependencies of others need not be on this machine.
    cargo.current_dir(folder.path()).args(["tree", "--offline", "--workspace"]);
    let said = cargo.output().expect("cargo");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn no_function_of_the_reference_is_in_the_skeleton_with_its_body() {
    for name in ["raft", "kvraft"] {
        let solved = files(&project().join(name).join("src"));
        let reference: Vec<String> = solved
            .iter()
            .map(|file| fs::read_to_string(project().join(name).join("src").join(file)))
            .map(|text| text.expect("a source"))
            .collect();
        for file in files(&project().join("handout").join(name).join("src")) {
            let path = project().join("handout").join(name).join("src").join(&file);
            let text = fs::read_to_string(path).expect("a source");
            // A state change of Figure 2 is the smallest thing that would be a solution.
            for give_away in
                ["current_term =", "voted_for =", "commit_index =", "notify", ".lock();"]
            {
                assert!(!text.contains(give_away), "{name}/{file} has `{give_away}`");
            }
            assert!(!reference.contains(&text), "{name}/{file} is a file of the reference");
        }
    }
}

#[test]
fn every_unwritten_part_says_so() {
    let text = |file: &str| fs::read_to_string(project().join("handout").join(file)).expect(file);
    for (file, part) in [
        ("raft/src/raft.rs", "2A"),
        ("raft/src/raft.rs", "2B"),
        ("raft/src/raft.rs", "2D"),
        ("raft/src/persist.rs", "2C"),
        ("kvraft/src/clerk.rs", "3A"),
    ] {
        let says_so = |line: &str| line.contains("\"not implemented yet: ") && line.contains(part);
        assert!(text(file).lines().any(says_so), "{file} does not say what part {part} is to be");
    }
}

#[test]
fn names_of_the_wire_are_those_of_the_reference() {
    let fields = |root: &Path| {
        let text = fs::read_to_string(root.join("raft/src/rpc.rs")).expect("the messages");
        let names = text.lines().filter_map(|line| line.strip_prefix("    pub "));
        let names = names.filter_map(|rest| rest.split_once(": "));
        names.map(|(name, of)| (name.to_owned(), of.to_owned())).collect::<BTreeSet<_>>()
    };
    let (given, reference) = (fields(&project().join("handout")), fields(project()));
    let missing: Vec<_> = reference.difference(&given).map(|(name, _)| name.as_str()).collect();
    assert_eq!(missing, ["conflict"], "how a follower helps the leader back up is theirs to find");
    assert!(given.is_subset(&reference), "{given:?}");
}

#[test]
fn what_is_there_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mine.txt"), "work of weeks").expect("a file");
    let said = handout(project(), folder.path());
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("is not empty"), "{}", said.err);
    assert_eq!(files(folder.path()).len(), 1, "nothing was written");
}

#[test]
fn a_hand_out_has_no_hand_outs() {
    let (first, second) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    assert_eq!(handout(project(), first.path()).code, 0);
    let said = handout(first.path(), &second.path().join("again"));
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("a hand-out has no hand-outs"), "{}", said.err);
}
