//! Enums that serde decodes from a buffer of its own. They come back, under serde's laxer rules.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let bytes = labgob::to_bytes(&value).expect("the shape is not one of the refused");
    assert_eq!(labgob::from_bytes(&bytes), Ok(value));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
    vote: Option<Option<u64>>,
}

fn entry() -> Entry {
    Entry { term: 1, command: vec![1, 200], vote: Some(None) }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Role {
    Leader,
    Follower(u64),
    Candidate { votes: u64 },
    Retired(u64, bool),
}

/// The first alternative that fits is taken, so the narrow ones stand first.
#[test]
fn untagged_enums_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Flag(bool),
        Role(Role),
        Byte(u8),
        Negative(i64),
        Wide(f64),
        Text(String),
        Letter(char),
        Entry(Entry),
        Named { a: u64, b: (u8, char) },
        Bytes(Vec<u8>),
        Pair((u64, bool)),
        Map(BTreeMap<u64, Option<u64>>),
        Option(Option<Option<Option<String>>>),
        Unit,
    }
    comes_back(Any::Flag(true));
    comes_back(Any::Role(Role::Leader));
    comes_back(Any::Role(Role::Follower(1)));
    comes_back(Any::Role(Role::Candidate { votes: 1 }));
    comes_back(Any::Role(Role::Retired(1, true)));
    comes_back(Any::Byte(7));
    comes_back(Any::Negative(-7));
    comes_back(Any::Wide(0.5));
    comes_back(Any::Letter('x'));
    comes_back(Any::Text("x".to_owned()));
    comes_back(Any::Entry(entry()));
    comes_back(Any::Named { a: 1, b: (2, 'x') });
    comes_back(Any::Bytes(vec![1, 200]));
    comes_back(Any::Bytes(vec![]));
    comes_back(Any::Pair((1, true)));
    comes_back(Any::Map(BTreeMap::from([(1, None), (2, Some(3))])));
    comes_back(Any::Option(Some(None)));
    comes_back(Any::Option(Some(Some(Some("x".to_owned())))));
    comes_back(vec![Any::Byte(1), Any::Byte(2), Any::Text("x".to_owned()), Any::Byte(3)]);
}

#[test]
fn internally_tagged_enums_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Message {
        Entry(Entry),
        Named { a: Option<u64>, b: Vec<Entry>, role: Role },
        Map(BTreeMap<String, u64>),
        Nothing,
        Unit(()),
    }
    comes_back(Message::Entry(entry()));
    comes_back(Message::Named { a: Some(1), b: vec![entry()], role: Role::Retired(1, false) });
    comes_back(Message::Named { a: None, b: vec![], role: Role::Leader });
    comes_back(Message::Map(BTreeMap::from([("x".to_owned(), 1)])));
    comes_back(Message::Nothing);
    comes_back(Message::Unit(()));
    comes_back(vec![Some(Message::Nothing)]);
}

/// Their variants without data have a tag and no content, which is no missing field.
#[test]
fn adjacently_tagged_enums_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", content = "data", rename = "Renamed")]
    enum Message {
        Entry(Entry),
        Named { a: Option<u64> },
        Tuple(u64, bool),
        Option(Option<u64>),
        Nothing,
    }
    comes_back(Message::Entry(entry()));
    comes_back(Message::Named { a: None });
    comes_back(Message::Tuple(1, true));
    comes_back(Message::Option(None));
    comes_back(Message::Nothing);
    comes_back(vec![Message::Nothing, Message::Nothing]);

    #[derive(Debug, Serialize, Deserialize)]
    struct Content {
        kind: Role,
        data: Option<u64>,
    }
    #[derive(Serialize)]
    struct NoContent {
        kind: Role,
    }
    let bytes = labgob::to_bytes(&NoContent { kind: Role::Leader }).expect("encodes");
    let error = labgob::from_bytes::<Content>(&bytes).expect_err("a struct misses its field");
    assert_eq!(error.to_string(), "value 1, byte 0: missing field `data` (decoding Content)");
    let error = labgob::from_bytes::<Message>(&bytes).expect_err("another enum's variant");
    assert_eq!(
        error.to_string(),
        "value 1, byte 6, in kind: unknown variant `Leader`, expected `Entry`, `Named`, `Tuple`, \
         `Option`, `Nothing` (decoding Message)"
    );
}

/// The documented attributes that encoding cannot see: decoding says what it misses.
#[test]
fn attributes_that_encoding_cannot_see_are_errors_at_decoding() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    struct Tagged {
        term: u64,
    }
    let bytes = labgob::to_bytes(&Tagged { term: 1 }).expect("encodes");
    let error = labgob::from_bytes::<Tagged>(&bytes).expect_err("the tag is not a field");
    assert_eq!(
        error.to_string(),
        "value 1, byte 1: unknown field `kind`, expected `term` (decoding Tagged)"
    );

    #[derive(Debug, Serialize, Deserialize)]
    struct Aliased {
        #[serde(alias = "epoch")]
        term: u64,
    }
    let bytes = labgob::to_bytes(&Aliased { term: 1 }).expect("encodes");
    let error = labgob::from_bytes::<Aliased>(&bytes).expect_err("both names are asked for");
    assert_eq!(error.to_string(), "value 1, byte 0: missing field `epoch` (decoding Aliased)");
}
