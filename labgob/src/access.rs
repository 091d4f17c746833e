//! What a type sees of a value that has parts: elements, entries, fields.

use std::any::type_name;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed};

use crate::deserializer::Byte;
use crate::error::{DecodeError, DecodeErrorKind, Step};
use crate::reader::{Reader, utf8};

type Result<T> = std::result::Result<T, DecodeError>;
type Name<'de> = BorrowedStrDeserializer<'de, DecodeError>;

impl<'de> Reader<'de> {
    /// Decodes one part of a value. Its errors say which part, and at which byte.
    #[inline]
    pub(crate) fn part<'a, S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
        step: impl FnOnce() -> Step<'a>,
    ) -> Result<S::Value> {
        let start = self.position();
        seed.deserialize(&mut *self).map_err(|error| error.at(start).inside(&step()))
    }
}

fn all_taken(length: usize, left: usize) -> Result<()> {
    if left == 0 {
        return Ok(());
    }
    let taken = length - left;
    Err(DecodeError::expected(
        &format!("{taken} elements").as_str(),
        format_args!("{length} elements"),
    ))
}

/// The elements of a sequence.
pub(crate) struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    length: usize,
    left: usize,
}

impl<'r, 'de> Elements<'r, 'de> {
    pub(crate) fn new(reader: &'r mut Reader<'de>, length: usize) -> Self {
        Self { reader, length, left: length }
    }

    pub(crate) fn finish(self) -> Result<()> {
        all_taken(self.length, self.left)
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        let index = self.length - self.left;
        self.left -= 1;
        self.reader.part(seed, || Step::Element(index)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left) // at most the bytes that are left: see the reader's invariants
    }
}

/// The elements of bytes.
pub(crate) struct Bytes<'de> {
    length: usize,
    left: std::slice::Iter<'de, u8>,
}

impl<'de> Bytes<'de> {
    pub(crate) fn new(bytes: &'de [u8]) -> Self {
        Self { length: bytes.len(), left: bytes.iter() }
    }

    pub(crate) fn finish(self) -> Result<()> {
        all_taken(self.length, self.left.len())
    }
}

impl<'de> de::SeqAccess<'de> for Bytes<'de> {
    type Error = DecodeError;

    #[inline(always)]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        match self.left.next() {
            Some(&byte) => seed.deserialize(Byte(byte)).map(Some),
            None => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// The entries of a map.
pub(crate) struct Entries<'r, 'de> {
    reader: &'r mut Reader<'de>,
    length: usize,
    left: usize,
}

impl<'r, 'de> Entries<'r, 'de> {
    pub(crate) fn new(reader: &'r mut Reader<'de>, length: usize) -> Self {
        Self { reader, length, left: length }
    }

    pub(crate) fn finish(self) -> Result<()> {
        all_taken(self.length, self.left)
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.reader.part(seed, || Step::Key).map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        self.reader.part(seed, || Step::ValueOfKey)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left) // at most half the bytes that are left: see the reader's invariants
    }
}

/// The fields of a struct. If the names that the type has are known, the bytes must have exactly
/// these: serde itself would drop unknown fields, and read a missing `Option` as `None`.
pub(crate) struct Fields<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// Where the struct begins, and its first field.
    start: usize,
    first_field: usize,
    length: usize,
    left: usize,
    names: Option<&'static [&'static str]>,
    name: &'de str,
    may_lack_content: bool,
}

impl<'r, 'de> Fields<'r, 'de> {
    pub(crate) fn new(
        reader: &'r mut Reader<'de>,
        start: usize,
        length: usize,
        names: Option<&'static [&'static str]>,
    ) -> Self {
        let first_field = reader.position();
        let (left, name, may_lack_content) = (length, "", false);
        Self { reader, start, first_field, length, left, names, name, may_lack_content }
    }

    pub(crate) fn finish(self) -> Result<()> {
        all_taken(self.length, self.left)?;
        self.none_missing()
    }

    /// The next name, which is one of the type's.
    #[inline]
    fn next_name(&mut self) -> Result<&'de str> {
        let start = self.reader.position();
        let name = self.reader.field_name()?;
        let Some(names) = self.names else {
            return utf8(name).map_err(|error| error.at(start));
        };
        // The fields of the type that wrote them mostly stand in the order of the type that reads.
        let expected = names.get(self.length - self.left).copied().unwrap_or_default();
        if expected.as_bytes() == name {
            return Ok(expected);
        }
        match names.iter().find(|known| known.as_bytes() == name) {
            Some(known) => Ok(known),
            None => {
                let unknown = |name| <DecodeError as de::Error>::unknown_field(name, names);
                Err(utf8(name).map_or_else(|error| error, unknown).at(start))
            }
        }
    }

    #[inline]
    fn none_missing(&self) -> Result<()> {
        match self.names {
            Some(names) if self.length < names.len() && !self.may_lack_content => {
                Err(self.missing(names))
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn missing(&self, names: &'static [&'static str]) -> DecodeError {
        let mut reader = self.reader.clone();
        reader.begin_value(self.first_field);
        let mut present = Vec::new();
        for _ in 0..self.length {
            let Ok(name) = reader.field_name() else { break };
            present.push(name);
            if reader.skip().is_err() {
                break;
            }
        }
        let absent = names.iter().find(|name| !present.contains(&name.as_bytes()));
        let absent = absent.map_or_else(String::new, |name| (*name).to_owned());
        DecodeError::new(DecodeErrorKind::MissingField(absent)).at(self.start)
    }
}

impl<'de> de::MapAccess<'de> for Fields<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return self.none_missing().map(|()| None);
        }
        let start = self.reader.position();
        self.name = self.next_name()?;
        self.left -= 1;
        seed.deserialize(Name::new(self.name)).map(Some).map_err(|error| error.at(start))
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        if let Some([_, _]) = self.names
            && self.length == 1
        {
            // An adjacently tagged enum: a variant without data has its tag, and no content.
            self.may_lack_content = type_name::<S>().contains("AdjacentlyTaggedEnumVariantSeed");
        }
        let name = self.name;
        self.reader.part(seed, || Step::Field(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
