//! A message read without its type.

use std::fmt;

use crate::decoder::Decoder;
use crate::error::DecodeError;
use crate::reader::{Item, Reader, utf8};

type Result<T> = std::result::Result<T, DecodeError>;

/// Any encoded value, read without knowing its type. Strings and bytes stay in the buffer.
///
/// This is how the host side of the lab reads what a submission sends and saves: by the names of
/// fields, and of variants.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct RequestVoteArgs { term: u64, candidate_id: usize }
///
/// let bytes = labgob::to_bytes(&RequestVoteArgs { term: 3, candidate_id: 1 })?;
/// let message = labgob::Value::parse(&bytes)?;
/// assert_eq!(message.field("term").and_then(|term| term.as_u64()), Some(3));
/// assert_eq!(message.field("leader_id"), None);
/// assert_eq!(message.to_string(), "{term: 3, candidate_id: 1}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `==` compares shapes and contents; the order of fields and of map entries counts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'de> {
    /// An option without a value.
    None,
    /// An option with a value.
    Some(Box<Value<'de>>),
    /// `()`, or a struct without fields or braces.
    Unit,
    /// A boolean.
    Bool(bool),
    /// An integer of any type that is not negative.
    Unsigned(u64),
    /// An integer of any type that is less than 0.
    Negative(i64),
    /// A float of 32 bits.
    F32(f32),
    /// A float of 64 bits.
    F64(f64),
    /// A character.
    Char(char),
    /// A string.
    Str(&'de str),
    /// A sequence of `u8`, unless it is empty: then it may be [`Value::Seq`].
    Bytes(&'de [u8]),
    /// A list, set, tuple or tuple struct.
    Seq(Vec<Value<'de>>),
    /// A map, in the order in which it was encoded.
    Map(Vec<(Value<'de>, Value<'de>)>),
    /// A struct with named fields, in the order of its declaration.
    Struct(Vec<(&'de str, Value<'de>)>),
    /// A variant of an enum, with its data if it has any: tuples as [`Value::Seq`], named fields as
    /// [`Value::Struct`], a single unnamed one as itself.
    Variant(&'de str, Option<Box<Value<'de>>>),
}

impl<'de> Value<'de> {
    /// Reads a buffer that holds a single value, such as an RPC's arguments.
    ///
    /// For several values in one buffer, such as saved state, see [`Value::parse_all`] and
    /// [`Decoder::value`]. Takes at most 32 bytes of memory for each byte of input.
    ///
    /// # Errors
    ///
    /// If the bytes are not whole, not written by labgob, or followed by others.
    pub fn parse(bytes: &'de [u8]) -> Result<Self> {
        let mut decoder = Decoder::new(bytes);
        let value = decoder.value()?;
        decoder.finish()?;
        Ok(value)
    }

    /// Reads all values of a buffer.
    ///
    /// # Errors
    ///
    /// As [`Value::parse`].
    ///
    /// ```
    /// let mut encoder = labgob::Encoder::new();
    /// encoder.encode(&3_u64)?;
    /// encoder.encode(&None::<usize>)?;
    /// let bytes = encoder.finish();
    /// let saved = labgob::Value::parse_all(&bytes)?;
    /// assert_eq!(saved, [labgob::Value::Unsigned(3), labgob::Value::None]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse_all(bytes: &'de [u8]) -> Result<Vec<Self>> {
        let mut decoder = Decoder::new(bytes);
        let mut values = Vec::new();
        while !decoder.is_at_end() {
            values.push(decoder.value()?);
        }
        Ok(values)
    }

    /// Reads one value. Memory: each element of a container was paid for by a byte of its own.
    pub(crate) fn read(reader: &mut Reader<'de>) -> Result<Self> {
        let value = match reader.item()? {
            Item::None => return Ok(Self::None),
            Item::Unit => return Ok(Self::Unit),
            Item::Bool(value) => return Ok(Self::Bool(value)),
            Item::Unsigned(value) => return Ok(Self::Unsigned(value)),
            Item::Negative(value) => return Ok(Self::Negative(value)),
            Item::F32(value) => return Ok(Self::F32(value)),
            Item::F64(value) => return Ok(Self::F64(value)),
            Item::Char(value) => return Ok(Self::Char(value)),
            Item::Str(value) => return Ok(Self::Str(value)),
            Item::Bytes(value) => return Ok(Self::Bytes(value)),
            Item::UnitVariant(name) => return Ok(Self::Variant(name, None)),
            Item::Variant(name) => Self::Variant(name, Some(Box::new(Self::read(reader)?))),
            Item::Some => Self::Some(Box::new(Self::read(reader)?)),
            Item::Seq(length) => {
                let mut elements = Vec::with_capacity(length);
                for _ in 0..length {
                    elements.push(Self::read(reader)?);
                }
                Self::Seq(elements)
            }
            Item::Map(length) => {
                let mut entries = Vec::with_capacity(length);
                for _ in 0..length {
                    entries.push((Self::read(reader)?, Self::read(reader)?));
                }
                Self::Map(entries)
            }
            Item::Struct(length) => {
                let mut fields = Vec::with_capacity(length);
                for _ in 0..length {
                    let start = reader.position();
                    let name = utf8(reader.field_name()?).map_err(|error| error.at(start))?;
                    fields.push((name, Self::read(reader)?));
                }
                Self::Struct(fields)
            }
        };
        reader.leave();
        Ok(value)
    }

    /// The field of that name, of a struct or of a variant with named fields.
    pub fn field(&self, name: &str) -> Option<&Self> {
        let fields = self.fields()?;
        fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The fields of a struct, or of a variant with named fields.
    pub fn fields(&self) -> Option<&[(&'de str, Self)]> {
        match self {
            Self::Struct(fields) => Some(fields),
            Self::Variant(_, Some(data)) if matches!(**data, Self::Struct(_)) => data.fields(),
            _ => None,
        }
    }

    /// The name of a variant.
    pub fn variant(&self) -> Option<&'de str> {
        match self {
            Self::Variant(name, _) => Some(name),
            _ => None,
        }
    }

    /// What is in an option: `Some(None)` if it is none, `None` if it is no option.
    pub fn as_option(&self) -> Option<Option<&Self>> {
        match self {
            Self::None => Some(None),
            Self::Some(value) => Some(Some(value)),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// An integer that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            _ => None,
        }
    }

    /// An integer that an `i64` can hold.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Unsigned(value) => i64::try_from(*value).ok(),
            Self::Negative(value) => Some(*value),
            _ => None,
        }
    }

    /// A string.
    pub fn as_str(&self) -> Option<&'de str> {
        match self {
            Self::Str(value) => Some(value),
            _ => None,
        }
    }

    /// Bytes; an empty sequence is taken for empty bytes.
    pub fn as_bytes(&self) -> Option<&'de [u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            Self::Seq(elements) if elements.is_empty() => Some(&[]),
            _ => None,
        }
    }

    /// The elements of a sequence. Bytes are none: see [`Value::as_bytes`].
    pub fn as_seq(&self) -> Option<&[Self]> {
        match self {
            Self::Seq(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }
}

/// On one line, for traces and messages; bytes as their number.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Some(value) => write!(f, "some({value})"),
            Self::Unit => f.write_str("()"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Negative(value) => write!(f, "{value}"),
            Self::F32(value) => write!(f, "{value:?}"),
            Self::F64(value) => write!(f, "{value:?}"),
            Self::Char(value) => write!(f, "{value:?}"),
            Self::Str(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Self::Seq(elements) => {
                write_list(f, "[", elements, "]", |f, element| write!(f, "{element}"))
            }
            Self::Map(entries) => {
                write_list(f, "{", entries, "}", |f, (key, value)| write!(f, "{key} => {value}"))
            }
            Self::Struct(fields) => {
                write_list(f, "{", fields, "}", |f, (name, value)| write!(f, "{name}: {value}"))
            }
            Self::Variant(name, None) => f.write_str(name),
            Self::Variant(name, Some(data)) => match &**data {
                data @ Self::Struct(_) => write!(f, "{name} {data}"),
                Self::Seq(elements) => {
                    write!(f, "{name}")?;
                    write_list(f, "(", elements, ")", |f, element| write!(f, "{element}"))
                }
                data => write!(f, "{name}({data})"),
            },
        }
    }
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: &[T],
    close: &str,
    write_item: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str(open)?;
    for (index, item) in items.iter().enumerate() {
        if index != 0 {
            f.write_str(", ")?;
        }
        write_item(f, item)?;
    }
    f.write_str(close)
}
