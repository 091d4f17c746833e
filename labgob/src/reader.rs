//! Reads the wire, one item at a time, and holds the bounds that no input can break.

mod shortcuts;

use std::fmt;

use rmp::Marker;

use crate::error::{DecodeError, DecodeErrorKind};
use crate::{MAX_DEPTH, extension};

type Result<T> = std::result::Result<T, DecodeError>;

/// The start of a value: all of it, or the header of one that has parts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item<'de> {
    None,
    /// Its content follows.
    Some,
    Unit,
    Bool(bool),
    Unsigned(u64),
    /// Always less than 0.
    Negative(i64),
    F32(f32),
    F64(f64),
    Char(char),
    Str(&'de str),
    Bytes(&'de [u8]),
    /// So many elements follow.
    Seq(usize),
    /// So many entries follow.
    Map(usize),
    /// So many fields follow.
    Struct(usize),
    UnitVariant(&'de str),
    /// Its data follows, as one value.
    Variant(&'de str),
}

/// A place in a buffer.
///
/// Invariants, which bound memory and stack for every input:
/// 1. `owed` is the number of items that the open containers still have to read. Each takes at
///    least one byte, so `owed <= bytes.len() - position` is asked of each container that opens.
/// 2. `depth`, the number of open containers, is at most [`MAX_DEPTH`].
#[derive(Debug, Clone)]
pub(crate) struct Reader<'de> {
    bytes: &'de [u8],
    position: usize,
    owed: usize,
    depth: usize,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(bytes: &'de [u8]) -> Self {
        Self { bytes, position: 0, owed: 0, depth: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// The bytes from `position` to here.
    pub(crate) fn since(&self, position: usize) -> &'de [u8] {
        &self.bytes[position..self.position]
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Goes to `position` to read a value from its start.
    pub(crate) fn begin_value(&mut self, position: usize) {
        *self = Self { position, ..Self::new(self.bytes) };
    }

    /// Reads the next item. Errors know their position.
    #[inline]
    pub(crate) fn item(&mut self) -> Result<Item<'de>> {
        let start = self.position;
        self.owed = self.owed.saturating_sub(1);
        // Most items are small numbers.
        if let Some(Marker::FixPos(value)) = self.peek() {
            self.position += 1;
            return Ok(Item::Unsigned(value.into()));
        }
        self.item_unplaced().map_err(|error| error.at(start))
    }

    #[inline]
    fn passed(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_sub(1);
        self.position += bytes;
    }

    fn item_unplaced(&mut self) -> Result<Item<'de>> {
        Ok(match self.marker()? {
            Marker::FixPos(value) => Item::Unsigned(value.into()),
            Marker::U8 => Item::Unsigned(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Item::Unsigned(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Item::Unsigned(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => Item::Unsigned(u64::from_be_bytes(self.array()?)),
            Marker::FixNeg(value) => integer(value.into()),
            Marker::I8 => integer(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => integer(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => integer(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => integer(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Item::F32(f32::from_be_bytes(self.array()?)),
            Marker::F64 => Item::F64(f64::from_be_bytes(self.array()?)),
            Marker::Null => Item::None,
            Marker::True => Item::Bool(true),
            Marker::False => Item::Bool(false),
            marker @ (Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32) => {
                Item::Str(self.str(marker)?)
            }
            Marker::Bin8 => self.bytes(Width::One)?,
            Marker::Bin16 => self.bytes(Width::Two)?,
            Marker::Bin32 => self.bytes(Width::Four)?,
            Marker::FixArray(length) => self.sequence(length.into())?,
            Marker::Array16 => {
                let length = self.length(Width::Two)?;
                self.sequence(length)?
            }
            Marker::Array32 => {
                let length = self.length(Width::Four)?;
                self.sequence(length)?
            }
            marker @ (Marker::FixMap(_) | Marker::Map16 | Marker::Map32) => {
                let length = self.map_length(marker)?;
                self.map_like(length)?
            }
            marker => self.extension(marker)?,
        })
    }

    /// Reads the name of a struct's field. Errors know their position.
    #[inline]
    pub(crate) fn field_name(&mut self) -> Result<&'de [u8]> {
        // Nearly all names are short.
        if let Some(Marker::FixStr(length)) = self.peek()
            && let Some(name) = self.bytes[self.position + 1..].get(..length.into())
        {
            self.passed(1 + name.len());
            return Ok(name);
        }
        self.long_field_name()
    }

    fn long_field_name(&mut self) -> Result<&'de [u8]> {
        let start = self.position;
        self.owed = self.owed.saturating_sub(1);
        let name = match self.marker() {
            Ok(Marker::FixStr(length)) => self.take(length.into()),
            Ok(marker) => self.str(marker).map(str::as_bytes),
            Err(error) => Err(error),
        };
        name.map_err(|error| error.at(start))
    }

    /// Ends the innermost container, all of whose items were read.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Reads over the next value.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<()> {
        match self.plain_length().filter(|length| *length <= self.left()) {
            Some(length) => {
                self.passed(length);
                Ok(())
            }
            None => self.skip_item(),
        }
    }

    /// The length of the next value, if it is one of those that are whole whatever they hold.
    #[inline]
    fn plain_length(&self) -> Option<usize> {
        Some(match self.peek()? {
            Marker::FixPos(_) | Marker::FixNeg(_) => 1,
            Marker::Null | Marker::True | Marker::False => 1,
            Marker::U8 | Marker::I8 => 2,
            Marker::U16 | Marker::I16 => 3,
            Marker::U32 | Marker::I32 | Marker::F32 => 5,
            Marker::U64 | Marker::I64 | Marker::F64 => 9,
            Marker::Bin8 => 2 + usize::from(*self.bytes.get(self.position + 1)?),
            _ => return None,
        })
    }

    fn skip_item(&mut self) -> Result<()> {
        let item = match self.struct_header() {
            Some(length) => Item::Struct(length),
            None => self.item()?,
        };
        let parts = match item {
            Item::Some | Item::Variant(_) => 1,
            Item::Seq(length) => length,
            Item::Map(length) => length.saturating_mul(2),
            Item::Struct(length) => {
                for _ in 0..length {
                    let name = self.field_name()?;
                    if !name.is_ascii() {
                        utf8(name)?;
                    }
                    self.skip()?;
                }
                self.leave();
                return Ok(());
            }
            _ => return Ok(()),
        };
        for _ in 0..parts {
            self.skip()?;
        }
        self.leave();
        Ok(())
    }

    fn enter(&mut self, items: usize) -> Result<()> {
        self.depth += 1;
        if MAX_DEPTH < self.depth {
            return Err(DecodeError::new(DecodeErrorKind::TooDeep));
        }
        self.owed = self.owed.saturating_add(items);
        if self.left() < self.owed {
            return Err(self.cut_short(self.owed));
        }
        Ok(())
    }

    fn sequence(&mut self, length: usize) -> Result<Item<'de>> {
        self.enter(length)?;
        Ok(Item::Seq(length))
    }

    /// Tells a struct from the maps of one entry whose key is not a string: option, map, variant.
    #[inline]
    fn map_like(&mut self, length: usize) -> Result<Item<'de>> {
        if length != 1 {
            self.enter(length.saturating_mul(2))?;
            return Ok(Item::Struct(length));
        }
        match self.peek() {
            Some(Marker::Null) => {
                self.position += 1;
                self.enter(1)?;
                Ok(Item::Some)
            }
            Some(Marker::True) => {
                self.position += 1;
                let marker = self.marker()?;
                let length = self.map_length(marker)?;
                self.enter(length.saturating_mul(2))?;
                Ok(Item::Map(length))
            }
            Some(Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32) | None => {
                self.enter(2)?;
                Ok(Item::Struct(1))
            }
            Some(_) => {
                let marker = self.marker()?;
                let Item::UnitVariant(name) = self.extension(marker)? else {
                    return Err(malformed("a map whose only key is neither a name nor a tag"));
                };
                self.enter(1)?;
                Ok(Item::Variant(name))
            }
        }
    }

    fn map_length(&mut self, marker: Marker) -> Result<usize> {
        match marker {
            Marker::FixMap(length) => Ok(length.into()),
            Marker::Map16 => self.length(Width::Two),
            Marker::Map32 => self.length(Width::Four),
            marker => Err(malformed(format_args!("the marker {marker:?} where a map begins"))),
        }
    }

    fn bytes(&mut self, width: Width) -> Result<Item<'de>> {
        let length = self.length(width)?;
        Ok(Item::Bytes(self.take(length)?))
    }

    fn str(&mut self, marker: Marker) -> Result<&'de str> {
        let length = match marker {
            Marker::FixStr(length) => length.into(),
            Marker::Str8 => self.length(Width::One)?,
            Marker::Str16 => self.length(Width::Two)?,
            Marker::Str32 => self.length(Width::Four)?,
            marker => {
                return Err(malformed(format_args!("the marker {marker:?} where a name begins")));
            }
        };
        utf8(self.take(length)?)
    }

    fn extension(&mut self, marker: Marker) -> Result<Item<'de>> {
        let length = match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => self.length(Width::One)?,
            Marker::Ext16 => self.length(Width::Two)?,
            Marker::Ext32 => self.length(Width::Four)?,
            marker => return Err(malformed(format_args!("the marker {marker:?}"))),
        };
        let number = i8::from_be_bytes(self.array()?);
        let content = self.take(length)?;
        match number {
            extension::UNIT if content.is_empty() => Ok(Item::Unit),
            extension::VARIANT_NAME => Ok(Item::UnitVariant(utf8(content)?)),
            extension::CHAR => <[u8; 4]>::try_from(content)
                .ok()
                .and_then(|code| char::from_u32(u32::from_be_bytes(code)))
                .map(Item::Char)
                .ok_or_else(|| malformed("a character that does not exist")),
            _ => Err(malformed(format_args!("extension {number} of {length} bytes"))),
        }
    }

    /// The marker that comes next.
    #[inline]
    fn peek(&self) -> Option<Marker> {
        self.bytes.get(self.position).copied().map(Marker::from_u8)
    }

    #[inline]
    fn marker(&mut self) -> Result<Marker> {
        let [byte] = self.array()?;
        Ok(Marker::from_u8(byte))
    }

    fn length(&mut self, width: Width) -> Result<usize> {
        Ok(match width {
            Width::One => u8::from_be_bytes(self.array()?).into(),
            Width::Two => u16::from_be_bytes(self.array()?).into(),
            // Saturates where a usize is smaller; no buffer there could hold as much.
            Width::Four => usize::try_from(u32::from_be_bytes(self.array()?)).unwrap_or(usize::MAX),
        })
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes[self.position..].first_chunk() {
            Some(chunk) => {
                self.position += N;
                Ok(*chunk)
            }
            None => Err(self.cut_short(N)),
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'de [u8]> {
        match self.bytes[self.position..].get(..length) {
            Some(taken) => {
                self.position += length;
                Ok(taken)
            }
            None => Err(self.cut_short(length)),
        }
    }

    #[cold]
    fn cut_short(&self, needed: usize) -> DecodeError {
        let left = self.left();
        DecodeError::new(DecodeErrorKind::CutShort { needed: needed - left, left })
    }

    /// What a human calls the item just read.
    #[cold]
    pub(crate) fn describe(&self, item: &Item<'de>) -> String {
        match *item {
            Item::None => "an option: none".to_owned(),
            Item::Some => "an option: some".to_owned(),
            Item::Unit => "a unit".to_owned(),
            Item::Bool(value) => format!("the boolean {value}"),
            Item::Unsigned(value) => format!("the integer {value}"),
            Item::Negative(value) => format!("the integer {value}"),
            Item::F32(value) => format!("the f32 {value}"),
            Item::F64(value) => format!("the f64 {value}"),
            Item::Char(value) => format!("the character {value:?}"),
            Item::Str(value) => format!("the string {}", Excerpt(value)),
            Item::Bytes(value) => format!("{} bytes", value.len()),
            Item::Seq(length) => format!("a sequence of {length}"),
            Item::Map(length) => format!("a map of {length}"),
            Item::Struct(_) => match self.clone().field_name().and_then(utf8) {
                Ok(name) => format!("a struct that begins with `{name}`"),
                Err(_) => "a struct without fields".to_owned(),
            },
            Item::UnitVariant(name) | Item::Variant(name) => format!("the variant `{name}`"),
        }
    }
}

#[derive(Clone, Copy)]
enum Width {
    One,
    Two,
    Four,
}

fn integer(value: i64) -> Item<'static> {
    u64::try_from(value).map_or(Item::Negative(value), Item::Unsigned)
}

pub(crate) fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| malformed(format_args!("a string with {error}")))
}

#[cold]
fn malformed(what: impl fmt::Display) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Malformed(what.to_string()))
}

/// A quoted string, cut after 40 characters.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(40) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}
