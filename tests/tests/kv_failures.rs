//! What a failing test of part 3 says, provoked by small broken key/value services; and that the
//! same service without the mistake passes the same test.

mod broken_kv;

use broken_kv::{Alone, Clerk, Mistake, NoRaft, Nothing, Repeats, Server, Slow, Stale, submission};
use lab_tests::{Broken, TESTS, TestRun, Verdict, run_test};
use labrt_host::RunConfig;

fn run<M: Mistake>(name: &str, seed: u64) -> TestRun {
    let test = TESTS.iter().find(|test| test.name == name).expect("a test of the table");
    let submission = submission::<NoRaft>().with_kv::<Server<M>, Clerk>();
    run_test(test, submission, &RunConfig::virtual_time(seed))
}

/// `M` fails test `name` by breaking `broken`, and nothing at all passes it.
#[track_caller]
fn fails<M: Mistake>(name: &str, broken: Broken) -> TestRun {
    let run_of_mistake = run::<M>(name, 7);
    assert_eq!(run_of_mistake.verdict, Verdict::Fail, "{}", run_of_mistake.text);
    let found = run_of_mistake.violation.as_ref().map(|violation| violation.broken);
    assert_eq!(found, Some(broken), "{}", run_of_mistake.text);
    let run_of_nothing = run::<Nothing>(name, 7);
    assert_eq!(run_of_nothing.verdict, Verdict::Pass, "{}", run_of_nothing.text);
    run_of_mistake
}

/// The text without times, numbers and what else depends on how many steps something took.
fn shape(run: &TestRun) -> String {
    let digits = |line: &str| {
        let mut shape = String::new();
        for c in line.chars() {
            let c = if c.is_ascii_digit() { '#' } else { c };
            if c != '#' || !shape.ends_with('#') {
                shape.push(c);
            }
        }
        shape
    };
    run.text.lines().take(4).map(digits).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_append_is_applied_twice() {
    let run = fails::<Repeats>("3A::unreliable_one_key", Broken::AppliedTwice);
    insta::assert_snapshot!(shape(&run));
    assert!(run.text.contains("hint K3 "), "the hint is that of the rule: {}", run.text);
}

#[test]
fn a_read_of_an_old_value_is_no_explanation() {
    let run = fails::<Stale>("3X::hot_key", Broken::NotLinearizable);
    assert!(run.text.contains("hint K1 "), "the hint is that of the rule: {}", run.text);
    assert!(run.text.contains("hot"), "the evidence names the key: {}", run.text);
    let violation = run.violation.expect("the battery found it");
    assert!(violation.broken.is_safety(), "no late machine excuses it");
}

#[test]
fn a_minority_serves() {
    let run = run::<Alone>("3A::one_partition", 7);
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    let found = run.violation.as_ref().map(|violation| violation.broken);
    assert_eq!(found, Some(Broken::MinorityServes), "{}", run.text);
    assert_eq!(run.rule, Some("K1"), "{}", run.text);
}

#[test]
fn operations_take_too_long() {
    let run = fails::<Slow>("3A::speed", Broken::OperationsTooSlow);
    insta::assert_snapshot!(shape(&run));
}

/// Its clerk asks one server after the other, and begins with the first each time.
#[test]
fn clients_do_not_remember_whom_to_ask() {
    let run = run::<Nothing>("3X::remembered_leader", 7);
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    let found = run.violation.as_ref().map(|violation| violation.broken);
    assert_eq!(found, Some(Broken::LeaderNotRemembered), "{}", run.text);
    assert_eq!(run.rule, Some("K7"), "{}", run.text);
}

#[test]
fn a_battery_without_a_service_says_so() {
    let test = TESTS.iter().find(|test| test.name == "3A::basic").expect("a test of the table");
    let config = RunConfig::virtual_time(7);
    let run = run_test(test, submission::<NoRaft>(), &config);
    assert_eq!(run.verdict, Verdict::Fail, "{}", run.text);
    assert!(run.text.contains("`Submission::with_kv`"), "what to do: {}", run.text);
}
