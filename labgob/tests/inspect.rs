//! Messages read without their types.

use std::collections::BTreeMap;

use labgob::{Raw, Value};
use serde::Serialize;

#[derive(Serialize)]
struct AppendEntriesArgs {
    term: u64,
    leader_id: usize,
    entries: Vec<Entry>,
    leader_commit: i64,
}

#[derive(Serialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

#[derive(Serialize)]
enum Conflict {
    None,
    TooShort { next_index: u64 },
    Term(u64, u64),
    Wrapped(Option<bool>),
}

#[test]
fn fields_are_found_by_name() {
    let entries =
        vec![Entry { term: 2, command: b"set x 1".to_vec() }, Entry { term: 3, command: vec![] }];
    let args = AppendEntriesArgs { term: 3, leader_id: 1, entries, leader_commit: -1 };
    let bytes = labgob::to_bytes(&args).expect("encodes");
    let message = Value::parse(&bytes).expect("parses");

    assert_eq!(message.field("term").and_then(Value::as_u64), Some(3));
    assert_eq!(message.field("leader_id").and_then(Value::as_u64), Some(1));
    assert_eq!(message.field("leader_commit").and_then(Value::as_u64), None);
    assert_eq!(message.field("leader_commit").and_then(Value::as_i64), Some(-1));
    assert_eq!(message.field("vote_granted"), None);
    let entries = message.field("entries").and_then(Value::as_seq).expect("a list");
    let commands: Vec<_> = entries.iter().filter_map(|entry| entry.field("command")).collect();
    let commands: Vec<_> = commands.into_iter().filter_map(Value::as_bytes).collect();
    assert_eq!(commands, [&b"set x 1"[..], b""]);
    assert!(bytes.as_ptr_range().contains(&commands[0].as_ptr()), "the command was copied");
    let names: Vec<_> = message.fields().expect("a struct").iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["term", "leader_id", "entries", "leader_commit"]);
    assert_eq!(
        message.to_string(),
        "{term: 3, leader_id: 1, entries: [{term: 2, command: <7 bytes>}, {term: 3, command: []}], \
         leader_commit: -1}"
    );
}

#[test]
fn every_shape_has_its_value_and_its_text() {
    fn reads<T: Serialize>(written: T, value: Value<'_>, text: &str) {
        let bytes = labgob::to_bytes(&written).expect("encodes");
        let read = Value::parse(&bytes).expect("parses");
        assert_eq!(read, value);
        assert_eq!(read.to_string(), text);
        assert_eq!(read.to_bytes().as_ref(), Ok(&bytes), "{text} is written as it was read");
    }
    let boxed = |value| Some(Box::new(value));
    reads(None::<u64>, Value::None, "none");
    reads(Some(1_u8), Value::Some(Box::new(Value::Unsigned(1))), "some(1)");
    reads((), Value::Unit, "()");
    reads(true, Value::Bool(true), "true");
    reads(u64::MAX, Value::Unsigned(u64::MAX), "18446744073709551615");
    reads(i64::MIN, Value::Negative(i64::MIN), "-9223372036854775808");
    reads(5_i8, Value::Unsigned(5), "5");
    reads(1.0_f32, Value::F32(1.0), "1.0");
    reads(-0.5_f64, Value::F64(-0.5), "-0.5");
    reads('x', Value::Char('x'), "'x'");
    reads("x", Value::Str("x"), "\"x\"");
    reads([1_u8, 2], Value::Bytes(&[1, 2]), "<2 bytes>");
    reads((1_u8, true), Value::Seq(vec![Value::Unsigned(1), Value::Bool(true)]), "[1, true]");
    reads(
        BTreeMap::from([(1, "x"), (2, "y")]),
        Value::Map(vec![
            (Value::Unsigned(1), Value::Str("x")),
            (Value::Unsigned(2), Value::Str("y")),
        ]),
        "{1 => \"x\", 2 => \"y\"}",
    );
    reads(Conflict::None, Value::Variant("None", None), "None");
    reads(
        Conflict::TooShort { next_index: 1 },
        Value::Variant("TooShort", boxed(Value::Struct(vec![("next_index", Value::Unsigned(1))]))),
        "TooShort {next_index: 1}",
    );
    reads(
        Conflict::Term(1, 2),
        Value::Variant("Term", boxed(Value::Seq(vec![Value::Unsigned(1), Value::Unsigned(2)]))),
        "Term(1, 2)",
    );
    reads(
        Conflict::Wrapped(Some(true)),
        Value::Variant("Wrapped", boxed(Value::Some(Box::new(Value::Bool(true))))),
        "Wrapped(some(true))",
    );
}

#[test]
fn a_changed_message_is_one_with_other_contents() {
    let entry = |term| Entry { term, command: b"set x 1".to_vec() };
    let args = |term, entries| AppendEntriesArgs { term, leader_id: 1, entries, leader_commit: 2 };
    let bytes = labgob::to_bytes(&args(3, vec![entry(2)])).expect("encodes");
    let Ok(Value::Struct(mut fields)) = Value::parse(&bytes) else { panic!("it is a struct") };
    for (name, value) in &mut fields {
        match (*name, value) {
            ("term", term) => *term = Value::Unsigned(1 << 40),
            ("entries", Value::Seq(entries)) => entries.push(entries[0].clone()),
            _ => {}
        }
    }
    let changed = Value::Struct(fields).to_bytes().expect("encodes");
    let meant = labgob::to_bytes(&args(1 << 40, vec![entry(2), entry(2)])).expect("encodes");
    assert_eq!(changed, meant);
}

#[test]
fn a_value_that_nests_too_deep_is_not_written() {
    let deep = (0..labgob::MAX_DEPTH + 1).fold(Value::Unit, |value, _| Value::Seq(vec![value]));
    let error = deep.to_bytes().expect_err("no decoder would read it");
    assert_eq!(error.kind(), &labgob::EncodeErrorKind::TooDeep);
}

#[test]
fn a_variant_is_read_by_its_name_and_its_fields() {
    let bytes = labgob::to_bytes(&Conflict::TooShort { next_index: 7 }).expect("encodes");
    let conflict = Value::parse(&bytes).expect("parses");
    assert_eq!(conflict.variant(), Some("TooShort"));
    assert_eq!(conflict.field("next_index").and_then(Value::as_u64), Some(7));
}

/// Each accessor answers for its own shape only.
#[test]
fn accessors_do_not_convert() {
    let value = Value::Unsigned(1);
    assert_eq!((value.as_bool(), value.as_str(), value.as_bytes()), (None, None, None));
    assert_eq!((value.as_seq(), value.as_map(), value.fields()), (None, None, None));
    assert_eq!((value.as_option(), value.variant(), value.field("term")), (None, None, None));
    assert_eq!(Value::Unsigned(u64::MAX).as_i64(), None);
    assert_eq!(Value::Bool(true).as_u64(), None);
    assert_eq!(Value::None.as_option(), Some(None));
    assert_eq!(Value::Some(Box::new(value.clone())).as_option(), Some(Some(&value)));
    let map = Value::Map(vec![(value.clone(), value.clone())]);
    assert_eq!(map.as_map().map(<[_]>::len), Some(1));
}

#[test]
fn saved_state_is_read_value_by_value() {
    let mut encoder = labgob::Encoder::new();
    encoder.encode(&3_u64).expect("a term");
    encoder.encode(&Some(1_u64)).expect("a vote");
    let bytes = encoder.finish();

    let mut decoder = labgob::Decoder::new(&bytes);
    assert_eq!(decoder.value().map(|value| value.as_u64()), Ok(Some(3)));
    let vote = decoder.value().expect("a vote");
    assert_eq!(vote.as_option().flatten().and_then(Value::as_u64), Some(1));
    assert!(decoder.is_at_end(), "two values were encoded");
}

/// What is read straight out of the bytes is what the tree of the same bytes holds.
#[test]
fn single_fields_are_read_without_the_rest() {
    #[derive(serde::Serialize)]
    struct Entry {
        term: u64,
        command: Vec<u8>,
    }
    #[derive(serde::Serialize)]
    struct Args {
        conflict: Conflict,
        entries: Vec<Entry>,
        success: bool,
        none: Vec<Entry>,
        term: u64,
    }
    let entry = |term, byte: u8| Entry { term, command: vec![byte; 3] };
    let args = Args {
        conflict: Conflict::Term(1, 2),
        entries: vec![entry(4, 1), entry(500_000, 2)],
        success: true,
        none: vec![],
        term: u64::MAX,
    };
    let bytes = labgob::to_bytes(&args).expect("encodes");
    let fields: Vec<_> = Raw::of(&bytes).fields().expect("a struct").collect();
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let wanted: [&[u8]; 5] = [b"conflict", b"entries", b"success", b"none", b"term"];
    assert_eq!(names, wanted, "all fields, in their order");
    assert_eq!(fields[4].1.as_u64(), Some(u64::MAX), "after everything that was skipped");
    assert_eq!(fields[2].1.as_bool(), Some(true));
    assert_eq!(fields[3].1.elements().map(|none| none.len()), Some(0), "no elements");

    let entries = fields[1].1.elements().expect("a sequence");
    assert_eq!(entries.len(), 2);
    let read: Vec<_> = entries
        .map(|entry| entry.fields().expect("a struct").map(|(_, value)| value))
        .map(|mut values| (values.next(), values.next()))
        .map(|(term, command)| {
            (term.and_then(Raw::as_u64), command.and_then(|command| command.as_bytes()))
        })
        .collect();
    let wanted: [(_, Option<&[u8]>); 2] =
        [(Some(4), Some(&[1, 1, 1])), (Some(500_000), Some(&[2, 2, 2]))];
    assert_eq!(read, wanted);
    let mut entries = fields[1].1.elements().expect("a sequence");
    let mut terms = Vec::new();
    while let Some(whole) = entries.next_fields(|name, value| {
        if name == b"term" {
            terms.extend(value.as_u64());
        }
    }) {
        assert!(whole, "each is a struct");
    }
    assert_eq!(terms, [4, 500_000], "in place");
    assert_eq!(fields[0].1.as_u64(), None, "a variant is no number");
    assert!(fields[0].1.fields().is_none() && fields[0].1.elements().is_none());
}

/// Whatever the bytes, reading them ends.
#[test]
fn fields_of_bytes_that_nobody_encoded_end_early() {
    let bytes = labgob::to_bytes(&Conflict::TooShort { next_index: 7 }).expect("encodes");
    assert!(Raw::of(&bytes).fields().is_none(), "a variant is not a struct");
    #[derive(serde::Serialize)]
    struct Two {
        term: u64,
        next: u64,
    }
    let bytes = labgob::to_bytes(&Two { term: 3, next: 1000 }).expect("encodes");
    for end in 0..bytes.len() {
        let read = Raw::of(&bytes[..end]).fields().map(Iterator::count);
        assert!(read.is_none_or(|count| count < 2), "cut after {end} bytes: {read:?}");
    }
}
