//! What a check may cost, and that it says so when that was not enough.

use std::time::Duration;

use lab_tests::linearizability::{
    Budget, History, KvInput, KvModel, Operation, RegisterInput, RegisterModel, RegisterOutput,
    Verdict, check, check_measured,
};

/// So many writes side by side, each of another value, and then a read of what nobody wrote: all
/// orders must be looked at.
fn hard(writes: i64) -> History<RegisterInput, RegisterOutput> {
    let mut history = History::new();
    for value in 0..writes {
        history.push(Operation {
            client: value as usize,
            call: Duration::from_millis(value as u64),
            returned: Some(Duration::from_millis(100)),
            input: RegisterInput::Write(value),
            output: None,
        });
    }
    history.push(Operation {
        client: 0,
        call: Duration::from_millis(200),
        returned: Some(Duration::from_millis(201)),
        input: RegisterInput::Read,
        output: Some(RegisterOutput::Value(Some(-1))),
    });
    history
}

#[test]
fn a_check_that_ran_out_of_steps_gives_up() {
    let few = Budget { steps: 1_000, ..Budget::default() };
    let Verdict::GaveUp(gave_up) = check(&RegisterModel, &hard(12), few) else {
        panic!("a thousand steps are not enough for twelve concurrent writes")
    };
    assert_eq!(gave_up.steps, 1_000, "no step beyond the budget");
    assert_eq!(gave_up.unfinished.len(), 1, "the one key is open");
    assert_eq!(gave_up.unfinished[0].operations, 13, "{gave_up}");
    insta::assert_snapshot!(gave_up, @r#"
    linearizability is not decided: 1 of 1 keys are open after 1000 steps
      key "register": 13 operations
    "#);
    let verdict = check(&RegisterModel, &hard(12), Budget::default());
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "more steps decide it: {verdict:?}");
}

#[test]
fn a_full_memory_is_slower_and_just_as_right() {
    let (verdict, with) = check_measured(&RegisterModel, &hard(7), Budget::default());
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "{verdict:?}");
    let tight = Budget { memory_bytes: 4096, ..Budget::default() };
    let (verdict, without) = check_measured(&RegisterModel, &hard(7), tight);
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "{verdict:?}");
    assert!(without.visited_bytes_max <= 4096, "{without:?} keeps to the limit");
    assert!(4096 < with.visited_bytes_max, "{with:?} needed more");
    assert!(with.steps < without.steps, "remembering saved steps: {with:?}, {without:?}");

    let none = Budget { steps: 5_000, memory_bytes: 0 };
    let Verdict::GaveUp(gave_up) = check(&RegisterModel, &hard(12), none) else {
        panic!("five thousand steps are not enough")
    };
    assert!(gave_up.memory_full, "that memory was short is told: {gave_up}");
}

#[test]
fn a_violation_on_an_easy_key_is_found_while_a_hard_one_waits() {
    let at = Duration::from_millis;
    let mut history = History::new();
    let mut push = |client, call, returned, input, output: Option<&str>| {
        let output = output.map(str::to_owned);
        history.push(Operation {
            client,
            call: at(call),
            returned: Some(at(returned)),
            input,
            output,
        });
    };
    // Twenty concurrent puts, each of a beginning of a value that nobody wrote: more orders than
    // the budget has steps.
    for client in 0..20 {
        push(client, 0, 100, KvInput::put("hard", "a".repeat(client + 1)), None);
    }
    let nobody_wrote_this = "a".repeat(21);
    push(0, 200, 201, KvInput::get("hard"), Some(&nobody_wrote_this));
    push(0, 300, 301, KvInput::put("simple", "1"), None);
    push(0, 400, 401, KvInput::get("simple"), Some(""));

    let (verdict, effort) = check_measured(&KvModel, &history, Budget::default());
    let Verdict::NotLinearizable(evidence) = verdict else { panic!("{verdict:?}") };
    assert_eq!(evidence.key, "simple", "the easy one is named");
    assert_eq!((effort.rounds, effort.keys), (1, 2), "in the first round: {effort:?}");

    let of_key = |key: &str| -> History<_, _> {
        let operations = history.operations().iter();
        let of_key = operations.filter(|operation| match &operation.input {
            KvInput::Get { key: its } | KvInput::Put { key: its, .. } => its == key,
            KvInput::Append { .. } => false,
        });
        of_key.cloned().collect()
    };
    let few = Budget { steps: 100_000, ..Budget::default() };
    let verdict = check(&KvModel, &of_key("hard"), few);
    assert!(matches!(verdict, Verdict::GaveUp(_)), "the hard one alone is hard: {verdict:?}");
}

#[test]
fn the_same_history_costs_the_same_steps() {
    let first = check_measured(&RegisterModel, &hard(10), Budget::default());
    let second = check_measured(&RegisterModel, &hard(10), Budget::default());
    assert_eq!(first, second, "steps, rounds, memory and evidence");
}
