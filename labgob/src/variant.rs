//! What a type sees of an enum: the variant's name, then its data.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, Visitor};

use crate::error::{DecodeError, Step};
use crate::reader::Reader;

type Result<T> = std::result::Result<T, DecodeError>;
type Name<'de> = BorrowedStrDeserializer<'de, DecodeError>;

/// A variant of an enum, and its data.
pub(crate) struct VariantAccess<'r, 'de> {
    reader: &'r mut Reader<'de>,
    start: usize,
    name: &'de str,
    has_data: bool,
}

impl<'r, 'de> VariantAccess<'r, 'de> {
    pub(crate) fn unit(reader: &'r mut Reader<'de>, start: usize, name: &'de str) -> Self {
        Self { reader, start, name, has_data: false }
    }

    pub(crate) fn data(reader: &'r mut Reader<'de>, start: usize, name: &'de str) -> Self {
        Self { reader, start, name, has_data: true }
    }

    fn mismatch(&self, expected: &dyn Expected) -> DecodeError {
        let with = if self.has_data { "with" } else { "without" };
        let found = format_args!("the variant `{}` {with} data", self.name);
        DecodeError::expected(expected, found).at(self.start)
    }

    #[inline]
    fn take<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        let name = self.name;
        let value = self.reader.part(seed, || Step::Variant(name))?;
        self.reader.leave();
        Ok(value)
    }
}

impl<'de> de::EnumAccess<'de> for VariantAccess<'_, 'de> {
    type Error = DecodeError;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        match seed.deserialize(Name::new(self.name)) {
            Ok(variant) => Ok((variant, self)),
            Err(error) => Err(error.at(self.start)),
        }
    }
}

impl<'de> de::VariantAccess<'de> for VariantAccess<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn unit_variant(self) -> Result<()> {
        if self.has_data {
            return Err(self.mismatch(&"a variant without data"));
        }
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        if !self.has_data {
            return Err(self.mismatch(&"a variant with data"));
        }
        self.take(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        if !self.has_data {
            return Err(self.mismatch(&visitor));
        }
        self.take(Tuple { length, visitor })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if !self.has_data {
            return Err(self.mismatch(&visitor));
        }
        self.take(Struct { names, visitor })
    }
}

/// The data of a tuple variant.
struct Tuple<V> {
    length: usize,
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Tuple<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<V::Value, D::Error> {
        deserializer.deserialize_tuple(self.length, self.visitor)
    }
}

/// The data of a struct variant.
struct Struct<V> {
    names: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Struct<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<V::Value, D::Error> {
        deserializer.deserialize_struct("", self.names, self.visitor)
    }
}

/// A variant with data, as the map of one entry that serde's buffers know it by.
pub(crate) struct VariantAsMap<'r, 'de> {
    reader: &'r mut Reader<'de>,
    name: &'de str,
    is_taken: bool,
}

impl<'r, 'de> VariantAsMap<'r, 'de> {
    pub(crate) fn new(reader: &'r mut Reader<'de>, name: &'de str) -> Self {
        Self { reader, name, is_taken: false }
    }
}

impl<'de> de::MapAccess<'de> for VariantAsMap<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if std::mem::replace(&mut self.is_taken, true) {
            return Ok(None);
        }
        seed.deserialize(Name::new(self.name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let name = self.name;
        self.reader.part(seed, || Step::Variant(name))
    }
}
