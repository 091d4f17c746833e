//! Small random histories: the checker and brute force agree on each.

use std::cell::Cell;
use std::time::Duration;

use lab_tests::linearizability::{
    Budget, Evidence, History, KvInput, KvModel, Operation, RegisterInput, RegisterModel,
    RegisterOutput, Verdict, check,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::brute_force::{Kv, KvOperation, Register, RegisterOperation, linearizable};

const HISTORIES: u32 = 6_000;

fn runner() -> TestRunner {
    let config = Config { cases: HISTORIES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Times that often touch and overlap; one in six never returns.
fn times() -> impl Strategy<Value = (Duration, Option<Duration>)> {
    (0..12_u64, 0..6_u64, 0..6_u8).prop_map(|(call, length, ends)| {
        let returned = (0 < ends).then(|| Duration::from_millis(call + length));
        (Duration::from_millis(call), returned)
    })
}

fn operation<I, O>(
    ((call, returned), client): ((Duration, Option<Duration>), usize),
    input: I,
    output: Option<O>,
) -> Operation<I, O> {
    Operation { client, call, returned, input, output }
}

fn kv_operations() -> impl Strategy<Value = Vec<KvOperation>> {
    let input = (0..6_u8, "[xy]", "[ab]").prop_map(|(kind, key, value)| match kind {
        0 => KvInput::put(key, value),
        1 | 2 => KvInput::append(key, value),
        _ => KvInput::get(key),
    });
    let output = prop_oneof![3 => "[ab]{0,3}".prop_map(Some), 1 => Just(None)];
    let one = (times(), 0..3_usize, input, output);
    vec(
        one.prop_map(|(times, client, input, output)| operation((times, client), input, output)),
        0..8,
    )
}

fn register_operations() -> impl Strategy<Value = Vec<RegisterOperation>> {
    let value = || 0..3_i64;
    let read = prop_oneof![Just(None), value().prop_map(Some)];
    let one = prop_oneof![
        read.prop_map(|value| (RegisterInput::Read, Some(RegisterOutput::Value(value)))),
        value().prop_map(|value| (RegisterInput::Write(value), None)),
        (value(), value(), any::<bool>()).prop_map(|(expected, new, written)| (
            RegisterInput::CompareAndSet { expected, new },
            Some(RegisterOutput::Written(written))
        )),
    ];
    let one = (times(), 0..3_usize, one);
    vec(
        one.prop_map(|(times, client, (input, output))| operation((times, client), input, output)),
        0..8,
    )
}

/// Both answers must have come up often, or little was compared.
fn assert_both(yes: u32, no: u32) {
    let few = HISTORIES / 10;
    assert!(few < yes && few < no, "{yes} linearizable and {no} other histories were drawn");
}

#[test]
fn of_the_kv_service_the_answer_is_that_of_brute_force() {
    let (yes, no) = (Cell::new(0), Cell::new(0));
    let result = runner().run(&kv_operations(), |operations| {
        let expected = linearizable::<_, _, Kv>(&operations);
        let history: History<_, _> = operations.iter().cloned().collect();
        match check(&KvModel, &history, Budget::default()) {
            Verdict::Linearizable => prop_assert!(expected, "brute force finds no order"),
            Verdict::NotLinearizable(evidence) => {
                prop_assert!(!expected, "brute force finds an order\n{evidence}");
                explains(&evidence, &operations)?;
            }
            Verdict::GaveUp(gave_up) => prop_assert!(false, "{gave_up}"),
        }
        let count = if expected { &yes } else { &no };
        count.set(count.get() + 1);
        Ok(())
    });
    result.expect("both agree");
    assert_both(yes.get(), no.get());
}

#[test]
fn of_a_register_the_answer_is_that_of_brute_force() {
    let (yes, no) = (Cell::new(0), Cell::new(0));
    let result = runner().run(&register_operations(), |operations| {
        let expected = linearizable::<_, _, Register>(&operations);
        let history: History<_, _> = operations.iter().cloned().collect();
        let verdict = check(&RegisterModel, &history, Budget::default());
        prop_assert_eq!(matches!(verdict, Verdict::Linearizable), expected);
        prop_assert_eq!(matches!(verdict, Verdict::NotLinearizable(_)), !expected);
        let count = if expected { &yes } else { &no };
        count.set(count.get() + 1);
        Ok(())
    });
    result.expect("both agree");
    assert_both(yes.get(), no.get());
}

/// What the evidence claims is so: all that returned before the blocked operation fits, in the
/// order given; with the blocked one nothing does.
fn explains(evidence: &Evidence, operations: &[KvOperation]) -> Result<(), TestCaseError> {
    let end = evidence.operations[evidence.blocked].return_ns.expect("what is blocked returned");
    let end = Duration::from_nanos(end);
    let of_key = |operation: &&KvOperation| match &operation.input {
        KvInput::Get { key } | KvInput::Put { key, .. } | KvInput::Append { key, .. } => {
            *key == evidence.key
        }
    };
    let known: Vec<_> =
        operations.iter().filter(of_key).filter(|operation| operation.call <= end).collect();
    prop_assert_eq!(known.len(), evidence.operations.len());

    // Returned later than `end`: as if it never had.
    let beginning = |blocked_too: bool| -> Vec<KvOperation> {
        let cut = |operation: &&KvOperation| {
            let mut operation = KvOperation::clone(operation);
            operation.returned = operation
                .returned
                .filter(|returned| *returned < end || blocked_too && *returned == end);
            operation
        };
        known.iter().map(cut).collect()
    };
    prop_assert!(linearizable::<_, _, Kv>(&beginning(false)), "the beginning fits");
    prop_assert!(!linearizable::<_, _, Kv>(&beginning(true)), "with the blocked one it does not");

    // The order given, as a history of operations that do not overlap, is one that fits.
    let mut by_call = known.clone();
    by_call.sort_by_key(|operation| operation.call);
    let placed = evidence.order.iter().enumerate().map(|(place, index)| {
        let at = Duration::from_secs(place as u64);
        let operation = KvOperation::clone(by_call[*index]);
        KvOperation { call: at, returned: Some(at), ..operation }
    });
    let placed: Vec<_> = placed.collect();
    prop_assert!(linearizable::<_, _, Kv>(&placed), "the order given is a possible one");
    for (index, operation) in evidence.operations.iter().enumerate() {
        let finished = operation.return_ns.is_some_and(|at| Duration::from_nanos(at) < end);
        prop_assert!(!finished || evidence.order.contains(&index), "{index} has no place");
        for later in &evidence.order[operation.place.map_or(0, |place| place + 1)..] {
            let returned = evidence.operations[*later].return_ns;
            prop_assert!(
                operation.place.is_none() || returned.is_none_or(|at| operation.call_ns <= at),
                "{later} is placed after {index}, which was called after it returned"
            );
        }
    }
    Ok(())
}
