//! Bytes that nobody encoded: an error for each, never a panic, whatever they are decoded into.

#![allow(dead_code, reason = "what is decoded is dropped")]

use std::collections::{BTreeMap, HashMap};

use labgob::{DecodeErrorKind, MAX_DEPTH};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    numbers: (u8, i64, f32, f64, bool, char),
    text: String,
    bytes: Vec<u8>,
    options: Vec<Option<Option<u16>>>,
    map: BTreeMap<String, Vec<Every>>,
    unit: (),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Every {
    Unit,
    Newtype(Box<Everything>),
    Tuple(u64, String),
    Named { a: u8, b: Option<Box<Every>> },
}

#[derive(Debug, Deserialize)]
enum Unheard {}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Every(Every),
    List(Vec<Untagged>),
    Map(HashMap<String, Untagged>),
    Option(Option<Unheard>),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Tagged {
    Unit,
    Other(Box<Tagged>),
}

fn everything() -> Everything {
    let leaf = Everything {
        numbers: (1, -70_000, 1.5, -2.5, true, 'é'),
        text: "text".to_owned(),
        bytes: vec![0, 200],
        options: vec![None, Some(None), Some(Some(300))],
        map: BTreeMap::new(),
        unit: (),
    };
    let named = Every::Named { a: 1, b: Some(Box::new(Every::Tuple(1 << 40, "x".to_owned()))) };
    let map = BTreeMap::from([
        (String::new(), vec![Every::Unit, named]),
        ("key".repeat(20), vec![Every::Newtype(Box::new(leaf))]),
    ]);
    Everything {
        numbers: (255, i64::MIN, f32::NAN, f64::INFINITY, false, '\0'),
        text: "x".repeat(300),
        bytes: vec![7; 300],
        options: vec![None; 20],
        map,
        unit: (),
    }
}

/// Decodes `bytes` into types of all shapes, and into none.
fn decode_into_all(bytes: &[u8]) {
    fn decode<T: DeserializeOwned>(bytes: &[u8]) {
        let mut decoder = labgob::Decoder::new(bytes);
        while decoder.decode::<T>().is_ok() {}
        if let Err(error) = decoder.decode::<T>() {
            assert!(error.position() <= bytes.len(), "{error} is said of {} bytes", bytes.len());
        }
    }
    decode::<Everything>(bytes);
    decode::<Every>(bytes);
    decode::<Untagged>(bytes);
    decode::<Tagged>(bytes);
    decode::<IgnoredAny>(bytes);
    decode::<(u64, bool)>(bytes);
    decode::<[u8; 4]>(bytes);
    decode::<Vec<Vec<u8>>>(bytes);
    decode::<serde_bytes::ByteBuf>(bytes);
    decode::<HashMap<Option<i8>, f64>>(bytes);
    decode::<u128>(bytes);
    decode::<char>(bytes);
    if let Ok(values) = labgob::Value::parse_all(bytes) {
        let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
        assert_eq!(values.len(), texts.len(), "every value has a text");
    }
}

/// Bytes in which markers and small lengths are frequent, so that more than headers is reached.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![
            any::<u8>(),
            0x80_u8..=0xa4,
            0xc0_u8..=0xdf,
            0_u8..=4,
            proptest::sample::select(b"abtcABXYUnitNamedTupleNewtype".to_vec()),
        ],
        0..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in likely_bytes()) {
        decode_into_all(&bytes);
    }

    /// A message with some bytes changed.
    #[test]
    fn changed_messages_do_not_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = labgob::to_bytes(&everything()).expect("encodes");
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        decode_into_all(&bytes);
    }
}

#[test]
fn every_message_cut_short_is_an_error() {
    let bytes = labgob::to_bytes(&everything()).expect("encodes");
    labgob::from_bytes::<Everything>(&bytes).expect("the whole message can be decoded");
    for length in 0..bytes.len() {
        labgob::from_bytes::<Everything>(&bytes[..length]).expect_err("a part is no message");
        decode_into_all(&bytes[..length]);
    }
}

/// Each two bytes that a value can begin with, followed by zeroes, by ones, or by nothing.
#[test]
fn every_marker_with_every_length_does_not_panic() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for rest in [&[][..], &[0; 20], &[0xff; 20]] {
                decode_into_all(&[&[first, second], rest].concat());
            }
        }
    }
}

fn error_of<T: DeserializeOwned + std::fmt::Debug>(bytes: &[u8]) -> String {
    labgob::from_bytes::<T>(bytes).expect_err("the bytes are not whole").to_string()
}

/// The length is compared with what is left before anything is made of it.
#[test]
fn a_length_that_lies_is_an_error() {
    assert_eq!(
        error_of::<Vec<u64>>(&[0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2]),
        "value 1, byte 0: cut short: at least 4294967293 more bytes are needed, 2 are left \
         (decoding Vec<u64>)"
    );
    assert_eq!(
        error_of::<String>(&[0xdb, 0, 0, 0, 9, b'x']),
        "value 1, byte 0: cut short: at least 8 more bytes are needed, 1 are left (decoding String)"
    );
    // Each length alone could be true: 3 lists in a list of 3, in the 5 bytes that follow.
    let nested = [0x93, 0x93, 1, 1, 1, 1];
    assert_eq!(
        error_of::<Vec<Vec<u64>>>(&nested[..4]),
        "value 1, byte 1, in [0]: cut short: at least 3 more bytes are needed, 2 are left \
         (decoding Vec<Vec<u64>>)"
    );
}

#[test]
fn what_labgob_never_writes_is_an_error() {
    assert_eq!(
        error_of::<u64>(&[0xc1]),
        "value 1, byte 0: not written by labgob: the marker Reserved (decoding u64)"
    );
    assert_eq!(
        error_of::<u64>(&[0xd4, 99, 0]),
        "value 1, byte 0: not written by labgob: extension 99 of 1 bytes (decoding u64)"
    );
    assert_eq!(
        error_of::<char>(&[0xd6, 2, 0, 0x11, 0, 0]),
        "value 1, byte 0: not written by labgob: a character that does not exist (decoding char)"
    );
    assert_eq!(
        error_of::<HashMap<u8, u8>>(&[0x81, 1, 1]),
        "value 1, byte 0: not written by labgob: the marker FixPos(1) (decoding HashMap<u8, u8>)"
    );
    assert_eq!(
        error_of::<HashMap<u8, u8>>(&[0x82, 1, 1, 2, 2]),
        "value 1, byte 0: expected a map, found a struct without fields \
         (decoding HashMap<u8, u8>)"
    );
    assert_eq!(
        error_of::<String>(&[0xa2, 0xff, 0xfe]),
        "value 1, byte 0: not written by labgob: a string with invalid utf-8 sequence of 1 bytes \
         from index 0 (decoding String)"
    );
}

/// Both on the smallest stack that a thread of the lab has.
#[test]
fn nesting_does_not_overflow_the_stack() {
    #[derive(Debug, Deserialize)]
    struct Deep(Vec<Deep>);

    let too_deep = || {
        for head in [&[0x91][..], &[0x81, 0xc0], &[0x81, 0xc7, 1, 1, b'X'], &[0x81, 0xa1, b'x']] {
            let bytes = head.repeat(100_000);
            let error = labgob::Value::parse(&bytes).expect_err("too deep");
            assert_eq!(error.kind(), &DecodeErrorKind::TooDeep);
            assert_eq!(error.position(), MAX_DEPTH * head.len());
            labgob::from_bytes::<IgnoredAny>(&bytes).expect_err("too deep");
            labgob::from_bytes::<Untagged>(&bytes).expect_err("too deep");
        }
        let error = labgob::from_bytes::<Deep>(&[0x91; 100_000]).expect_err("too deep");
        assert_eq!(error.kind(), &DecodeErrorKind::TooDeep);
        assert!(
            error.to_string().ends_with(": nested deeper than 128 levels (decoding Deep)"),
            "said: {error}"
        );
    };
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(too_deep)
        .expect("a thread")
        .join()
        .expect("a stack of 1 MiB is enough");
}
