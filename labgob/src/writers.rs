//! The parts of a value that has parts: elements, fields, entries.

use rmp::encode;
use serde::ser::{self, Serialize};

use crate::error::{EncodeError, EncodeErrorKind, Step};
use crate::only_byte::byte_of;
use crate::serializer::{Serializer, written};

type Result<T> = std::result::Result<T, EncodeError>;

/// A `Serialize` that miscounts would make the bytes after it mean something else.
pub(crate) fn check_count(announced: usize, written: usize) -> Result<()> {
    if announced != written {
        return Err(EncodeError::new(EncodeErrorKind::WrongLength { announced, written }));
    }
    Ok(())
}

/// Writes the elements of a sequence or tuple: as bytes while all are `u8`, else as an array.
pub(crate) struct SequenceWriter<'s, 'a> {
    serializer: &'s mut Serializer<'a>,
    announced: usize,
    count: usize,
    form: Form,
    /// How many levels of nesting end with it.
    levels: usize,
}

enum Form {
    Undecided,
    /// Where the header of the bytes begins.
    Bytes {
        start: usize,
    },
    Array,
}

impl<'s, 'a> SequenceWriter<'s, 'a> {
    pub(crate) fn new(serializer: &'s mut Serializer<'a>, announced: usize, levels: usize) -> Self {
        Self { serializer, announced, count: 0, form: Form::Undecided, levels }
    }

    #[inline]
    pub(crate) fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.count += 1;
        if let Form::Undecided | Form::Bytes { .. } = self.form {
            let byte = byte_of(value);
            self.decide(byte.is_some());
            if let Some(byte) = byte {
                self.serializer.out.as_mut_vec().push(byte);
                return Ok(());
            }
        }
        let index = self.count - 1;
        value.serialize(&mut *self.serializer).map_err(|error| error.inside(&Step::Element(index)))
    }

    /// Writes the header at the first element, and again when a later one is not a byte.
    #[inline]
    fn decide(&mut self, is_byte: bool) {
        let out = &mut *self.serializer.out;
        let length = self.announced as u32; // checked where the sequence began
        match (&self.form, is_byte) {
            (Form::Undecided, true) => {
                self.form = Form::Bytes { start: out.as_slice().len() };
                written(encode::write_bin_len(out, length));
            }
            (Form::Undecided, false) => {
                self.form = Form::Array;
                written(encode::write_array_len(out, length));
            }
            (&Form::Bytes { start }, false) => {
                let bytes = out.as_mut_vec().split_off(start);
                self.form = Form::Array;
                written(encode::write_array_len(out, length));
                for &byte in &bytes[bytes.len() + 1 - self.count..] {
                    written(encode::write_uint(out, u64::from(byte)));
                }
            }
            (Form::Bytes { .. }, true) | (Form::Array, _) => {}
        }
    }

    pub(crate) fn close(mut self) -> Result<()> {
        check_count(self.announced, self.count)?;
        if let Form::Undecided = self.form {
            self.decide(false);
        }
        self.serializer.depth -= self.levels;
        Ok(())
    }
}

/// Writes the fields of a struct: each name, then its value.
pub(crate) struct StructWriter<'s, 'a> {
    serializer: &'s mut Serializer<'a>,
    announced: usize,
    count: usize,
    /// How many levels of nesting end with it.
    levels: usize,
}

impl<'s, 'a> StructWriter<'s, 'a> {
    pub(crate) fn new(serializer: &'s mut Serializer<'a>, announced: usize, levels: usize) -> Self {
        Self { serializer, announced, count: 0, levels }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.count += 1;
        self.serializer.write_str(name)?;
        value.serialize(&mut *self.serializer).map_err(|error| error.inside(&Step::Field(name)))
    }

    #[inline]
    fn close(self) -> Result<()> {
        check_count(self.announced, self.count)?;
        self.serializer.depth -= self.levels;
        Ok(())
    }
}

/// Writes the entries of a map.
pub(crate) struct MapWriter<'s, 'a> {
    serializer: &'s mut Serializer<'a>,
    announced: usize,
    keys: usize,
    values: usize,
}

impl<'s, 'a> MapWriter<'s, 'a> {
    pub(crate) fn new(serializer: &'s mut Serializer<'a>, announced: usize) -> Self {
        Self { serializer, announced, keys: 0, values: 0 }
    }
}

impl ser::SerializeMap for MapWriter<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.keys += 1;
        key.serialize(&mut *self.serializer).map_err(|error| error.inside(&Step::Key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.values += 1;
        value.serialize(&mut *self.serializer).map_err(|error| error.inside(&Step::ValueOfKey))
    }

    fn end(self) -> Result<()> {
        check_count(self.announced, self.keys)?;
        check_count(self.announced, self.values)?;
        self.serializer.depth -= 1;
        Ok(())
    }
}

macro_rules! sequence {
    ($($kind:ident::$method:ident),*) => {
        $(impl ser::$kind for SequenceWriter<'_, '_> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<()> {
                self.close()
            }
        })*
    };
}

sequence!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structure {
    ($($kind:ident),*) => {
        $(impl ser::$kind for StructWriter<'_, '_> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<()> {
                self.field(name, value)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<()> {
                Err(EncodeError::new(EncodeErrorKind::SkippedField(name)))
            }

            #[inline]
            fn end(self) -> Result<()> {
                self.close()
            }
        })*
    };
}

structure!(SerializeStruct, SerializeStructVariant);
