//! The table of wrong-type decodes: what each shape is accepted as, and what every other is told.

use std::collections::{BTreeMap, HashMap};

use labgob::DecodeErrorKind;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vote {
    term: u64,
    vote: Option<u64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Texts {
    a: String,
    b: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct NoFields {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Role {
    Leader,
    Follower(u64),
    Candidate { votes: u64 },
    Retired(u64, String),
}

/// One value for each shape, and a type of that shape.
struct Shape {
    name: &'static str,
    bytes: Vec<u8>,
    /// Whether bytes decode into the type.
    accepts: fn(&[u8]) -> bool,
}

fn shape<T: Serialize + DeserializeOwned>(name: &'static str, value: T) -> Shape {
    let bytes = labgob::to_bytes(&value).expect("the shape is not one of the refused");
    Shape { name, bytes, accepts: |bytes| labgob::from_bytes::<T>(bytes).is_ok() }
}

fn shapes() -> Vec<Shape> {
    vec![
        shape("integer", 1_u64),
        shape("boolean", true),
        shape("f32", 1.0_f32),
        shape("f64", 1.0_f64),
        shape("character", 'x'),
        shape("string", "x".to_owned()),
        shape("bytes", serde_bytes::ByteBuf::from(vec![1])),
        shape("unit", ()),
        shape("option of integer", Some(1_u64)),
        shape("option of option", Some(Some(1_u64))),
        shape("option of unit", Some(())),
        shape("sequence of integers", vec![1_u64]),
        shape("sequence of booleans", vec![true]),
        shape("sequence of options", vec![Some(1_u64)]),
        shape("tuple", (1_u64, true)),
        shape("map by string", HashMap::from([("a".to_owned(), "b".to_owned())])),
        shape("map by integer", HashMap::from([(1_u64, 1_u64)])),
        shape("map by option", HashMap::from([(None::<u64>, 1_u64)])),
        shape("map by boolean", HashMap::from([(true, BTreeMap::<u8, u8>::new())])),
        shape("struct Vote", Vote { term: 1, vote: None }),
        shape("struct Texts", Texts { a: "x".to_owned(), b: "y".to_owned() }),
        shape("struct without fields", NoFields {}),
        shape("enum", Role::Follower(1)),
    ]
}

/// Every pair of different shapes is an error, in both directions.
#[test]
fn each_shape_is_accepted_as_itself_only() {
    let shapes = shapes();
    for written in &shapes {
        for read in &shapes {
            let is_same = written.name == read.name;
            let is_accepted = (read.accepts)(&written.bytes);
            assert_eq!(is_accepted, is_same, "{} decoded as {}", written.name, read.name);
        }
    }
}

fn refusal<T: Serialize, U: DeserializeOwned + std::fmt::Debug>(written: T) -> String {
    let bytes = labgob::to_bytes(&written).expect("the shape is not one of the refused");
    let error = labgob::from_bytes::<U>(&bytes).expect_err("another type was written");
    error.to_string()
}

/// The exact text for each shape that is found where an integer is expected.
#[test]
fn an_error_names_what_was_found() {
    macro_rules! found {
        ($($written:expr => $found:literal,)*) => {
            $(assert_eq!(
                refusal::<_, u64>($written),
                format!("value 1, byte 0: expected u64, found {} (decoding u64)", $found),
            );)*
        };
    }
    found! {
        None::<u64> => "an option: none",
        Some(1_u64) => "an option: some",
        () => "a unit",
        Unit => "a unit",
        true => "the boolean true",
        -1_i8 => "integer `-1`",
        1.5_f32 => "the f32 1.5",
        -2.0_f64 => "the f64 -2",
        'x' => "the character 'x'",
        "5" => "the string \"5\"",
        "é".repeat(50) => "the string \"éééééééééééééééééééééééééééééééééééééééé\"...",
        vec![1_u8, 2] => "2 bytes",
        vec![1_u64, 2] => "a sequence of 2",
        Vec::<u8>::new() => "a sequence of 0",
        HashMap::from([(1, 2)]) => "a map of 1",
        Vote { term: 1, vote: None } => "a struct that begins with `term`",
        NoFields {} => "a struct without fields",
        Role::Leader => "the variant `Leader`",
        Role::Candidate { votes: 1 } => "the variant `Candidate`",
    }
}

/// The exact text for each type that finds an integer instead.
#[test]
fn an_error_names_what_was_expected() {
    macro_rules! expected {
        ($($read:ty => $expected:literal, $decoding:literal;)*) => {
            $(assert_eq!(
                refusal::<_, $read>(7_u64),
                format!(
                    "value 1, byte 0: expected {}, found the integer 7 (decoding {})",
                    $expected, $decoding,
                ),
            );)*
        };
    }
    expected! {
        bool => "a boolean", "bool";
        f32 => "f32", "f32";
        f64 => "f64", "f64";
        char => "a character", "char";
        String => "a string", "String";
        serde_bytes::ByteBuf => "byte array", "ByteBuf";
        () => "unit", "()";
        Unit => "unit struct Unit", "Unit";
        Option<u64> => "option", "Option<u64>";
        Vec<u64> => "a sequence", "Vec<u64>";
        (u64, u64) => "a tuple of size 2", "(u64, u64)";
        [u64; 2] => "an array of length 2", "[u64; 2]";
        HashMap<u64, u64> => "a map", "HashMap<u64, u64>";
        Vote => "struct Vote", "Vote";
        Role => "enum Role", "Role";
    }
}

#[test]
fn an_integer_that_does_not_fit_is_an_error() {
    macro_rules! too_much {
        ($($written:expr => $read:ty, $text:literal;)*) => {
            $(assert_eq!(
                refusal::<_, $read>($written),
                format!("value 1, byte 0: {} (decoding {})", $text, stringify!($read)),
            );)*
        };
    }
    too_much! {
        256_u64 => u8, "expected u8, found integer `256`";
        -1_i64 => u64, "expected u64, found integer `-1`";
        128_u8 => i8, "expected i8, found integer `128`";
        u64::MAX => i64, "expected i64, found integer `18446744073709551615`";
        i64::MIN => i32, "expected i32, found integer `-9223372036854775808`";
    }
    assert_eq!(
        refusal::<_, f64>(1_u64),
        "value 1, byte 0: expected f64, found the integer 1 (decoding f64)"
    );
    assert_eq!(
        refusal::<_, f64>(1.0_f32),
        "value 1, byte 0: expected f64, found the f32 1 (decoding f64)"
    );
    assert_eq!(
        refusal::<_, f32>(1.0_f64),
        "value 1, byte 0: expected f32, found the f64 1 (decoding f32)"
    );
}

#[test]
fn bytes_are_no_list_of_other_numbers() {
    assert_eq!(
        refusal::<_, Vec<u64>>(vec![7_u8]),
        "value 1, byte 0: expected u64, found 7 in bytes (decoding Vec<u64>)"
    );
    assert_eq!(
        refusal::<_, Vec<f32>>(vec![7_u8]),
        "value 1, byte 0: expected f32, found 7 in bytes (decoding Vec<f32>)"
    );
    assert_eq!(
        refusal::<_, Vec<Option<u8>>>(vec![7_u8]),
        "value 1, byte 0: expected option, found 7 in bytes (decoding Vec<Option<u8>>)"
    );
    assert_eq!(
        refusal::<_, serde_bytes::ByteBuf>(vec![7_u64]),
        "value 1, byte 0: expected byte array, found a sequence of 1 (decoding ByteBuf)"
    );
}

#[test]
fn a_sequence_of_another_length_is_an_error() {
    assert_eq!(
        refusal::<_, (u64, u64)>((1_u64, 2_u64, 3_u64)),
        "value 1, byte 0: expected a tuple of size 2, found a sequence of 3 (decoding (u64, u64))"
    );
    assert_eq!(
        refusal::<_, [u8; 3]>([1_u8, 2]),
        "value 1, byte 0: expected an array of length 3, found 2 bytes (decoding [u8; 3])"
    );
}

/// Also the field whose type is an option: serde itself would read `None`.
#[test]
fn a_missing_field_is_an_error() {
    #[derive(Serialize)]
    struct OnlyTerm {
        term: u64,
    }
    #[derive(Serialize)]
    struct OnlyVote {
        vote: Option<u64>,
    }
    assert_eq!(
        refusal::<_, Vote>(OnlyTerm { term: 1 }),
        "value 1, byte 0: missing field `vote` (decoding Vote)"
    );
    assert_eq!(
        refusal::<_, Vec<Vote>>([OnlyVote { vote: None }]),
        "value 1, byte 1, in [0]: missing field `term` (decoding Vec<Vote>)"
    );
    assert_eq!(
        refusal::<_, Role>(BTreeMap::<String, u64>::new()),
        "value 1, byte 0: expected enum Role, found a map of 0 (decoding Role)"
    );
}

#[test]
fn an_unknown_field_is_an_error() {
    #[derive(Serialize)]
    struct More {
        term: u64,
        voted_for: Option<u64>,
        vote: Option<u64>,
    }
    assert_eq!(
        refusal::<_, Vote>(More { term: 1, voted_for: None, vote: None }),
        "value 1, byte 7: unknown field `voted_for`, expected `term`, `vote` (decoding Vote)"
    );
    assert_eq!(
        refusal::<_, NoFields>(Vote { term: 1, vote: None }),
        "value 1, byte 1: unknown field `term`, expected none (decoding NoFields)"
    );
}

#[test]
fn a_field_that_stands_twice_is_an_error() {
    let bytes = [&[0x82, 0xa4][..], b"term", &[1, 0xa4], b"term", &[2]].concat();
    let error = labgob::from_bytes::<Vote>(&bytes).expect_err("`term` stands twice");
    assert_eq!(error.kind(), &DecodeErrorKind::DuplicateField("term".to_owned()));
    assert_eq!(error.to_string(), "value 1, byte 0: field `term` stands twice (decoding Vote)");
}

#[test]
fn fields_in_another_order_are_the_same_struct() {
    #[derive(Serialize)]
    struct Turned {
        vote: Option<u64>,
        term: u64,
    }
    let bytes = labgob::to_bytes(&Turned { vote: Some(2), term: 1 }).expect("encodes");
    assert_eq!(labgob::from_bytes(&bytes), Ok(Vote { term: 1, vote: Some(2) }));
}

#[test]
fn a_variant_of_another_enum_or_kind_is_an_error() {
    #[derive(Debug, Serialize, Deserialize)]
    enum Other {
        Leader(u64),
        Follower,
        Candidate(u64, u64),
        Retired { at: u64 },
        Unheard,
    }
    assert_eq!(
        refusal::<_, Role>(Other::Unheard),
        "value 1, byte 0: unknown variant `Unheard`, expected `Leader`, `Follower`, `Candidate`, \
         `Retired` (decoding Role)"
    );
    assert_eq!(
        refusal::<_, Role>(Other::Leader(1)),
        "value 1, byte 0: expected a variant without data, found the variant `Leader` with data \
         (decoding Role)"
    );
    assert_eq!(
        refusal::<_, Role>(Other::Follower),
        "value 1, byte 0: expected a variant with data, found the variant `Follower` without data \
         (decoding Role)"
    );
    assert_eq!(
        refusal::<_, Role>(Other::Candidate(1, 2)),
        "value 1, byte 13, in Candidate: expected struct variant Role::Candidate, found a sequence \
         of 2 (decoding Role)"
    );
    assert_eq!(
        refusal::<_, Role>(Other::Retired { at: 1 }),
        "value 1, byte 11, in Retired: expected tuple variant Role::Retired, found a struct that \
         begins with `at` (decoding Role)"
    );
    assert_eq!(
        refusal::<_, Role>("Leader"),
        "value 1, byte 0: expected enum Role, found the string \"Leader\" (decoding Role)"
    );
    assert_eq!(
        refusal::<_, String>(Role::Leader),
        "value 1, byte 0: expected a string, found the variant `Leader` (decoding String)"
    );
}

#[test]
fn an_error_names_the_path_to_the_field() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Outer<T> {
        roles: Vec<(u64, Option<T>)>,
        by_name: HashMap<String, Role>,
    }
    #[derive(Debug, Serialize, Deserialize)]
    enum Text {
        Candidate { votes: String },
    }
    let written = Outer {
        roles: vec![(7, Some(Text::Candidate { votes: "x".to_owned() }))],
        by_name: HashMap::new(),
    };
    let error = refusal::<_, Outer<Role>>(written);
    assert_eq!(
        error,
        "value 1, byte 32, in roles[0][1].Candidate.votes: expected u64, found the string \"x\" \
         (decoding Outer<Role>)"
    );
    let bytes = labgob::to_bytes(&HashMap::from([("a", 1)])).expect("encodes");
    let in_value = labgob::from_bytes::<HashMap<String, bool>>(&bytes).expect_err("no boolean");
    assert_eq!(in_value.path(), "[value]");
    let in_key = labgob::from_bytes::<HashMap<u64, u64>>(&bytes).expect_err("no integer");
    assert_eq!(in_key.path(), "[key]");
}

/// A type may check what it decodes; the error still says where.
#[test]
fn what_a_type_says_itself_is_placed() {
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "u64")]
    struct Even;

    impl TryFrom<u64> for Even {
        type Error = String;

        fn try_from(number: u64) -> Result<Self, String> {
            if number.is_multiple_of(2) { Ok(Self) } else { Err(format!("{number} is odd")) }
        }
    }
    assert_eq!(
        refusal::<_, Vec<Even>>([2_u64, 3]),
        "value 1, byte 2, in [1]: 3 is odd (decoding Vec<Even>)"
    );
}

/// A hand-written type that stops early would leave the decoder within the value.
#[test]
fn what_a_type_does_not_take_is_an_error() {
    #[derive(Debug)]
    struct First;

    impl<'de> Visitor<'de> for First {
        type Value = Self;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("at least one")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
            elements.next_element::<u8>().map(|_| self)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
            entries.next_entry::<String, u8>().map(|_| self)
        }
    }

    impl<'de> Deserialize<'de> for First {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Self)
        }
    }
    let text = "value 1, byte 0: expected 1 elements, found 2 elements (decoding First)";
    assert_eq!(refusal::<_, First>([1_u8, 2]), text, "of bytes");
    assert_eq!(refusal::<_, First>((1_u8, "x")), text, "of a sequence");
    assert_eq!(refusal::<_, First>(BTreeMap::from([("x", 1), ("y", 2)])), text, "of a map");
    assert_eq!(refusal::<_, First>(Unequal { x: 1, y: 2 }), text, "of a struct");

    #[derive(Serialize)]
    struct Unequal {
        x: u8,
        y: u8,
    }
}
