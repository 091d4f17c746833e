//! Histories whose answer can be seen by looking: each with its neighbour of the other answer.

use std::time::Duration;

use lab_tests::linearizability::{Budget, History, KvInput, KvModel, Operation, Verdict, check};

/// A get with what it read, or a put or append; with call and return in milliseconds.
fn of(operations: &[(usize, u64, Option<u64>, KvInput, &str)]) -> History<KvInput, String> {
    let operations = operations.iter().map(|(client, call, returned, input, output)| Operation {
        client: *client,
        call: Duration::from_millis(*call),
        returned: returned.map(Duration::from_millis),
        input: input.clone(),
        output: Some((*output).to_owned()),
    });
    operations.collect()
}

#[track_caller]
fn accepted(operations: &[(usize, u64, Option<u64>, KvInput, &str)]) {
    let verdict = check(&KvModel, &of(operations), Budget::default());
    assert_eq!(verdict, Verdict::Linearizable, "of {operations:?}");
}

#[track_caller]
fn refused(operations: &[(usize, u64, Option<u64>, KvInput, &str)]) {
    let verdict = check(&KvModel, &of(operations), Budget::default());
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "{verdict:?} of {operations:?}");
}

fn put(value: &str) -> KvInput {
    KvInput::put("k", value)
}

fn append(value: &str) -> KvInput {
    KvInput::append("k", value)
}

fn get() -> KvInput {
    KvInput::get("k")
}

#[test]
fn nothing_happened() {
    accepted(&[]);
}

#[test]
fn a_read_after_a_write_returned_sees_it() {
    accepted(&[(0, 10, Some(20), put("1"), ""), (1, 30, Some(40), get(), "1")]);
    refused(&[(0, 10, Some(20), put("1"), ""), (1, 30, Some(40), get(), "")]);
}

#[test]
fn a_read_beside_a_write_may_or_may_not_see_it() {
    accepted(&[(0, 10, Some(40), put("1"), ""), (1, 20, Some(30), get(), "1")]);
    accepted(&[(0, 10, Some(40), put("1"), ""), (1, 20, Some(30), get(), "")]);
    refused(&[(0, 10, Some(40), put("1"), ""), (1, 20, Some(30), get(), "2")]);
}

#[test]
fn what_touches_at_one_moment_is_concurrent() {
    accepted(&[(0, 10, Some(20), put("1"), ""), (1, 20, Some(30), get(), "")]);
    refused(&[(0, 10, Some(20), put("1"), ""), (1, 21, Some(30), get(), "")]);
}

#[test]
fn what_never_returned_may_take_effect_late_or_never() {
    let read = |first: &'static str, second: &'static str| {
        [
            (0, 10, None, append("1"), ""),
            (1, 20, Some(30), get(), first),
            (1, 40, Some(50), get(), second),
        ]
    };
    accepted(&read("", ""));
    accepted(&read("", "1"));
    accepted(&read("1", "1"));
    refused(&read("1", ""));
    refused(&read("1", "11"));
    refused(&[(1, 20, Some(30), get(), "1"), (0, 40, None, append("1"), "")]);
}

#[test]
fn what_a_read_that_never_returned_holds_is_not_looked_at() {
    accepted(&[(0, 10, None, get(), "nonsense"), (1, 20, Some(30), get(), "")]);
}

#[test]
fn an_append_done_twice_is_seen() {
    accepted(&[(0, 10, Some(20), append("1"), ""), (1, 30, Some(40), get(), "1")]);
    refused(&[(0, 10, Some(20), append("1"), ""), (1, 30, Some(40), get(), "11")]);
}

#[test]
fn two_readers_agree_on_the_order_of_concurrent_writes() {
    let reads = |first: &'static str, second: &'static str| {
        [
            (0, 10, Some(90), append("1"), ""),
            (1, 10, Some(90), append("2"), ""),
            (2, 20, Some(30), get(), first),
            (3, 40, Some(50), get(), second),
        ]
    };
    accepted(&reads("1", "12"));
    accepted(&reads("2", "21"));
    accepted(&reads("", "21"));
    refused(&reads("1", "21"));
    refused(&reads("12", "1"));
}

#[test]
fn keys_do_not_see_each_other() {
    let other = |read: &'static str| {
        [
            (0, 10, Some(20), put("1"), ""),
            (1, 30, Some(40), KvInput::get("other"), ""),
            (1, 50, Some(60), get(), read),
        ]
    };
    accepted(&other("1"));
    refused(&other(""));
}
