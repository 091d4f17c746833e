//! What a student reads, and what a picture is drawn from.

use std::time::Duration;

use lab_tests::linearizability::{
    Budget, Evidence, History, KvInput, KvModel, Operation, Verdict, check,
};

fn evidence(history: &History<KvInput, String>) -> Evidence {
    match check(&KvModel, history, Budget::default()) {
        Verdict::NotLinearizable(evidence) => evidence,
        other => panic!("the history is not linearizable, and was judged {other:?}"),
    }
}

fn operation(
    client: usize,
    call: u64,
    returned: Option<u64>,
    input: KvInput,
    output: &str,
) -> Operation<KvInput, String> {
    Operation {
        client,
        call: Duration::from_millis(call),
        returned: returned.map(Duration::from_millis),
        input,
        output: Some(output.to_owned()),
    }
}

/// A reader is given an old value, while two appends are under way.
fn stale_read() -> History<KvInput, String> {
    [
        operation(1, 12_301, Some(12_340), KvInput::put("x", "a"), ""),
        operation(2, 12_350, Some(12_361), KvInput::append("x", "b"), ""),
        operation(4, 12_390, None, KvInput::append("x", "c"), ""),
        operation(5, 12_395, Some(12_900), KvInput::append("x", "d"), ""),
        operation(3, 12_400, Some(12_420), KvInput::get("x"), "a"),
        operation(3, 12_430, Some(12_440), KvInput::get("x"), "ab"),
        operation(1, 12_350, Some(12_361), KvInput::put("y", "elsewhere"), ""),
    ]
    .into_iter()
    .collect()
}

#[test]
fn a_stale_read_is_explained() {
    insta::assert_snapshot!(evidence(&stale_read()));
}

#[test]
fn of_a_long_value_the_place_that_differs_is_shown() {
    let mut history = History::new();
    let mut value = String::new();
    for number in 0..200 {
        let (piece, at) = (format!("x 0 {number} y"), 10 * number);
        value.push_str(&piece);
        history.push(operation(0, at, Some(at + 5), KvInput::append("k", piece), ""));
    }
    let twice = value.replace("x 0 150 y", "x 0 150 yx 0 150 y");
    history.push(operation(1, 5_000, Some(5_010), KvInput::get("k"), &twice));
    insta::assert_snapshot!(evidence(&history));
}

#[test]
fn the_order_shown_is_the_one_that_comes_closest_to_the_answer() {
    let history = [
        operation(1, 10, Some(20), KvInput::put("x", "a"), ""),
        operation(2, 30, None, KvInput::append("x", "b"), ""),
        operation(4, 31, Some(90), KvInput::append("x", "c"), ""),
        operation(3, 40, Some(50), KvInput::get("x"), "acc"),
    ];
    let evidence = evidence(&history.into_iter().collect());
    assert_eq!(evidence.values[0], "ac", "the append was done twice: {evidence}");
    assert_eq!(evidence.order, [0, 2], "what never returned is not needed for that");
    let open: Vec<&str> = evidence.open().map(|operation| operation.text.as_str()).collect();
    assert_eq!(open, ["append \"b\""], "it is told as open");
}

#[test]
fn a_picture_has_all_it_needs() {
    let json = serde_json::to_string_pretty(&evidence(&stale_read()));
    insta::assert_snapshot!(json.expect("it is plain data"));
}
