//! serde's view of the decoder: reads one value, and only in the shape its type asks for.

use serde::de::{Deserializer, Expected, Visitor};

use crate::access::{Bytes, Elements, Entries, Fields};
use crate::error::DecodeError;
use crate::reader::{Item, Reader};
use crate::variant::{VariantAccess, VariantAsMap};

type Result<T> = std::result::Result<T, DecodeError>;

impl<'de> Reader<'de> {
    #[cold]
    fn mismatch(&self, start: usize, item: &Item<'de>, expected: &dyn Expected) -> DecodeError {
        DecodeError::expected(expected, self.describe(item)).at(start)
    }

    /// Hands the elements of a sequence to `visitor`, which must take them all.
    fn visit_elements<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value> {
        let mut elements = Elements::new(self, length);
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        self.leave();
        Ok(value)
    }

    fn visit_bytes<V: Visitor<'de>>(&self, bytes: &'de [u8], visitor: V) -> Result<V::Value> {
        let mut elements = Bytes::new(bytes);
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    fn visit_entries<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value> {
        let mut entries = Entries::new(self, length);
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        self.leave();
        Ok(value)
    }

    /// Hands the fields of a struct to `visitor`; `names` are those its type has, if known.
    fn visit_fields<V: Visitor<'de>>(
        &mut self,
        start: usize,
        length: usize,
        names: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value> {
        let mut fields = Fields::new(self, start, length, names);
        let value = visitor.visit_map(&mut fields)?;
        fields.finish()?;
        self.leave();
        Ok(value)
    }
}

/// Methods that read one item and accept some shapes of it. The most frequent one may be read by
/// a shorter way, named first.
macro_rules! accept {
    ($($method:ident($($argument:ident: $kind:ty),*)
        |$reader:ident, $visitor:ident, $start:pat_param| {
        $(@$shortcut:ident: $found:ident => $taken:expr,)?
        $($item:pat $(if $condition:expr)? => $accepted:expr,)+
    })*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $kind,)* $visitor: V) -> Result<V::Value> {
            let start = self.position();
            let $reader = self;
            let $start = start;
            $(if let Some($found) = $reader.$shortcut() {
                return $taken;
            })?
            match $reader.item()? {
                $($item $(if $condition)? => $accepted,)+
                other => Err($reader.mismatch(start, &other, &$visitor)),
            }
        })*
    };
}

/// Methods that do what another one does.
macro_rules! same {
    ($($($method:ident)+ => $other:ident;)*) => {
        $($(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.$other(visitor)
        })+)*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = DecodeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    accept! {
        deserialize_bool() |reader, visitor, _| {
            Item::Bool(value) => visitor.visit_bool(value),
        }
        deserialize_u64() |reader, visitor, _| {
            @unsigned: value => visitor.visit_u64(value),
            Item::Unsigned(value) => visitor.visit_u64(value),
            Item::Negative(value) => visitor.visit_i64(value),
        }
        deserialize_f32() |reader, visitor, _| {
            Item::F32(value) => visitor.visit_f32(value),
        }
        deserialize_f64() |reader, visitor, _| {
            Item::F64(value) => visitor.visit_f64(value),
        }
        deserialize_char() |reader, visitor, _| {
            Item::Char(value) => visitor.visit_char(value),
        }
        deserialize_str() |reader, visitor, _| {
            @short_str: value => visitor.visit_borrowed_str(value),
            Item::Str(value) => visitor.visit_borrowed_str(value),
        }
        deserialize_bytes() |reader, visitor, _| {
            @short_bytes: value => visitor.visit_borrowed_bytes(value),
            Item::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Item::Seq(0) => {
                reader.leave();
                visitor.visit_borrowed_bytes(&[])
            },
        }
        deserialize_option() |reader, visitor, _| {
            Item::None => visitor.visit_none(),
            Item::Some => {
                let value = visitor.visit_some(&mut *reader)?;
                reader.leave();
                Ok(value)
            },
        }
        deserialize_unit() |reader, visitor, _| {
            Item::Unit => visitor.visit_unit(),
        }
        deserialize_seq() |reader, visitor, _| {
            Item::Seq(length) => reader.visit_elements(length, visitor),
            Item::Bytes(bytes) => reader.visit_bytes(bytes, visitor),
        }
        deserialize_tuple(wanted: usize) |reader, visitor, _| {
            Item::Seq(length) if length == wanted => reader.visit_elements(length, visitor),
            Item::Bytes(bytes) if bytes.len() == wanted => reader.visit_bytes(bytes, visitor),
        }
        deserialize_map() |reader, visitor, _| {
            Item::Map(length) => reader.visit_entries(length, visitor),
        }
        deserialize_struct(_name: &'static str, names: &'static [&'static str])
        |reader, visitor, start| {
            @struct_header: length => reader.visit_fields(start, length, Some(names), visitor),
            Item::Struct(length) => reader.visit_fields(start, length, Some(names), visitor),
        }
        deserialize_enum(_name: &'static str, _variants: &'static [&'static str])
        |reader, visitor, start| {
            Item::UnitVariant(name) => {
                visitor.visit_enum(VariantAccess::unit(reader, start, name))
            },
            Item::Variant(name) => visitor.visit_enum(VariantAccess::data(reader, start, name)),
        }
        deserialize_identifier() |reader, visitor, _| {
            Item::Str(name) | Item::UnitVariant(name) => visitor.visit_borrowed_str(name),
            Item::Unsigned(value) => visitor.visit_u64(value),
        }
    }

    /// For types that serde buffers. What a buffer cannot hold becomes the nearest thing that the
    /// type reads back from it: bytes as a sequence, a variant as its name or a map.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let start = self.position();
        match self.item()? {
            Item::None => visitor.visit_none(),
            Item::Some => {
                let value = visitor.visit_some(&mut *self)?;
                self.leave();
                Ok(value)
            }
            Item::Unit => visitor.visit_unit(),
            Item::Bool(value) => visitor.visit_bool(value),
            Item::Unsigned(value) => visitor.visit_u64(value),
            Item::Negative(value) => visitor.visit_i64(value),
            Item::F32(value) => visitor.visit_f32(value),
            Item::F64(value) => visitor.visit_f64(value),
            Item::Char(value) => visitor.visit_char(value),
            Item::Str(value) | Item::UnitVariant(value) => visitor.visit_borrowed_str(value),
            Item::Bytes(bytes) => self.visit_bytes(bytes, visitor),
            Item::Seq(length) => self.visit_elements(length, visitor),
            Item::Map(length) => self.visit_entries(length, visitor),
            Item::Struct(length) => self.visit_fields(start, length, None, visitor),
            Item::Variant(name) => {
                let value = visitor.visit_map(VariantAsMap::new(self, name))?;
                self.leave();
                Ok(value)
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    same! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u128
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            => deserialize_u64;
        deserialize_string => deserialize_str;
        deserialize_byte_buf => deserialize_bytes;
    }
}

/// A single element of bytes: a `u8`, and no other number.
pub(crate) struct Byte(pub(crate) u8);

impl Byte {
    #[cold]
    fn mismatch(&self, expected: &dyn Expected) -> DecodeError {
        DecodeError::expected(expected, format_args!("{} in bytes", self.0))
    }
}

macro_rules! refuse {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            Err(self.mismatch(&visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for Byte {
    type Error = DecodeError;

    #[inline(always)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u8(self.0)
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    refuse! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_option
    }

    serde::forward_to_deserialize_any! {
        bool u8 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
