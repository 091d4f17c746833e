//! A folder of submissions, graded with a framework as small as can be: what is taken in, built,
//! refused, and written. What real Rafts do is graded by the example `corpus`.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::path::Path;

use common::{Said, documented_after, grader, json_paths, run};
use serde_json::Value;
use tempfile::TempDir;

/// A framework whose battery has one test, and starts whatever `raft::make` is.
struct Lab {
    folder: TempDir,
}

const POINTS: &str = "
[runs]
virtual = 2
real = 1
[weights]
virtual = 80
real = 20
[limits]
virtual_wall_s = 60
virtual_cpu_s = 20
real_wall_s = 60
real_cpu_s = 20
memory_mib = 200
output_mib = 8
[part.2A]
title = \"fakes\"
points = 10
curve = \"quadratic\"
[part.2A.tests]
passes = 10
";

impl Lab {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let lab = Lab { folder };
        let package = |name: &str| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        let root = "[workspace]\nresolver = \"3\"\nmembers = [\"raft\", \"tests\"]\n\
                    [profile.grade]\ninherits = \"release\"\nlto = \"off\"\n";
        lab.write("lab/Cargo.toml", root);
        let lock = "version = 4\n[[package]]\nname = \"lab-tests\"\nversion = \"0.0.0\"\n\
                    dependencies = [\"raft\"]\n[[package]]\nname = \"raft\"\nversion = \"0.0.0\"\n";
        lab.write("lab/Cargo.lock", lock);
        let forbids = "[lints.rust]\nunsafe_code = \"forbid\"\n";
        lab.write("lab/raft/Cargo.toml", format!("{}{forbids}", package("raft")));
        lab.write("lab/raft/src/lib.rs", GOOD);
        let needs = "[dependencies]\nraft = { path = \"../raft\" }\n[[test]]\nname = \"battery\"\n\
                     harness = false\n";
        lab.write("lab/tests/Cargo.toml", format!("{}{needs}", package("lab-tests")));
        lab.write("lab/tests/src/lib.rs", "");
        let battery = "fn main() {\n    if std::env::args().any(|arg| arg == \"--list\") {\n        \
                       println!(\"2A::passes: test\");\n    } else {\n        raft::make();\n    \
                       }\n}\n";
        lab.write("lab/tests/tests/battery.rs", battery);
        lab.write("points.toml", POINTS);
        fs::create_dir(lab.folder.path().join("submissions")).expect("a folder");
        lab
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    /// A submission that is a folder with one source.
    fn submit(&self, name: &str, source: &str) {
        self.write(&format!("submissions/{name}/raft/src/lib.rs"), source);
    }

    fn grade(&self, args: &[&str]) -> Said {
        let mut command = grader();
        command
            .current_dir(&self.folder)
            .env("LAB_WORKSPACE", "lab")
            .env_remove("CARGO_TARGET_DIR")
            .args(["submissions", "--out", "results", "--grading", "points.toml"])
            .args(["--clock", "virtual"])
            .args(args);
        run(command)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("results").join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).expect("JSON")
    }

    /// Status and message of a submission.
    #[track_caller]
    fn assert_found(&self, name: &str, status: &str, says: &str) {
        let found = self.json(&format!("{name}/grading.json"));
        assert_eq!(found["status"], status, "{name}: {}", found["message"]);
        let message = found["message"].as_str().expect("text");
        assert!(message.contains(says), "{name}: `{says}` is not in `{message}`");
        assert_eq!(message.is_empty(), status == "graded", "{name}: {message}");
    }
}

const GOOD: &str = "pub fn make() {\n    println!(\"made\");\n}\n";

/// An entry of a tar archive with any name at all.
fn tar_entry(archive: &mut tar::Builder<Vec<u8>>, name: &str, text: &str) {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    archive.append(&header, text.as_bytes()).expect("an entry");
}

fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    for (name, text) in entries {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(*name, options).expect("an entry");
        std::io::Write::write_all(&mut archive, text.as_bytes()).expect("its content");
    }
    archive.finish().expect("an archive");
    bytes.into_inner()
}

#[test]
fn each_submission_gets_what_it_should_whoever_is_beside_it() {
    let lab = Lab::new();
    lab.submit("good", GOOD);
    lab.submit("too_good", "pub fn make() {}\nconst OWN: &str = include_str!(\"lib.rs\");\n");
    lab.submit("wrong_type", "pub fn make() {\n    let _: u64 = \"text\";\n}\n");
    lab.submit("unsafe", "pub fn make() { let x = 1; let _ = unsafe { *(&raw const x) }; }\n");
    let shared = "use std::sync::atomic::{AtomicU64, Ordering};\n\
                  macro_rules! hidden { () => { static VOTES: AtomicU64 = AtomicU64::new(0); } }\n\
                  fn vote<T>(_: T) -> u64 { hidden!(); VOTES.fetch_add(1, Ordering::Relaxed) }\n\
                  pub fn make() { println!(\"{}\", vote(1_u8)); }\n";
    lab.submit("shares", shared);
    let shared = "use std::cell::Cell;\nstd::thread_local! { static MET: Cell<u64> = const { \
                  Cell::new(0) }; }\npub fn make() { MET.set(MET.get() + 1); println!(\"{}\", \
                  MET.get()); }\n";
    lab.submit("shares_by_thread", shared);
    let constant = "static TABLE: [u64; 3] = [1, 2, 3];\nstatic NAMES: &[&str] = &[\"a\", \"b\"];\n\
                    pub fn make() { println!(\"{TABLE:?} {NAMES:?}\"); }\n";
    lab.submit("has_constants", constant);
    let outside = "const X: &str = include_str!(\"../../tests/tests/battery.rs\");\n\
                   pub fn make() { println!(\"{X}\"); }\n";
    lab.submit("reads_the_tests", outside);
    lab.submit(
        "reads_the_machine",
        &outside.replace("../../tests/tests/battery.rs", "/etc/passwd"),
    );
    let quotes = "compile_error!(include_str!(\"../../tests/tests/battery.rs\"));\n";
    lab.submit("quotes_the_tests", quotes);
    lab.submit("quotes_and_breaks_off", &format!("{quotes}mod more;\n"));
    lab.write("submissions/quotes_and_breaks_off/raft/src/more.rs", "fn f( {");
    lab.submit("breaks_elsewhere", "pub fn make() {\n    let _: u64 = \"text\";\n}\n");
    let never_reached = "const X: &str = include_str!(\"lib.rs\");";
    lab.write("submissions/breaks_elsewhere/kvraft/src/lib.rs", never_reached);
    lab.submit("breaks_off", "// It would include a path.\nmod more;\n");
    lab.write("submissions/breaks_off/raft/src/more.rs", "fn f( {");
    lab.submit("links", GOOD);
    let link = lab.folder.path().join("submissions/links/raft/src/more.rs");
    std::os::unix::fs::symlink("/etc/passwd", link).expect("a link");
    fs::create_dir(lab.folder.path().join("submissions/empty")).expect("a folder");
    lab.write("submissions/binary/raft/src/lib.rs", [0x7f, b'E', b'L', b'F', 0xff, 0xfe]);
    lab.write("submissions/huge/raft/src/lib.rs", vec![b' '; (1 << 20) + 1]);
    lab.write("submissions/note.txt", "hello");
    lab.write("submissions/packed.zip", zip(&[("lab/raft/src/lib.rs", GOOD)]));
    lab.write("submissions/slips.zip", zip(&[("raft/src/lib.rs", GOOD), ("../x.rs", "")]));
    lab.write("submissions/broken.zip", "no archive");
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in [
        ("./raft/src/lib.rs", GOOD),
        ("raft/build.rs", "fn main() { panic!() }"),
        ("raft/Cargo.toml", "no manifest"),
        (".cargo/config.toml", "[build]\nrustc-wrapper = \"/bin/false\"\n"),
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"none\"\n"),
    ] {
        tar_entry(&mut archive, name, text);
    }
    lab.write("submissions/traps.tar", archive.into_inner().expect("an archive"));
    let mut archive = tar::Builder::new(Vec::new());
    tar_entry(&mut archive, "/raft/src/lib.rs", GOOD);
    lab.write("submissions/absolute.tar", archive.into_inner().expect("an archive"));

    let said = lab.grade(&[]);
    assert_eq!(said.code, 1, "{}\n{}", said.out, said.err);
    for name in ["good", "too_good", "has_constants", "packed", "traps"] {
        lab.assert_found(name, "graded", "");
    }
    for (name, says) in [
        ("wrong_type", "raft/src/lib.rs:2:18  expected `u64`, found `&str`"),
        ("unsafe", "unsafe"),
        ("breaks_off", "raft/src/more.rs:1:"),
        ("breaks_elsewhere", "expected `u64`"),
    ] {
        lab.assert_found(name, "does_not_compile", says);
    }
    for (name, says) in [
        ("shares", "mutable static: raft::vote::VOTES (8 bytes)"),
        ("shares_by_thread", "thread-local static: raft::make"),
        ("reads_the_tests", "tests/tests/battery.rs"),
        ("quotes_the_tests", "tests/tests/battery.rs"),
        ("quotes_and_breaks_off", "kept back, since it may quote them"),
        ("links", "`raft/src/more.rs` is a link"),
        ("empty", "there is no file"),
        ("binary", "`raft/src/lib.rs` is not UTF-8 text"),
        ("huge", "`raft/src/lib.rs` has more than 1048576 bytes"),
        ("note.txt", "neither a folder nor"),
        ("slips", "leads out of the submission"),
        ("absolute", "leads out of the submission"),
        ("broken", "cannot be read"),
    ] {
        let says = says.replace("raft::make", "raft::");
        lab.assert_found(name, "refused", &says);
    }
    // With landlock the compiler cannot read it; without, what it read is noticed.
    let machine = lab.json("reads_the_machine/grading.json");
    let message = machine["message"].as_str().expect("text");
    assert!(machine["status"] != "graded" && message.contains("/etc/passwd"), "{message}");

    let remarks = lab.json("traps/grading.json")["remarks"].to_string();
    assert!(remarks.contains("passed over: raft/build.rs, raft/Cargo.toml"), "{remarks}");
    assert!(lab.read("wrong_type/build.txt").contains("mismatched types"), "the full text");
    let scores = lab.read("scores.csv");
    assert_eq!(scores.lines().count(), 23 + 1, "a line each, and a head\n{scores}");
}

#[test]
fn a_folder_of_which_nothing_compiles_is_5_and_one_that_does_makes_it_1() {
    let lab = Lab::new();
    lab.submit("a", "pub fn make() {");
    lab.submit("b", "fn make() {}\n");
    assert_eq!(lab.grade(&[]).code, 5);
    lab.submit("c", GOOD);
    assert_eq!(lab.grade(&[]).code, 1);
}

#[test]
fn what_is_graded_already_is_not_graded_again() {
    let lab = Lab::new();
    lab.submit("ann", GOOD);
    lab.write("secret", "0123456789abcdef");
    let first = lab.grade(&["--secret", "secret"]);
    assert!(first.err.contains("ann                            built"), "{}", first.err);
    let before = lab.json("ann/grading.json")["parts"].to_string();
    // A line that broke off when the machine went down.
    let journal = lab.folder.path().join("results/ann/runs.jsonl");
    let whole = lab.read("ann/runs.jsonl");
    fs::write(&journal, format!("{whole}{{\"test\":\"2A::pa")).expect("the journal");
    let again = lab.grade(&["--secret", "secret"]);
    assert!(!again.err.contains("built"), "nothing is left to run\n{}", again.err);
    assert_eq!(lab.json("ann/grading.json")["parts"].to_string(), before, "the same results");

    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 3, "the head, and two runs");
    fs::write(&journal, format!("{}\n{}\n", lines[0], lines[1])).expect("the journal");
    let rest = lab.grade(&["--secret", "secret"]);
    assert!(rest.err.contains("built"), "one run was left\n{}", rest.err);
    assert_eq!(lab.read("ann/runs.jsonl").lines().count(), 3, "it was made and added");
    let seeds = |json: &Value| -> Vec<u64> {
        let runs = json["parts"][0]["tests"][0]["runs"].as_array().expect("runs").iter();
        runs.map(|run| run["seed"].as_u64().expect("a number")).collect()
    };
    let with_secret = seeds(&lab.json("ann/grading.json"));
    lab.submit("bob", GOOD);
    lab.write("secret", "another secret of this length");
    lab.grade(&["--secret", "secret"]);
    let (ann, bob) = (seeds(&lab.json("ann/grading.json")), seeds(&lab.json("bob/grading.json")));
    assert!(ann != with_secret && ann != bob, "seeds of {with_secret:?}, {ann:?}, {bob:?}");
}

#[test]
fn the_line_for_autolab_is_that_of_one_submission() {
    let lab = Lab::new();
    lab.submit("ann", GOOD);
    lab.submit("bob", GOOD);
    let said = lab.grade(&["--autolab"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("for one submission, and there are 2"), "{}", said.err);
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let lab = Lab::new();
    lab.submit("ann", GOOD);
    lab.write("secret", "42");
    let said = lab.grade(&["--secret", "secret"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("the secret in `secret` has 2 bytes"), "{}", said.err);
    assert!(!Path::new(&lab.folder.path().join("results")).exists(), "nothing was written");
}

#[test]
fn every_format_tells_the_same() {
    let lab = Lab::new();
    lab.submit("ann", GOOD);
    let said = lab.grade(&["--autolab"]);
    // Its runs hand back no record.
    assert_eq!(said.code, 1, "{}", said.err);
    let closing = said.out.lines().last().expect("a line");
    assert_eq!(closing, r#"{"scoreboard":[0.0,0.0],"scores":{"2A":0.0}}"#);
    assert_eq!(lab.read("ann/autolab.json").trim_end(), closing);

    let gradescope = lab.json("ann/results.json");
    assert_eq!(gradescope["stdout_visibility"], "hidden");
    let case = &gradescope["tests"][0];
    assert_eq!(
        (&case["score"], &case["max_score"], &case["status"]),
        (&0.0.into(), &10.into(), &"failed".into())
    );
    assert_eq!(case["visibility"], "visible");
    let output = case["output"].as_str().expect("text");
    assert!(output.contains("2A::passes ABORTED  the process ended with exit code 0"), "{output}");

    let junit = lab.read("ann/junit.xml");
    assert!(junit.contains("<testcase name=\"passes\" classname=\"2A\""), "{junit}");
    assert!(junit.contains("<error message=\"0/2 runs passed\""), "{junit}");
    let report = lab.read("ann/report.md");
    assert!(report.contains("| passes | 0 of 10 | 0/2 | - |"), "{report}");
    assert!(report.contains("replay  "), "{report}");
    assert!(report.contains("Framework 0."), "{report}");
    let summary = lab.json("summary.json");
    assert_eq!(summary["submissions"][0]["submission"], "ann");
    assert_eq!(summary["seeds"], "counted");
    let documented = documented_after("The fields of `summary.json`");
    assert_eq!(
        json_paths(&summary),
        documented,
        "the file on the left, docs/results.md on the right"
    );
}

#[test]
fn what_was_never_run_is_an_error_and_its_reason_reaches_its_author() {
    let lab = Lab::new();
    lab.submit("ann", GOOD);
    lab.write("submissions/ann/raft/src/lib.rs", "pub fn f() -> u64 { \"\" }");
    assert_eq!(lab.grade(&[]).code, 5);
    let junit = lab.read("ann/junit.xml");
    assert!(junit.contains("<error message=\"the submission: does not compile\""), "{junit}");
    assert!(junit.contains("expected `u64`") && !junit.contains("<skipped"), "{junit}");
    let gradescope = lab.json("ann/results.json");
    let output = gradescope["output"].as_str().expect("text");
    assert!(output.starts_with("It does not compile, so no test was run: 0 points."), "{output}");
    assert!(output.contains("raft/src/lib.rs:1:") && output.contains("`&str`"), "{output}");
}

#[test]
fn a_crate_that_is_not_submitted_has_no_runs_and_no_points() {
    let lab = Lab::new();
    let battery = fs::read_to_string(lab.folder.path().join("lab/tests/tests/battery.rs"));
    let battery =
        battery.expect("the battery").replace("passes: test", "passes: test\\n3A::basic: test");
    lab.write("lab/tests/tests/battery.rs", battery);
    let of_kv = "[part.3A]\ntitle = \"service\"\npoints = 5\ncurve = \"quadratic\"\n\
                 [part.3A.tests]\nbasic = 5\n";
    lab.write("points.toml", format!("{POINTS}{of_kv}"));
    lab.submit("ann", GOOD);
    lab.submit("bob", GOOD);
    lab.write("submissions/bob/kvraft/src/lib.rs", "");
    let said = lab.grade(&[]);
    assert_eq!(said.code, 1, "{}", said.err);
    let of_ann = lab.json("ann/grading.json");
    let basic = &of_ann["parts"][1]["tests"][0];
    assert_eq!(basic["runs"].as_array().map(Vec::len), Some(0), "{basic}");
    assert_eq!(
        (&basic["points"], &basic["points_undecided"]),
        (&0.0.into(), &0.0.into()),
        "{basic}"
    );
    assert!(lab.read("ann/report.md").contains("does not have the crate"), "its author is told");
    let of_bob = lab.json("bob/grading.json");
    assert_eq!(of_bob["parts"][1]["tests"][0]["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(lab.grade(&["3A"]).code, 1, "a missing crate is no success");
}

#[test]
fn a_folder_without_submissions_and_one_that_is_not_there() {
    let lab = Lab::new();
    assert_eq!(lab.grade(&[]).code, 4, "nothing to grade");
    let mut unnamed = grader();
    unnamed.current_dir(&lab.folder).args(["--out", "results"]);
    let said = run(unnamed);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(
        said.err.contains("their folder is not named\nrun     ./grade.sh SUBMISSIONS"),
        "{}",
        said.err
    );
    fs::remove_dir(lab.folder.path().join("submissions")).expect("it is empty");
    let said = lab.grade(&[]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("`submissions` cannot be read"), "{}", said.err);
}
