//! What encoding and decoding report: which value, where in it, and the two facts that disagree.

use std::fmt::{self, Display};

use serde::de::{Expected, Unexpected};
use thiserror::Error;

use crate::MAX_DEPTH;

/// Why a value could not be encoded, and which part of it.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Reading { term: u64, huge: Vec<u128> }
///
/// let error = labgob::to_bytes(&Reading { term: 1, huge: vec![7] }).unwrap_err();
/// assert_eq!(error.value(), 1);
/// assert_eq!(error.path(), "huge[0]");
/// assert_eq!(error.to_string(), "value 1, in huge[0]: u128 is not supported: use u64 or bytes");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("value {}{}: {}", .0.value, InPath(&.0.path), .0.kind)]
pub struct EncodeError(Box<EncodeDetails>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct EncodeDetails {
    value: usize,
    path: String,
    kind: EncodeErrorKind,
}

/// What labgob refuses to encode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// An integer of 128 bits.
    #[error("{0} is not supported: use u64 or bytes")]
    Unsupported(&'static str),
    /// A sequence or a map that does not know its length when it begins.
    #[error("a {0} of unknown length, as #[serde(flatten)] makes, is not supported")]
    UnknownLength(&'static str),
    /// A field that `skip_serializing_if` left out.
    #[error("field `{0}` is left out by skip_serializing_if; every field must be encoded")]
    SkippedField(&'static str),
    /// A `Serialize` implementation that wrote another number of elements than it announced.
    #[error("{announced} elements were announced and {written} written")]
    WrongLength {
        /// The number given when the sequence, map or struct began.
        announced: usize,
        /// The number that followed.
        written: usize,
    },
    /// A string, sequence or map longer than the format's 32-bit lengths can say.
    #[error("a length of {0} is more than the format can hold, {max}", max = u32::MAX)]
    TooLong(usize),
    /// Nesting deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// What a `Serialize` implementation said.
    #[error("{0}")]
    Message(String),
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(kind: EncodeErrorKind) -> Self {
        Self(Box::new(EncodeDetails { value: 1, path: String::new(), kind }))
    }

    #[cold]
    pub(crate) fn inside(mut self, step: &Step<'_>) -> Self {
        prepend(&mut self.0.path, step);
        self
    }

    #[cold]
    pub(crate) fn in_value(mut self, value: usize) -> Self {
        self.0.value = value;
        self
    }

    /// The number of the value in its buffer; the first is 1.
    pub fn value(&self) -> usize {
        self.0.value
    }

    /// Where in the value, as in `entries[2].command`; empty if it is the value itself.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What was refused.
    pub fn kind(&self) -> &EncodeErrorKind {
        &self.0.kind
    }
}

impl serde::ser::Error for EncodeError {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        Self::new(EncodeErrorKind::Message(message.to_string()))
    }
}

/// Why bytes could not be decoded: which value, at which byte, into what, and what stood there.
///
/// ```
/// use labgob::DecodeErrorKind;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Entry { term: u64 }
///
/// let bytes = labgob::to_bytes("set x 1").unwrap();
/// let error = labgob::from_bytes::<Entry>(&bytes).unwrap_err();
/// assert_eq!((error.value(), error.position()), (1, 0));
/// assert_eq!(error.decoding(), "Entry");
/// assert!(matches!(error.kind(), DecodeErrorKind::Type { .. }));
/// assert_eq!(
///     error.to_string(),
///     "value 1, byte 0: expected struct Entry, found the string \"set x 1\" (decoding Entry)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "value {}, byte {}{}: {}{}",
    .0.value, self.position(), InPath(&.0.path), .0.kind, Decoding(&.0.decoding)
)]
pub struct DecodeError(Box<DecodeDetails>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct DecodeDetails {
    value: usize,
    /// Unknown until the error passes the place that knows where the element began.
    position: Option<usize>,
    path: String,
    decoding: String,
    kind: DecodeErrorKind,
}

/// What is wrong with the bytes, given the type they are decoded into.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A value of another type, or one that the type cannot hold.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What the type asked for.
        expected: String,
        /// What the bytes hold.
        found: String,
    },
    /// A field of the struct that the bytes do not have.
    #[error("missing field `{0}`")]
    MissingField(String),
    /// A field in the bytes that the struct does not have.
    #[error("unknown field `{field}`, expected {expected}")]
    UnknownField {
        /// The name in the bytes.
        field: String,
        /// The names of the type.
        expected: String,
    },
    /// A field that stands twice in one struct.
    #[error("field `{0}` stands twice")]
    DuplicateField(String),
    /// A variant that the enum does not have.
    #[error("unknown variant `{variant}`, expected {expected}")]
    UnknownVariant {
        /// The name in the bytes.
        variant: String,
        /// The names of the type.
        expected: String,
    },
    /// Another value was asked for at the end of the buffer.
    #[error("expected another value, found the end of the buffer")]
    NoValueLeft,
    /// The buffer ends within a value, or a length says more than the rest can hold.
    #[error("cut short: at least {needed} more bytes are needed, {left} are left")]
    CutShort {
        /// The least number of bytes that would complete the value.
        needed: usize,
        /// The number of bytes that follow.
        left: usize,
    },
    /// Bytes that follow the last value.
    #[error("left over after the last value: {0} bytes")]
    LeftOver(usize),
    /// Bytes that labgob never writes.
    #[error("not written by labgob: {0}")]
    Malformed(String),
    /// Nesting deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// What a `Deserialize` implementation said.
    #[error("{0}")]
    Message(String),
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(kind: DecodeErrorKind) -> Self {
        Self(Box::new(DecodeDetails {
            value: 1,
            position: None,
            path: String::new(),
            decoding: String::new(),
            kind,
        }))
    }

    #[cold]
    pub(crate) fn expected(expected: &dyn Expected, found: impl Display) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self::new(DecodeErrorKind::Type { expected, found })
    }

    /// Fills in the position, unless a place nearer to the mistake did.
    #[cold]
    pub(crate) fn at(mut self, position: usize) -> Self {
        self.0.position.get_or_insert(position);
        self
    }

    #[cold]
    pub(crate) fn inside(mut self, step: &Step<'_>) -> Self {
        prepend(&mut self.0.path, step);
        self
    }

    #[cold]
    pub(crate) fn in_value(mut self, value: usize, type_name: &str) -> Self {
        self.0.value = value;
        self.0.decoding = without_modules(type_name);
        self
    }

    /// The number of the value in its buffer; the first is 1.
    pub fn value(&self) -> usize {
        self.0.value
    }

    /// The byte of the buffer where what was found begins; the first is 0.
    pub fn position(&self) -> usize {
        self.0.position.unwrap_or(0)
    }

    /// Where in the value, as in `entries[2].command`; empty if it is the value itself.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The type given to [`Decoder::decode`](crate::Decoder::decode), without its modules; empty
    /// where no type was asked for.
    pub fn decoding(&self) -> &str {
        &self.0.decoding
    }

    /// What is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }
}

impl serde::de::Error for DecodeError {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        Self::new(DecodeErrorKind::Message(message.to_string()))
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected, found)
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected, found)
    }

    #[cold]
    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::expected(expected, format_args!("{length} elements"))
    }

    #[cold]
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let (variant, expected) = (variant.to_owned(), one_of(expected));
        Self::new(DecodeErrorKind::UnknownVariant { variant, expected })
    }

    #[cold]
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let (field, expected) = (field.to_owned(), one_of(expected));
        Self::new(DecodeErrorKind::UnknownField { field, expected })
    }

    #[cold]
    fn missing_field(field: &'static str) -> Self {
        Self::new(DecodeErrorKind::MissingField(field.to_owned()))
    }

    #[cold]
    fn duplicate_field(field: &'static str) -> Self {
        Self::new(DecodeErrorKind::DuplicateField(field.to_owned()))
    }
}

/// One step from a value to a part of it.
pub(crate) enum Step<'a> {
    Field(&'a str),
    Element(usize),
    Key,
    ValueOfKey,
    Variant(&'a str),
}

fn prepend(path: &mut String, step: &Step<'_>) {
    let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    let head = match step {
        Step::Field(name) | Step::Variant(name) => format!("{name}{joint}"),
        Step::Element(index) => format!("[{index}]{joint}"),
        Step::Key => format!("[key]{joint}"),
        Step::ValueOfKey => format!("[value]{joint}"),
    };
    path.insert_str(0, &head);
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    }
}

/// Shortens `alloc::vec::Vec<raft::Entry>` to `Vec<Entry>`.
fn without_modules(type_name: &str) -> String {
    let mut short = String::with_capacity(type_name.len());
    let mut word_start = 0;
    for character in type_name.chars() {
        short.push(character);
        if short.ends_with("::") {
            short.truncate(word_start);
        } else if !(character.is_alphanumeric() || character == '_' || character == ':') {
            word_start = short.len();
        }
    }
    short
}

/// `, in entries[2].command`, or nothing.
struct InPath<'a>(&'a str);

impl Display for InPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", in {}", self.0) }
    }
}

/// ` (decoding Entry)`, or nothing.
struct Decoding<'a>(&'a str);

impl Display for Decoding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " (decoding {})", self.0) }
    }
}
