//! What can be asked for, and what is answered to what cannot.
#![cfg(target_os = "linux")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Fixture, grader, run};

#[test]
fn help_names_every_exit_code() {
    let said = Fixture::new(&["passes"]).run(&["--help"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for code in ["0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "120..124", "130  "] {
        assert!(said.out.contains(&format!("\n  {code}")), "{code} is not in\n{}", said.out);
    }
}

#[test]
fn an_unknown_flag_is_usage() {
    let said = Fixture::new(&["passes"]).run(&["--cores", "2"]);
    assert_eq!(said.code, 3, "not clap's own 2\n{}", said.err);
    assert!(said.err.contains("unexpected argument '--cores'"), "{}", said.err);
    let said = Fixture::new(&["passes"]).run(&["--runs", "0"]);
    assert_eq!(said.code, 3, "no runs at all\n{}", said.err);
}

#[test]
fn an_unknown_part_is_usage() {
    let said = Fixture::new(&["passes"]).run(&["2E"]);
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{}", said.err);
    assert_eq!(
        said.err,
        "error[usage]: there is no part and no test `2E`\n  \
         there are the parts 2A\n\
         run     ./grade.sh --help\n\
         means   nothing was graded; exit code 3\n"
    );
    let said = Fixture::new(&["passes", "fails"]).run(&["2a::pass"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("\n  part 2A has 2A::passes, 2A::fails\n"), "{}", said.err);
}

#[test]
fn a_part_without_tests_selects_nothing() {
    let fixture = Fixture::new(&["passes"]);
    let fixture = fixture.changed(
        "[part.2A]",
        "[part.3A]\ntitle = \"later\"\npoints = 0\ncurve = \"quadratic\"\n[part.2A]",
    );
    let said = fixture.run(&["3A"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert_eq!(
        said.err,
        "error[selection]: nothing to grade: part 3A has no tests\n\
         run     ./grade.sh        without a part, to grade all there is\n\
         means   nothing was graded; exit code 4\n"
    );
}

#[test]
fn parts_and_tests_are_selected_by_every_name_they_have() {
    let fixture = Fixture::new(&["passes", "passes_too", "fails"]);
    for (words, counts) in [
        (&["2A"][..], "3 runs: 2 passed, 1 failed"),
        (&["2A::passes"], "1 run: 1 passed"),
        (&["passes"], "1 run: 1 passed"),
        (&["passes", "2A::passes_too", "passes"], "2 runs: 2 passed"),
    ] {
        let said = fixture.run(&[&["--clock", "virtual", "--runs", "1"], words].concat());
        assert_eq!(said.counts(), counts, "{words:?}");
    }
}

#[test]
fn seeds_follow_the_first_one() {
    let fixture = Fixture::new(&["fails_on_odd_seeds"]);
    let said = fixture.run(&["--clock", "virtual", "--seed", "6", "--runs", "5"]);
    assert_eq!(said.counts(), "5 runs: 3 passed, 2 failed", "6, 8 and 10 are even");
    assert!(said.out.contains("3.6 / 10"), "three of five, squared\n{}", said.out);
}

#[test]
fn clocks_are_weighted() {
    let said = Fixture::new(&["fails_under_the_real_clock"]).run(&[]);
    assert_eq!(said.counts(), "3 runs: 2 passed, 1 failed", "two virtual, one real");
    assert!(said.out.contains("8 / 10"), "the virtual clock has 80 percent\n{}", said.out);
}

#[test]
fn runs_overlap_as_widely_as_asked_for() {
    let fixture = Fixture::new(&["waits_slowly"]);
    let args = ["--clock", "real", "--runs", "8"];
    let wide = fixture.run(&[&args[..], &["--real-jobs", "8"]].concat());
    let narrow = fixture.run(&[&args[..], &["--real-jobs", "1"]].concat());
    assert_eq!((wide.code, narrow.code), (0, 0), "{}{}", wide.out, narrow.out);
    let eight_waits = std::time::Duration::from_millis(8 * 300);
    assert!(eight_waits < narrow.wall, "one after the other: {:?}", narrow.wall);
    assert!(wide.wall < eight_waits, "at once: {:?}", wide.wall);
}

#[test]
fn a_battery_that_is_none_is_infrastructure() {
    let fixture = Fixture::new(&["passes"]);
    std::fs::remove_file(fixture.path("battery")).expect("it was there");
    std::os::unix::fs::symlink("/bin/false", fixture.path("battery")).expect("another battery");
    let said = fixture.run(&[]);
    assert_eq!(said.code, 121, "{}", said.err);
    assert!(said.err.contains("`./battery` does not list its tests: exit code 1"), "{}", said.err);
    std::fs::remove_file(fixture.path("battery")).expect("it was there");
    let said = fixture.run(&[]);
    assert_eq!(said.code, 121, "{}", said.err);
    assert!(said.err.contains("No such file or directory"), "{}", said.err);
}

/// A workspace as small as can be, with a battery that needs `raft`.
fn workspace(raft: &str) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| {
        let path: PathBuf = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"raft\", \"tests\"]\n");
    write("raft/Cargo.toml", &package("raft"));
    write("raft/src/lib.rs", raft);
    let needs = "[dependencies]\nraft = { path = \"../raft\" }\n[[test]]\nname = \"battery\"\n\
                 harness = false\n";
    write("tests/Cargo.toml", &format!("{}{needs}", package("lab-tests")));
    write("tests/src/lib.rs", "");
    write("tests/tests/battery.rs", "fn main() { println!(\"2A::passes: test\"); raft::make() }");
    folder
}

fn grade(workspace: &Path) -> common::Said {
    let points = Fixture::new(&["passes"]);
    let mut command = grader();
    command
        .arg("--workspace")
        .arg(workspace)
        .arg("--grading")
        .arg(points.path("points.toml"))
        .env_remove("CARGO_TARGET_DIR");
    run(command)
}

#[test]
fn what_does_not_compile_is_told_in_a_few_lines() {
    let folder = workspace("pub fn make() {\n    let _: u64 = Some(1_u64);\n    voted();\n}\n");
    let said = grade(folder.path());
    assert_eq!(said.code, 5, "{}", said.err);
    for line in [
        "error[build]: the working tree does not compile: 2 errors in raft",
        "  raft/src/lib.rs:2:18  expected `u64`, found `Option<u64>`",
        "  raft/src/lib.rs:3:5   cannot find function `voted` in this scope",
        "run     cargo check -p raft",
        "means   no test was run; exit code 5",
    ] {
        assert!(said.err.lines().any(|said| said == line), "`{line}` is not in\n{}", said.err);
    }
    assert_eq!(said.err.lines().count(), 5, "and nothing else\n{}", said.err);
}

#[test]
fn what_compiles_is_run() {
    let folder = workspace("pub fn make() {}\n");
    let said = grade(folder.path());
    // It lists its test, and hands back no record.
    assert_eq!((said.code, said.counts().as_str()), (1, "3 runs: 0 passed, 3 aborted"));
}

#[test]
fn a_workspace_that_cargo_refuses_is_infrastructure() {
    let folder = workspace("pub fn make() {}\n");
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace").expect("a file");
    let said = grade(folder.path());
    assert_eq!(said.code, 121, "{}", said.err);
    assert!(said.err.contains("names no error in the code"), "{}", said.err);
}

#[test]
fn a_missing_toolchain_is_told_by_the_door_and_by_the_grader() {
    let door = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grade.sh");
    let mut command = Command::new("/bin/sh");
    command.arg(door).env("PATH", "/usr/bin:/bin").env_remove("CARGO");
    let said = run(command);
    assert_eq!(said.code, 120, "{}", said.err);
    assert!(said.err.starts_with("error[toolchain]: cargo is not"), "{}", said.err);

    let folder = workspace("");
    let mut command = grader();
    let points = Fixture::new(&["passes"]);
    command.arg("--workspace").arg(folder.path()).arg("--grading").arg(points.path("points.toml"));
    command.env_remove("CARGO").env("PATH", "/nowhere");
    let said = run(command);
    assert_eq!(said.code, 120, "{}", said.err);
    assert!(said.err.starts_with("error[toolchain]: cargo cannot be started"), "{}", said.err);
}
