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
    assert!(said.out.contains("event hash 000000000000feed, as expected"), "{}", said.out);
    let said = replay(&fixture, &["2A::fails", "--seed", "7"]);
    assert_eq!(said.code, 1, "a failure seen again is still one\n{}", said.err);
    assert!(said.out.contains("rule C4"), "its text is shown\n{}", said.out);
}

#[test]
fn another_event_hash_is_never_called_passed() {
    let fixture = Fixture::new(&["passes"]);
    let said = replay(&fixture, &["2A::passes", "--seed", "7", "--expect", "00000000deadbeef"]);
    assert_eq!(said.code, 6, "{}{}", said.out, said.err);
    assert_eq!(
        said.out,
        format!(
            "2A::passes did not reproduce: another build or platform\n  \
             virtual clock, seed 7\n  expected event hash 00000000deadbeef\n  \
             this run is framework {}, event hash 000000000000feed\n\
             run     the same command with the build that the report is of\n\
             means   nothing is said of the run that was to be seen again\n",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert!(!said.out.contains("passed"), "{}", said.out);
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
