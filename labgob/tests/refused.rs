//! What is refused when it is encoded, because it would not come back as it was.

use std::collections::HashMap;

use labgob::{EncodeErrorKind, MAX_DEPTH};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

fn refusal<T: Serialize>(value: T) -> String {
    labgob::to_bytes(&value).expect_err("the value is one of the refused").to_string()
}

#[test]
fn integers_of_128_bits_are_refused() {
    assert_eq!(refusal(1_u128), "value 1: u128 is not supported: use u64 or bytes");
    assert_eq!(refusal(Some(-1_i128)), "value 1: i128 is not supported: use u64 or bytes");
}

/// serde's `flatten` drops unknown fields, and reads a wrong one in an option as `None`.
#[test]
fn flattened_fields_are_refused() {
    #[derive(Serialize)]
    struct Inner {
        vote: u64,
    }
    #[derive(Serialize)]
    struct Outer {
        term: u64,
        #[serde(flatten)]
        inner: Inner,
    }
    assert_eq!(
        refusal([Outer { term: 1, inner: Inner { vote: 2 } }]),
        "value 1, in [0]: a map of unknown length, as #[serde(flatten)] makes, is not supported"
    );
}

#[test]
fn sequences_of_unknown_length_are_refused() {
    struct Even(Vec<u64>);

    impl Serialize for Even {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.0.iter().filter(|number| number.is_multiple_of(2)))
        }
    }
    assert_eq!(
        refusal(Even(vec![1, 2])),
        "value 1: a sequence of unknown length, as #[serde(flatten)] makes, is not supported"
    );
}

#[test]
fn fields_that_are_left_out_are_refused() {
    #[derive(Serialize)]
    struct Vote {
        term: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        vote: Option<u64>,
    }
    assert_eq!(
        refusal(Vote { term: 1, vote: None }),
        "value 1: field `vote` is left out by skip_serializing_if; every field must be encoded"
    );
    labgob::to_bytes(&Vote { term: 1, vote: Some(1) }).expect("all fields are there");

    #[derive(Serialize)]
    enum Message {
        Vote {
            #[serde(skip_serializing_if = "Option::is_none")]
            vote: Option<u64>,
        },
    }
    assert!(refusal(Message::Vote { vote: None }).contains("`vote` is left out"));
}

/// A `Serialize` implementation that miscounts would make the bytes after it mean something else.
#[test]
fn a_wrong_count_is_refused() {
    struct List;
    struct Map;
    struct Struct;
    struct Iterator;

    impl Serialize for List {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut list = serializer.serialize_seq(Some(2))?;
            list.serialize_element(&1)?;
            list.end()
        }
    }
    impl Serialize for Map {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_key(&1)?;
            map.end()
        }
    }
    impl Serialize for Struct {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut fields = serializer.serialize_struct("Struct", 0)?;
            fields.serialize_field("term", &1)?;
            fields.end()
        }
    }
    impl Serialize for Iterator {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            struct Lying(std::vec::IntoIter<u8>);
            impl std::iter::Iterator for Lying {
                type Item = u8;
                fn next(&mut self) -> Option<u8> {
                    self.0.next()
                }
                fn size_hint(&self) -> (usize, Option<usize>) {
                    (3, Some(3))
                }
            }
            serializer.collect_seq(Lying(vec![1].into_iter()))
        }
    }
    assert_eq!(refusal(List), "value 1: 2 elements were announced and 1 written");
    assert_eq!(refusal(Map), "value 1: 1 elements were announced and 0 written");
    assert_eq!(refusal(Struct), "value 1: 0 elements were announced and 1 written");
    assert_eq!(refusal(Iterator), "value 1: 3 elements were announced and 1 written");
}

#[test]
fn what_a_type_refuses_itself_is_placed() {
    let poisoned = std::sync::Mutex::new(1);
    let _ = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let _guard = poisoned.lock();
                std::panic::resume_unwind(Box::new(()));
            })
            .join()
    });
    let error = labgob::to_bytes(&HashMap::from([("lock", &poisoned)])).expect_err("poisoned");
    assert_eq!(error.path(), "[value]");
    assert!(matches!(error.kind(), EncodeErrorKind::Message(_)), "serde's own words: {error}");
}

/// A list, as deep as it is long.
#[derive(Debug, Serialize, Deserialize)]
enum Chain {
    End,
    Link(Box<Chain>),
}

fn chain(links: usize) -> Chain {
    (0..links).fold(Chain::End, |chain, _| Chain::Link(Box::new(chain)))
}

#[test]
fn nesting_has_one_limit_for_both_directions() {
    let bytes = labgob::to_bytes(&chain(MAX_DEPTH)).expect("as deep as is allowed");
    labgob::from_bytes::<Chain>(&bytes).expect("what was encoded can be decoded");
    labgob::Value::parse(&bytes).expect("and read without its type");

    let error = labgob::to_bytes(&chain(MAX_DEPTH + 1)).expect_err("one link too many");
    assert_eq!(error.kind(), &EncodeErrorKind::TooDeep);
    assert!(error.to_string().ends_with(": nested deeper than 128 levels"), "said: {error}");
}

/// What is open when a value ends is closed again: breadth is not depth.
#[test]
fn nesting_counts_only_what_is_open() {
    #[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
    enum Every {
        Named { list: Vec<Option<(u64, bool)>> },
        Tuple(Vec<u8>, HashMap<u8, ()>),
        Unit,
    }
    let named = Every::Named { list: vec![Some((1, true)), None] };
    let tuple = Every::Tuple(vec![1, 2], HashMap::from([(1, ())]));
    let wide: Vec<Every> = [named, tuple, Every::Unit].into_iter().cycle().take(1_000).collect();
    let bytes = labgob::to_bytes(&wide).expect("wide, and not deep");
    assert_eq!(labgob::from_bytes::<Vec<Every>>(&bytes).as_ref(), Ok(&wide));
    assert_eq!(
        labgob::Value::parse(&bytes).map(|value| value.as_seq().map(<[_]>::len)),
        Ok(Some(1_000))
    );
    labgob::from_bytes::<serde::de::IgnoredAny>(&bytes).expect("can be read over");
}
