//! What is encoded comes back as it was, for every shape that serde has and labgob does not refuse.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// Encodes, decodes, and compares; also reads the bytes without their type, as plain MessagePack,
/// and cut short at every place.
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let bytes = labgob::to_bytes(value).expect("the shape is not one of the refused");
    let decoded: T = labgob::from_bytes(&bytes).expect("what was encoded can be decoded");
    assert_eq!(&decoded, value, "the value came back changed");
    is_well_formed(&bytes);
}

fn is_well_formed(bytes: &[u8]) {
    labgob::Value::parse(bytes).expect("a value can be read without its type");
    labgob::from_bytes::<IgnoredAny>(bytes).expect("a value can be read over");
    rmp_serde::from_slice::<IgnoredAny>(bytes).expect("the bytes are MessagePack");
    for length in 0..bytes.len() {
        labgob::Value::parse(&bytes[..length]).expect_err("a part of a value is not a value");
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Numbers {
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    usize: usize,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    isize: isize,
    non_zero: NonZeroU16,
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let unsigned = any::<(u8, u16, u32, u64, usize)>();
    let signed = any::<(i8, i16, i32, i64, isize)>();
    (unsigned, signed, any::<NonZeroU16>()).prop_map(|(unsigned, signed, non_zero)| {
        let (u8, u16, u32, u64, usize) = unsigned;
        let (i8, i16, i32, i64, isize) = signed;
        Numbers { u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, non_zero }
    })
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scalars {
    numbers: Numbers,
    flag: bool,
    letter: char,
    text: String,
    unit: (),
    unit_struct: UnitStruct,
    newtype: Newtype,
    tuple_struct: TupleStruct,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct UnitStruct;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Newtype(u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TupleStruct(u8, String, Option<i32>);

fn scalars() -> impl Strategy<Value = Scalars> {
    let parts = (numbers(), any::<bool>(), any::<char>(), any::<String>(), any::<u64>());
    let tuple = any::<(u8, String, Option<i32>)>();
    (parts, tuple).prop_map(|((numbers, flag, letter, text, newtype), (byte, string, number))| {
        Scalars {
            numbers,
            flag,
            letter,
            text,
            unit: (),
            unit_struct: UnitStruct,
            newtype: Newtype(newtype),
            tuple_struct: TupleStruct(byte, string, number),
        }
    })
}

/// Every kind of variant, and values within values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Tree {
    Unit,
    Number(i64),
    Text(String),
    Pair(Box<Tree>, u8),
    Empty(),
    Braces {},
    Named { left: Option<Box<Tree>>, right: Vec<Tree> },
    Nested(Option<Option<Box<Tree>>>),
    Bytes(Vec<u8>),
    ByName(BTreeMap<String, Tree>),
    Failed(Result<Box<Tree>, String>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Unit),
        Just(Tree::Empty()),
        Just(Tree::Braces {}),
        any::<i64>().prop_map(Tree::Number),
        any::<String>().prop_map(Tree::Text),
        vec(any::<u8>(), 0..40).prop_map(Tree::Bytes),
    ];
    leaf.prop_recursive(6, 40, 4, |tree| {
        let boxed = tree.clone().prop_map(Box::new).boxed();
        prop_oneof![
            (boxed.clone(), any::<u8>()).prop_map(|(tree, byte)| Tree::Pair(tree, byte)),
            (option::of(boxed.clone()), vec(tree.clone(), 0..4))
                .prop_map(|(left, right)| Tree::Named { left, right }),
            option::of(option::of(boxed.clone())).prop_map(Tree::Nested),
            btree_map(any::<String>(), tree, 0..4).prop_map(Tree::ByName),
            boxed.prop_map(|tree| Tree::Failed(Ok(tree))),
            any::<String>().prop_map(|error| Tree::Failed(Err(error))),
        ]
    })
}

proptest! {
    #[test]
    fn scalars_come_back(value in scalars()) {
        comes_back(&value);
    }

    #[test]
    fn trees_of_all_variant_kinds_come_back(value in tree()) {
        comes_back(&value);
    }

    /// Bit for bit, so that a NaN keeps its payload.
    #[test]
    fn floats_come_back(narrow: u32, wide: u64) {
        let bytes = labgob::to_bytes(&(f32::from_bits(narrow), f64::from_bits(wide)))
            .expect("floats are not refused");
        let (f32, f64): (f32, f64) = labgob::from_bytes(&bytes).expect("floats can be decoded");
        prop_assert_eq!((f32.to_bits(), f64.to_bits()), (narrow, wide));
        is_well_formed(&bytes);
    }

    #[test]
    fn sequences_come_back(
        bytes in vec(any::<u8>(), 0..300),
        numbers in vec(any::<u16>(), 0..40),
        options in vec(any::<Option<Option<bool>>>(), 0..40),
        set in btree_set(any::<u8>(), 0..20),
        array: [u8; 5],
        mixed: (u8, u8, Option<u8>, (), char),
    ) {
        comes_back(&serde_bytes::ByteBuf::from(bytes.clone()));
        comes_back(&VecDeque::from(bytes.clone()));
        comes_back(&bytes);
        comes_back(&(numbers, options, set, array, mixed));
    }

    #[test]
    fn maps_come_back(
        by_text in hash_map(any::<String>(), any::<Option<u8>>(), 0..8),
        by_number in btree_map(any::<i32>(), any::<String>(), 0..20),
        by_pair in hash_map(any::<(bool, char)>(), Just(()), 0..8),
        by_option in hash_map(any::<Option<u64>>(), vec(any::<u8>(), 0..4), 0..8),
        by_flag in btree_map(any::<bool>(), btree_map(any::<u8>(), any::<u8>(), 0..3), 0..3),
    ) {
        comes_back(&by_text);
        comes_back(&by_number);
        comes_back(&by_pair);
        comes_back(&by_option);
        comes_back(&by_flag);
    }

    /// Types of the standard library that have serde shapes of their own.
    #[test]
    fn standard_types_come_back(
        duration: Duration,
        address: IpAddr,
        range: Range<u64>,
        path in any::<String>().prop_map(PathBuf::from),
        result: Result<u64, String>,
    ) {
        comes_back(&(duration, address, range, path, result));
    }
}

#[test]
fn every_option_of_an_option_comes_back() {
    comes_back(&None::<Option<Option<u64>>>);
    comes_back(&Some(None::<Option<u64>>));
    comes_back(&Some(Some(None::<u64>)));
    comes_back(&Some(Some(Some(7_u64))));
    comes_back(&Some(()));
    comes_back(&None::<()>);
    comes_back(&vec![Some(None), None, Some(Some(()))]);
}

#[test]
fn lengths_at_the_edges_of_each_header_come_back() {
    for length in [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
        let numbers: Vec<u32> = (0..length).collect();
        let bytes: Vec<u8> = numbers.iter().map(|number| *number as u8).collect();
        let map: HashMap<u32, ()> = numbers.iter().map(|number| (*number, ())).collect();
        let text = "x".repeat(length as usize);
        let value = (numbers, bytes, map, text);
        let encoded = labgob::to_bytes(&value).expect("the shapes are not refused");
        let decoded = labgob::from_bytes(&encoded).expect("what was encoded can be decoded");
        assert_eq!(value, decoded, "with lengths of {length}");
    }
}

/// A sequence that begins with bytes, and only later turns out to hold something else.
#[test]
fn a_sequence_that_stops_being_bytes_comes_back() {
    comes_back(&(1_u8, 200_u8, "x".to_owned()));
    comes_back(&(1_u8, 200_u8, 300_u16, 4_u8));
    comes_back(&vec![Newtype(1), Newtype(300)]);

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum ByteOrText {
        Byte(u8),
        Text(String),
    }
    comes_back(&vec![ByteOrText::Byte(1), ByteOrText::Byte(200), ByteOrText::Text("x".to_owned())]);
}

#[test]
fn what_can_be_borrowed_is_borrowed() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Borrowed<'a> {
        text: &'a str,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
        #[serde(borrow)]
        either: Cow<'a, str>,
    }
    let value = Borrowed { text: "x", bytes: &[1, 2], either: Cow::Borrowed("y") };
    let encoded = labgob::to_bytes(&value).expect("the shapes are not refused");
    let decoded: Borrowed<'_> = labgob::from_bytes(&encoded).expect("can be decoded");
    assert_eq!(decoded, value);
    assert!(encoded.as_ptr_range().contains(&decoded.bytes.as_ptr()), "the bytes were copied");
    assert!(matches!(decoded.either, Cow::Borrowed(_)), "the string was copied");
}

/// A list of `u8` and `serde_bytes` are the same bytes, empty ones included.
#[test]
fn bytes_are_bytes_however_they_are_declared() {
    for content in [vec![], vec![1_u8, 2, 3]] {
        let as_list = labgob::to_bytes(&content).expect("encodes");
        let as_bytes = labgob::to_bytes(serde_bytes::Bytes::new(&content)).expect("encodes");
        for encoded in [&as_list, &as_bytes] {
            assert_eq!(labgob::from_bytes::<Vec<u8>>(encoded).as_ref(), Ok(&content));
            assert_eq!(
                labgob::from_bytes::<serde_bytes::ByteBuf>(encoded).as_deref(),
                Ok(&content)
            );
        }
        let value = labgob::Value::parse(&as_list).expect("parses");
        assert_eq!(value.as_bytes(), Some(&content[..]));
    }
    let kib = labgob::to_bytes(&vec![200_u8; 1024]).expect("encodes");
    assert_eq!(kib.len(), 1024 + 3, "bytes take a byte each, and a header");
}

#[test]
fn what_cannot_be_told_apart_is_what_the_documentation_says() {
    fn reads_as<T: Serialize, U: DeserializeOwned + PartialEq + Debug>(written: T, read: U) {
        let bytes = labgob::to_bytes(&written).expect("encodes");
        assert_eq!(labgob::from_bytes::<U>(&bytes), Ok(read));
    }
    reads_as(5_u8, 5_i64); // integers, by value
    reads_as(-5_i64, -5_i8);
    reads_as(Newtype(5), 5_u32); // a newtype is what it wraps
    reads_as((1_u16, 2_u16), vec![1_u64, 2]); // a tuple is a sequence
    reads_as(vec![1_u64, 2], (1_u16, 2_u16));
    reads_as(Vec::<String>::new(), Vec::<bool>::new()); // empty sequences
    reads_as((), UnitStruct);
    reads_as(vec![(1_u64, true)], [(1_u64, true)]);
    reads_as(BTreeSet::from([1_u64]), vec![1_u64]);
}
