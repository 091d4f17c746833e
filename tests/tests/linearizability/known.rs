//! Public histories whose answer others have published; `fixtures/porcupine/` says whose.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_tests::linearizability::{
    Budget, History, KvInput, KvModel, Operation, RegisterInput, RegisterModel, RegisterOutput,
    Verdict, check,
};

/// One line: who, whether it is a call or how it ended, what, and the rest of the line.
type Line<'t> = (usize, &'t str, &'t str, &'t str);

/// Puts calls and their ends together; the number of the line is the time. What ended in `info`
/// is not known to have ended.
fn history<I, O>(
    lines: impl Iterator<Item = Line<'static>>,
    input: impl Fn(&str, &str) -> I,
    output: impl Fn(&str, &str, &str) -> Option<O>,
) -> History<I, O> {
    let mut operations: Vec<Operation<I, O>> = Vec::new();
    let mut open = BTreeMap::new();
    for (number, (client, event, what, value)) in lines.enumerate() {
        let now = Duration::from_millis(number as u64);
        match event {
            ":invoke" => {
                let previous = open.insert(client, operations.len());
                assert_eq!(previous, None, "client {client} makes one operation at a time");
                let input = input(what, value);
                operations.push(Operation {
                    client,
                    call: now,
                    returned: None,
                    input,
                    output: None,
                });
            }
            _ => {
                let operation = open.remove(&client).expect("what ends was called");
                if event != ":info" {
                    operations[operation].returned = Some(now);
                    operations[operation].output = output(event, what, value);
                }
            }
        }
    }
    operations.into_iter().collect()
}

fn jepsen(log: &'static str) -> Verdict {
    let lines = log.lines().map(|line| {
        let line = line.strip_prefix("INFO  jepsen.util - ").expect("a line of this log");
        let fields: Vec<&str> = line.split('\t').collect();
        (fields[0].parse().expect("a number"), fields[1], fields[2], fields[3])
    });
    let value = |value: &str| -> Option<i64> { value.parse().ok() };
    let input = |what: &str, text: &str| match what {
        ":read" => RegisterInput::Read,
        ":write" => RegisterInput::Write(value(text).expect("what is written is a number")),
        _ => {
            let (expected, new) =
                text.trim_matches(['[', ']']).split_once(' ').expect("two numbers");
            let [expected, new] = [expected, new].map(|text| value(text).expect("a number"));
            RegisterInput::CompareAndSet { expected, new }
        }
    };
    let history = history(lines, input, |event, what, text| match what {
        ":read" => Some(RegisterOutput::Value(value(text))),
        ":cas" => Some(RegisterOutput::Written(event == ":ok")),
        _ => None,
    });
    assert!(50 < history.len(), "the log was read: {} operations", history.len());
    check(&RegisterModel, &history, Budget::default())
}

fn kv(log: &'static str) -> Verdict {
    /// The text between two marks.
    fn between(line: &'static str, from: &str, to: &str) -> &'static str {
        let (_, rest) = line.split_once(from).expect("a line of this log");
        rest.split_once(to).expect("a line of this log").0
    }
    let lines = log.lines().map(|line| {
        let (_, rest) = line.split_once(":key \"").expect("a line of this log");
        let client = between(line, ":process ", ",").parse().expect("a number");
        (client, between(line, ":type ", ","), between(line, ":f ", ","), rest)
    });
    fn value(rest: &str) -> &str {
        let (_, value) = rest.split_once(":value ").expect("a line of this log");
        value.trim_end_matches('}').trim_matches('"')
    }
    let input = |what: &str, rest: &str| {
        let (key, _) = rest.split_once('"').expect("a key in quotes");
        match what {
            ":get" => KvInput::get(key),
            ":put" => KvInput::put(key, value(rest)),
            _ => KvInput::append(key, value(rest)),
        }
    };
    let history = history(lines, input, |_, _, rest| Some(value(rest).to_owned()));
    assert!(30 < history.len(), "the log was read: {} operations", history.len());
    check(&KvModel, &history, Budget::default())
}

#[test]
fn etcd_000_is_not_linearizable() {
    let verdict = jepsen(include_str!("fixtures/porcupine/etcd_000.log"));
    let Verdict::NotLinearizable(evidence) = verdict else { panic!("{verdict:?}") };
    insta::assert_snapshot!(evidence);
}

#[test]
fn etcd_002_is_linearizable() {
    let verdict = jepsen(include_str!("fixtures/porcupine/etcd_002.log"));
    assert_eq!(verdict, Verdict::Linearizable, "as porcupine's tests expect");
}

#[test]
fn kv_c01_ok_is_linearizable() {
    let verdict = kv(include_str!("fixtures/porcupine/c01-ok.txt"));
    assert_eq!(verdict, Verdict::Linearizable, "as porcupine's tests expect");
}

#[test]
fn kv_c01_bad_is_not_linearizable() {
    let verdict = kv(include_str!("fixtures/porcupine/c01-bad.txt"));
    let Verdict::NotLinearizable(evidence) = verdict else { panic!("{verdict:?}") };
    // Append "x 0 3 y" to key 7 had returned when key 7 was read as "x 0 0 y".
    insta::assert_snapshot!(evidence);
}
