//! The lab's codec: values go in and come out through serde, and what is decoded as something
//! that was not encoded is an error.
//!
//! Arguments and replies of RPCs, the saved state and the snapshots of a server all travel as
//! labgob bytes, so nothing is ever shared between two servers by accident.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (current_term, voted_for): (u64, Option<usize>) = (3, Some(1));
//!
//! let mut encoder = labgob::Encoder::new();
//! encoder.encode(&current_term)?;
//! encoder.encode(&voted_for)?;
//! let bytes = encoder.finish();
//!
//! let mut decoder = labgob::Decoder::new(&bytes);
//! assert_eq!(decoder.decode::<u64>()?, 3);
//! assert_eq!(decoder.decode::<Option<usize>>()?, Some(1));
//! decoder.finish()?; // nothing is left over
//!
//! // The same two values, decoded in the wrong order:
//! let error = labgob::Decoder::new(&bytes).decode::<Option<usize>>().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "value 1, byte 0: expected option, found the integer 3 (decoding Option<usize>)"
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: [`Encoder`] and [`Decoder`] hold several values in one buffer, [`to_bytes`] and
//! [`from_bytes`] exactly one. [`EncodeError`] and [`DecodeError`] say what went wrong, and where.
//! [`Value`] reads a message without knowing its type.
//!
//! # What is told apart
//!
//! The bytes say of which *shape* each value is, and a value decodes only into its own shape:
//!
//! | shape | Rust types | bytes (all valid MessagePack) |
//! |---|---|---|
//! | none | `None` | nil |
//! | some | `Some(x)` | the map `{nil: x}`, two bytes before `x` |
//! | unit | `()`, `struct Unit;`, `PhantomData` | extension 0, empty |
//! | boolean | `bool` | true, false |
//! | integer | `u8` to `u64`, `i8` to `i64` | the shortest integer that holds it |
//! | float | `f32`; `f64` | float 32; float 64 |
//! | character | `char` | extension 2, four bytes |
//! | string | `String`, `&str`, paths | string |
//! | bytes | `Vec<u8>`, `[u8; N]`, `serde_bytes` | binary |
//! | sequence | lists, sets, tuples, tuple structs | array |
//! | map | `HashMap`, `BTreeMap` | the map `{true: map}` |
//! | struct | structs with named fields | map, the names as strings |
//! | variant | the variants of an `enum` | its name as extension 1; with data, `{name: data}` |
//!
//! In particular:
//! * An integer decodes into every integer type that can hold it, and into nothing else: no
//!   `bool`, no float. An `f32` decodes only into `f32`, an `f64` only into `f64`, bit for bit.
//! * A `char` is not a string of one character, and a variant's name is not a string.
//! * A sequence whose elements are all `u8`, and which is not empty, is bytes; it decodes into
//!   sequences of `u8` only. Empty sequences of all element types are the same.
//! * A tuple wants its exact length. A newtype struct is the same as what it wraps. Names of types
//!   do not travel.
//! * A struct wants exactly its fields, by name, in any order. A missing field is an error even if
//!   its type is an `Option` or it is marked `#[serde(default)]`, and so is a field that the struct
//!   does not have. Privacy does not matter; what must stay at home is marked `#[serde(skip)]` and
//!   comes back as its default.
//!
//! **Two values of the same type, swapped, cannot be told apart by any format.** A term decoded as
//! an index is a valid index. Values that belong together are safest as one struct, where names do
//! what an order cannot.
//!
//! # What is refused
//!
//! What would not come back as it was is refused when it is encoded ([`EncodeErrorKind`]):
//! * `u128` and `i128`, which serde cannot take through an untagged enum;
//! * sequences and maps of unknown length, and with them `#[serde(flatten)]`, which swallows wrong
//!   and unknown fields when it decodes;
//! * fields left out by `#[serde(skip_serializing_if = ...)]`: they could not be told from fields
//!   the other side never had;
//! * more than [`MAX_DEPTH`] levels of nesting.
//!
//! Some attributes cannot be seen while encoding. Decoding then says what it misses:
//! `#[serde(alias)]` is not of use, because both names are asked for, and neither is
//! `#[serde(tag = "...")]` on a struct, whose tag is not one of its fields. Internally tagged and
//! untagged enums do round-trip, but serde decodes them from a buffer of its own, under its own
//! laxer rules: unknown fields are dropped, a missing `Option` is `None`, and the first alternative
//! that fits is taken. Plain enums have none of these holes. (An untagged enum that holds an
//! `Option` of itself overflows the stack inside serde, in every format.)
//!
//! # What is promised for every input
//!
//! Bytes that nobody encoded give an error: no panic, no stack overflow ([`MAX_DEPTH`]), and no
//! allocation beyond what the input can pay for. Each element takes at least a byte, so a length
//! that the rest of the buffer could not hold is an error before anything is allocated; memory is
//! then at most the size of one decoded element for each byte. For [`Value`] that is 32 bytes for
//! each byte of input.
//!
//! # What it costs
//!
//! A request without entries takes some 50 ns to encode and 90 ns to decode, as
//! `cargo bench -p labgob` shows beside plain `rmp-serde`. Bytes are copied at once, with one
//! exception: a `Vec<u8>` is decoded byte by byte, since serde hands it a sequence (1.6 ns a byte).
//! Where snapshots grow large, mark the field with `#[serde(with = "serde_bytes")]`: the bytes on
//! the wire are the same.
//!
//! # Why not rmp-serde itself
//!
//! The bytes are MessagePack, written and read with `rmp`, the crate under `rmp-serde`. The serde
//! side is labgob's own: `rmp-serde` writes `Some(x)` as `x`, reads a list into a struct and an
//! integer into a float, ignores unknown fields, and its errors have neither position nor path.

#![forbid(unsafe_code)]

mod access;
mod decoder;
mod deserializer;
mod encoder;
mod error;
mod only_byte;
mod raw;
mod reader;
mod serializer;
mod value;
mod value_writer;
mod variant;
mod writers;

pub use decoder::{Decoder, from_bytes};
pub use encoder::{Encoder, to_bytes};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
pub use raw::{Elements, Fields, Raw};
pub use value::Value;

/// How deeply options, sequences, maps, structs and variants with data may nest.
///
/// Deeper values are refused by encoding and decoding alike, so that a stack of a few hundred KiB
/// is enough for any input. A variant whose data is a tuple or a struct counts twice.
pub const MAX_DEPTH: usize = 128;

/// The numbers of the MessagePack extensions that labgob uses.
mod extension {
    pub(crate) const UNIT: i8 = 0;
    pub(crate) const VARIANT_NAME: i8 = 1;
    pub(crate) const CHAR: i8 = 2;
}
