//! A run made again goes the same way, or it is said that it did not.
#![cfg(target_os = "linux")]

mod common;

use common::{Fixture, Said, run};

fn replay(fixture: &Fixture, args: &[&str]) -> Said {
    run(fixture.subcommand("replay", args))
}

#[test]
fn the_same_event_hash_is_the_same_run() {
    let fixture = Fixture::new(&["passes", "fails"]);
    let said = replay(&fixture, &["2A::passes", "--seed", "7", "--expect", "000000000000feed"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("event hash 000000000000feed, framework "), "{}", said.out);
    assert!(said.out.contains("\nsame    as expected"), "{}", said.out);
    let said = replay(&fixture, &["2A::fails", "--seed", "7"]);
    assert_eq!(said.code, 1, "a failure seen again is still one\n{}", said.err);
    assert!(said.out.contains("rule C4"), "its text is shown\n{}", said.out);
    assert!(said.out.contains("\nsame    not known: "), "as what, nobody has said\n{}", said.out);
}

#[test]
fn another_event_hash_is_never_called_passed() {
    let fixture = Fixture::new(&["passes"]);
    let said = replay(&fixture, &["2A::passes", "--seed", "7", "--expect", "00000000deadbeef"]);
    assert_eq!(said.code, 6, "{}{}", said.out, said.err);
    let expected = "2A::passes did not reproduce: another build or platform\n  \
                    virtual clock, seed 7\n  expected event hash 00000000deadbeef\n  \
                    this run event hash 000000000000feed, framework ";
    assert!(said.out.starts_with(expected), "{}", said.out);
    assert!(!said.out.contains("passed"), "{}", said.out);
}

#[test]
fn the_trace_goes_where_it_is_asked_for() {
    let fixture = Fixture::new(&["passes"]);
    let said = replay(&fixture, &["2A::passes", "--seed", "7", "--trace", "here.txt"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("\ntrace   here.txt, 10 bytes"), "{}", said.out);
    let trace = std::fs::read_to_string(fixture.path("here.txt")).expect("it was written");
    assert_eq!(trace, "one event\n");
    let args = ["2A::passes", "--seed", "7", "--clock", "real", "--trace", "there.txt"];
    let said = replay(&fixture, &args);
    assert!(said.out.contains("trace   none under the real clock"), "{}", said.out);
    assert!(!fixture.path("there.txt").exists(), "nothing to write");
}

#[test]
fn what_is_no_single_run_is_usage() {
    let fixture = Fixture::new(&["passes", "fails"]);
    let said = replay(&fixture, &["2A", "--seed", "7"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("it names 2 tests: 2A::passes, 2A::fails"), "{}", said.err);
    let said = replay(&fixture, &["2A::passes"]);
    assert_eq!(said.code, 3, "a run needs its seed\n{}", said.err);
    let said = replay(&fixture, &["2A::passes", "--seed", "7", "--expect", "feed"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("16 hexadecimal digits"), "{}", said.err);
}

#[test]
fn a_command_is_no_selection_and_a_selection_no_command() {
    let fixture = Fixture::new(&["passes"]);
    assert_eq!(fixture.run(&["2A"]).code, 0, "grading is done when no command is named");
    let said = fixture.run(&["--runs", "3", "replay"]);
    assert_eq!(said.code, 3, "flags of a grading belong to no command\n{}", said.err);
}
