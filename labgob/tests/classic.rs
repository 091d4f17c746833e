//! The three tests of the classic lab's codec, in the sense that Rust gives them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Simple {
    number: i64,
    text: String,
    other: i64,
}

/// What Go sends as an interface holding a registered type is an enum here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Command {
    Simple(Simple),
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Nested {
    list: Vec<Simple>,
    map: HashMap<i64, Box<Simple>>,
    command: Command,
    nothing: Command,
}

/// TestGOB: values of all kinds, several to a buffer, come back as they were.
#[test]
fn test_gob() {
    let simple = |number: i64| Simple { number, text: format!("text {number}"), other: -number };
    let nested = Nested {
        list: vec![simple(1), simple(2)],
        map: HashMap::from([(7, Box::new(simple(7))), (-8, Box::new(simple(8)))]),
        command: Command::Simple(simple(9)),
        nothing: Command::Nothing,
    };

    let mut encoder = labgob::Encoder::new();
    encoder.encode(&999_i64).expect("an integer");
    encoder.encode(&-998_i64).expect("an integer");
    encoder.encode(&simple(3)).expect("a struct");
    encoder.encode(&nested).expect("a struct of structs");
    let bytes = encoder.finish();

    let mut decoder = labgob::Decoder::new(&bytes);
    assert_eq!(decoder.decode::<i64>(), Ok(999));
    assert_eq!(decoder.decode::<i64>(), Ok(-998));
    assert_eq!(decoder.decode::<Simple>(), Ok(simple(3)));
    assert_eq!(decoder.decode::<Nested>(), Ok(nested));
    assert_eq!(decoder.finish(), Ok(()));
}

/// TestCapital: Go's codec silently leaves out fields in lower case, so the classic lab counts and
/// prints them. Rust has nothing to count: privacy does not decide what travels (`text` is private
/// to its module here), a field stays at home only where the source says so, and a field that one
/// side has and the other has not is an error that names it.
#[test]
fn test_capital() {
    mod peer {
        use super::*;

        #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
        pub(super) struct Entry {
            text: String,
            #[serde(skip)]
            pub(super) at_home: u64,
        }

        impl Entry {
            pub(super) fn new(text: &str, at_home: u64) -> Self {
                Self { text: text.to_owned(), at_home }
            }
        }
    }
    let sent = vec![HashMap::from([("key", peer::Entry::new("x", 99))])];
    let bytes = labgob::to_bytes(&sent).expect("a private field is encoded like any other");
    let received = labgob::from_bytes::<Vec<HashMap<String, peer::Entry>>>(&bytes);
    let received = received.expect("both sides have the same fields");
    assert_eq!(received[0]["key"], peer::Entry::new("x", 0), "`text` travels, `at_home` does not");

    #[derive(Debug, Deserialize)]
    struct OtherEntry {
        #[serde(rename = "Text")]
        _text: String,
    }
    let error = labgob::from_bytes::<Vec<HashMap<String, OtherEntry>>>(&bytes)
        .expect_err("`text` is not `Text`");
    assert_eq!(
        error.to_string(),
        "value 1, byte 9, in [0][value]: unknown field `text`, expected `Text` \
         (decoding Vec<HashMap<String, OtherEntry>>)"
    );
}

/// TestDefault: Go's codec does not send zeroes, so decoding into a reply that is used again keeps
/// what stood there, and the classic lab warns of it. Here a decoded value is always a new one:
/// zeroes travel, nothing is merged, and nothing that is absent is filled in.
#[test]
fn test_default() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Reply {
        success: bool,
        #[serde(default)]
        term: u64,
        conflict: Option<u64>,
    }
    let used_before = Reply { success: true, term: 99, conflict: Some(99) };
    let bytes = labgob::to_bytes(&Reply::default()).expect("a reply");
    let reply = labgob::from_bytes::<Reply>(&bytes);
    assert_eq!(reply, Ok(Reply::default()), "nothing of {used_before:?} is kept");

    #[derive(Serialize)]
    struct Shorter {
        success: bool,
    }
    let bytes = labgob::to_bytes(&Shorter { success: true }).expect("a shorter reply");
    let error = labgob::from_bytes::<Reply>(&bytes).expect_err("two fields are absent");
    assert_eq!(error.to_string(), "value 1, byte 0: missing field `term` (decoding Reply)");
}
