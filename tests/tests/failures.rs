//! What a failing test says, provoked by small broken Rafts.

mod broken;

use broken::{
    AllLead, AppliesAlone, Behaviour, BreaksAnAssertion, DeliversUnderTheLock, NeverElects,
    SleepsUnderTheLock, VotesForAll, submission,
};
use lab_tests::{Broken, TESTS, TestRun, Verdict, run_test};
use labrt_host::{Limits, RunConfig};

#[track_caller]
fn run<B: Behaviour>(name: &str) -> TestRun {
    let test = TESTS.iter().find(|test| test.name == name).expect("a test of the table");
    run_test(test, submission::<B>(), &RunConfig::virtual_time(7))
}

/// The text without what depends on how many steps something took.
fn text(run: &TestRun) -> String {
    let mut lines = Vec::new();
    for line in run.text.lines() {
        let words = line.split(' ').map(|word| if is_time(word) { "[time]" } else { word });
        lines.push(words.collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

fn is_time(word: &str) -> bool {
    let number = word.trim_end_matches(|c: char| c.is_alphabetic() || c == ',' || c == ')');
    number.contains('.') && number.parse::<f64>().is_ok()
}

#[test]
fn nobody_is_elected() {
    let run = run::<NeverElects>("2A::initial_election");
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    insta::assert_snapshot!(text(&run));
}

#[test]
fn a_limit_that_was_missed_while_a_lock_is_held_across_a_wait_points_to_that() {
    let run = run::<SleepsUnderTheLock>("2A::initial_election");
    let violation = run.violation.as_ref().expect("the battery found it");
    assert_eq!(violation.broken, Broken::NoLeader, "{}", run.text);
    assert_eq!(run.rule, Some("L4"), "whoever needs the lock comes too late: {}", run.text);
    assert!(run.text.contains("also be a breach of E2"), "the others are told: {}", run.text);
}

#[test]
fn two_servers_lead_one_term() {
    let run = run::<AllLead>("2A::initial_election");
    let violation = run.violation.as_ref().expect("the battery found it");
    assert_eq!(violation.broken, Broken::TwoLeaders, "{}", run.text);
    assert!(violation.broken.is_safety(), "no late machine excuses it");
    insta::assert_snapshot!(text(&run));
}

#[test]
fn a_command_is_applied_by_one_server_only() {
    let run = run::<AppliesAlone>("2B::basic_agree");
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    insta::assert_snapshot!(text(&run));
}

#[test]
fn an_assertion_names_its_rule() {
    let run = run::<BreaksAnAssertion>("2A::initial_election");
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    let head: Vec<_> = run.text.lines().take(4).collect();
    insta::assert_snapshot!(head.join("\n"));
    assert!(run.text.contains("hint C2 "), "the hint is that of the rule: {}", run.text);
}

#[test]
fn entries_delivered_under_the_lock_deadlock_with_the_snapshot() {
    let run = run::<DeliversUnderTheLock>("2D::snapshot_basic");
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    let rule = run.text.lines().next().unwrap_or_default();
    assert_eq!(
        rule, "2D::snapshot_basic FAIL  rule L4: nothing that waits happens under a lock",
        "{}",
        run.text
    );
    let place = "tests/tests/broken/mod.rs";
    assert!(run.text.contains(place), "the places are told: {}", run.text);
    assert!(run.text.contains("locks   '"), "who holds what is told: {}", run.text);
}

/// The run was stopped, and the text tells of which machine, and names the line in `function`.
#[track_caller]
fn assert_stopped(run: &TestRun, headline: &str, function: &str) {
    assert_eq!(run.verdict, Verdict::Aborted, "{}", run.text);
    let mut lines = run.text.lines();
    assert_eq!(lines.next(), Some(headline), "{}", run.text);
    let what = lines.next().unwrap_or_default();
    assert!(what.contains(" on server 0, in thread 'mod.rs:"), "who did it is told: {}", run.text);
    let place = lines.next().unwrap_or_default();
    assert!(place.contains(" at tests/tests/broken/mod.rs:"), "the line is told: {}", run.text);
    assert!(run.text.contains(function), "the calls are told: {}", run.text);
    assert!(run.text.contains("replay  cargo test "), "how to replay it is told: {}", run.text);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_loop_that_never_ends_is_named() {
    let limits = Limits { stuck: std::time::Duration::from_millis(250), ..Limits::default() };
    let test = TESTS.iter().find(|test| test.name == "2A::initial_election").expect("a test");
    let config = RunConfig::virtual_time(7).limits(limits);
    let run = run_test(test, submission::<broken::LoopsForEver>(), &config);
    let headline = "2A::initial_election ABORTED  a lab thread reaches no scheduling point";
    assert_stopped(&run, headline, "LoopsForEver");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_stack_overflow_is_named() {
    let run = run::<broken::StandsAgainForEver>("2A::initial_election");
    let headline = "2A::initial_election ABORTED  stack overflow";
    assert_stopped(&run, headline, "stand_for_election");
}

#[test]
fn two_votes_of_one_server_are_seen_on_the_wire() {
    let run = run::<VotesForAll<true>>("2A::initial_election");
    let violation = run.violation.as_ref().expect("a checker found it");
    assert_eq!(violation.broken, Broken::TwoVotes, "{}", run.text);
    assert_eq!((run.verdict, run.rule), (Verdict::Fail, Some("E5")), "{}", run.text);
    assert!(run.text.contains("| 1 candidate 1 0 "), "as seen on the wire: {}", run.text);
}

#[test]
fn a_term_that_is_not_saved_is_seen_before_any_crash() {
    let run = run::<VotesForAll<false>>("2A::initial_election");
    let violation = run.violation.as_ref().expect("a checker found it");
    assert_eq!(violation.broken, Broken::UnsavedTerm, "{}", run.text);
    assert_eq!((run.verdict, run.rule), (Verdict::Fail, Some("P1")), "{}", run.text);
}

#[test]
fn messages_that_nobody_can_read_are_noted() {
    let run = run::<DeliversUnderTheLock>("2B::basic_agree");
    let noted = |what: &str| run.notes.iter().any(|note| note.contains(what));
    assert!(noted("checks off: votes (E5"), "{:?}", run.notes);
    assert!(noted("none of the paper's: deliver"), "{:?}", run.notes);
}
