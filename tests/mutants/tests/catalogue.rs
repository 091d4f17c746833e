//! What the catalogue accepts, and what it refuses, with the reason.

use std::fs;
use std::path::Path;

use lab_mutants::{Catalogue, Change, apply, rule_of, without_assertions};
use tempfile::TempDir;

/// A workspace with one source, and these files in its catalogue.
fn workspace(mutants: &str, variants: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("raft/src/vote.rs", "let vote = ask();\nlet other = ask();\n");
    write("tests/mutants/group.toml", mutants);
    write("tests/mutants/Cargo.toml", "[package]\n");
    write("tests/variants/group.toml", variants);
    folder
}

fn change(find: &str, replace: &str) -> Change {
    Change { file: "raft/src/vote.rs".into(), find: find.into(), replace: replace.into() }
}

#[track_caller]
fn refusal(changes: &[Change], root: &Path) -> String {
    apply(changes, root).expect_err("it does not fit").to_string()
}

const NO_VARIANTS: &str = "variant = []\n";
const GOOD: &str = include_str!("fixtures/good.toml");

#[test]
fn a_change_is_made_where_its_text_stands_once() {
    let root = workspace(GOOD, NO_VARIANTS);
    let changes = [change("vote = ask()", "vote = true"), change("let other", "let third")];
    let changed = apply(&changes, root.path()).expect("both fit");
    assert_eq!(changed["raft/src/vote.rs"], "let vote = true;\nlet third = ask();\n", "both made");
    let source = fs::read_to_string(root.path().join("raft/src/vote.rs")).expect("the source");
    assert!(source.contains("vote = ask()"), "the source itself stays as it is");
}

#[test]
fn a_change_that_does_not_fit_is_refused() {
    let root = workspace(GOOD, NO_VARIANTS);
    let gone = refusal(&[change("votes = ask()", "")], root.path());
    assert!(gone.contains("occurs 0 times in `raft/src/vote.rs`"), "{gone}");
    let twice = refusal(&[change("ask()", "")], root.path());
    assert!(twice.contains("occurs 2 times"), "{twice}");
    let idle = refusal(&[change("let vote", "let vote")], root.path());
    assert!(idle.contains("by itself"), "{idle}");
    let elsewhere = Change { file: "raft/src/none.rs".into(), ..change("a", "b") };
    let nowhere = refusal(&[elsewhere], root.path());
    assert!(nowhere.contains("`raft/src/none.rs` cannot be read"), "{nowhere}");
}

#[test]
fn a_good_catalogue_is_read() {
    let catalogue = Catalogue::read(workspace(GOOD, NO_VARIANTS).path()).expect("a good one");
    let ids: Vec<_> = catalogue.breaks.iter().map(|of| (of.rule(), of.letter())).collect();
    assert_eq!(ids, [("E5", "a"), ("E5", "b")], "the manifest beside it is no part of it");
    assert_eq!(catalogue.mutants().count(), 1, "one of the two has a mutant");
}

#[test]
fn a_contradiction_is_named() {
    let wrong = [
        (GOOD.replace("\"E5b\"", "\"E5a\""), "E5a stands twice"),
        (GOOD.replace("reason = \"It cannot.\"", ""), "E5b needs mutants, or the reason"),
        (GOOD.replace("name = \"E5a\"", "name = \"E5x\""), "E5x of E5a must be called E5a"),
        (GOOD.replace("id = \"E5b\"", "id = \"E5\""), "E5 is not a rule and a letter"),
        (GOOD.replace("shows", "show"), "is no file of the catalogue"),
    ];
    for (text, message) in wrong {
        let error = Catalogue::read(workspace(&text, NO_VARIANTS).path()).expect_err(message);
        assert!(error.to_string().contains(message), "{error}\nshould say: {message}");
    }
}

#[test]
fn a_rule_is_read_from_an_id() {
    for (id, rule) in [("E5b", "E5"), ("E10a2", "E10"), ("N1", "N1"), ("", ""), ("E", "E")] {
        assert_eq!(rule_of(id), rule, "the rule of `{id}`");
    }
}

#[test]
fn assertions_are_taken_out_and_the_rest_stays() {
    let program = "//! Docs.\n\nfn check(x: u32) -> u32 {\n    assert!(x == 1, \"L3: {x}\");\n    \
                   assert_eq!(x, 1);\n    assert_ne!(x, 2);\n    debug_assert!(x == 1);\n    x\n}\n\
                   fn main() {\n    println!(\"{}\", check(2));\n}\n";
    let folder = TempDir::new().expect("a folder");
    let run = |name: &str, text: &str| {
        let source = folder.path().join(format!("{name}.rs"));
        let binary = folder.path().join(name);
        fs::write(&source, text).expect("a source");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let compiled = std::process::Command::new(rustc)
            .args(["--edition=2024", "-o"])
            .args([&binary, &source])
            .output()
            .expect("a compiler");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        std::process::Command::new(binary).output().expect("it runs")
    };
    assert!(!run("with", program).status.success(), "the assertion holds the program up");
    let without = run("without", &without_assertions(program));
    assert_eq!(String::from_utf8_lossy(&without.stdout), "2\n", "nothing is asserted any more");
}
