//! serde's view of the encoder: writes one value in the shapes that the crate's table lists.

use std::convert::Infallible;

use rmp::encode::{self, ByteBuf, ValueWriteError};
use serde::ser::{self, Serialize};

use crate::error::{EncodeError, EncodeErrorKind, Step};
use crate::only_byte::{byte_of, is_u8};
use crate::writers::{MapWriter, SequenceWriter, StructWriter, check_count};
use crate::{MAX_DEPTH, extension};

type Result<T> = std::result::Result<T, EncodeError>;

/// Writes one value to the end of a buffer.
pub(crate) struct Serializer<'a> {
    pub(crate) out: &'a mut ByteBuf,
    /// The number of options, sequences, maps, structs and variants that are open.
    pub(crate) depth: usize,
}

impl<'a> Serializer<'a> {
    pub(crate) fn new(out: &'a mut ByteBuf) -> Self {
        Self { out, depth: 0 }
    }

    pub(crate) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if MAX_DEPTH < self.depth {
            return Err(EncodeError::new(EncodeErrorKind::TooDeep));
        }
        Ok(())
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let length = length_of(bytes.len())?;
        written(encode::write_bin_len(self.out, length));
        self.out.as_mut_vec().extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn write_str(&mut self, text: &str) -> Result<()> {
        let length = length_of(text.len())?;
        written(encode::write_str_len(self.out, length));
        self.out.as_mut_vec().extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn write_extension(&mut self, number: i8, bytes: &[u8]) -> Result<()> {
        let length = length_of(bytes.len())?;
        written(encode::write_ext_meta(self.out, length, number));
        self.out.as_mut_vec().extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn write_variant_name(&mut self, name: &str) -> Result<()> {
        self.write_extension(extension::VARIANT_NAME, name.as_bytes())
    }

    /// Opens a map of one entry whose key is the variant's name; the caller writes its value.
    fn begin_variant(&mut self, name: &str) -> Result<()> {
        self.enter()?;
        written(encode::write_map_len(self.out, 1));
        self.write_variant_name(name)
    }

    fn begin_sequence(&mut self, length: usize, levels: usize) -> Result<SequenceWriter<'_, 'a>> {
        self.enter()?;
        length_of(length)?;
        Ok(SequenceWriter::new(self, length, levels))
    }

    fn begin_struct(&mut self, length: usize, levels: usize) -> Result<StructWriter<'_, 'a>> {
        self.enter()?;
        written(encode::write_map_len(self.out, length_of(length)?));
        Ok(StructWriter::new(self, length, levels))
    }
}

/// Writing to a vector does not fail; this says so to the compiler.
pub(crate) fn written<T>(result: std::result::Result<T, ValueWriteError<Infallible>>) -> T {
    let Ok(value) = result;
    value
}

fn length_of(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| EncodeError::new(EncodeErrorKind::TooLong(length)))
}

macro_rules! integers {
    ($($method:ident($integer:ty) as $wide:ty => $write:ident;)*) => {
        $(#[inline]
        fn $method(self, value: $integer) -> Result<()> {
            written(encode::$write(self.out, <$wide>::from(value)));
            Ok(())
        })*
    };
}

impl<'s, 'a> ser::Serializer for &'s mut Serializer<'a> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = SequenceWriter<'s, 'a>;
    type SerializeTuple = SequenceWriter<'s, 'a>;
    type SerializeTupleStruct = SequenceWriter<'s, 'a>;
    type SerializeTupleVariant = SequenceWriter<'s, 'a>;
    type SerializeMap = MapWriter<'s, 'a>;
    type SerializeStruct = StructWriter<'s, 'a>;
    type SerializeStructVariant = StructWriter<'s, 'a>;

    fn is_human_readable(&self) -> bool {
        false
    }

    integers! {
        serialize_u8(u8) as u64 => write_uint;
        serialize_u16(u16) as u64 => write_uint;
        serialize_u32(u32) as u64 => write_uint;
        serialize_u64(u64) as u64 => write_uint;
        serialize_i8(i8) as i64 => write_sint;
        serialize_i16(i16) as i64 => write_sint;
        serialize_i32(i32) as i64 => write_sint;
        serialize_i64(i64) as i64 => write_sint;
        serialize_f32(f32) as f32 => write_f32;
        serialize_f64(f64) as f64 => write_f64;
    }

    fn serialize_i128(self, _: i128) -> Result<()> {
        Err(EncodeError::new(EncodeErrorKind::Unsupported("i128")))
    }

    fn serialize_u128(self, _: u128) -> Result<()> {
        Err(EncodeError::new(EncodeErrorKind::Unsupported("u128")))
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<()> {
        let Ok(()) = encode::write_bool(self.out, value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.write_extension(extension::CHAR, &u32::from(value).to_be_bytes())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<()> {
        self.write_str(value)
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.write_bytes(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<()> {
        let Ok(()) = encode::write_nil(self.out);
        Ok(())
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.enter()?;
        written(encode::write_map_len(self.out, 1));
        let Ok(()) = encode::write_nil(self.out);
        value.serialize(&mut *self)?;
        self.depth -= 1;
        Ok(())
    }

    fn serialize_unit(self) -> Result<()> {
        self.write_extension(extension::UNIT, &[])
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<()> {
        self.write_variant_name(name)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        self.begin_variant(name)?;
        value.serialize(&mut *self).map_err(|error| error.inside(&Step::Variant(name)))?;
        self.depth -= 1;
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq> {
        let unknown = || EncodeError::new(EncodeErrorKind::UnknownLength("sequence"));
        self.begin_sequence(length.ok_or_else(unknown)?, 1)
    }

    /// `u8`s all at once; everything else one by one.
    fn collect_seq<I>(self, items: I) -> Result<()>
    where
        I: IntoIterator<Item: Serialize>,
    {
        let items = items.into_iter();
        let (least, most) = items.size_hint();
        let length = (most == Some(least)).then_some(least);
        match length {
            Some(1..) if is_u8::<I::Item>() => {
                let length = least;
                written(encode::write_bin_len(self.out, length_of(length)?));
                let out = self.out.as_mut_vec();
                let start = out.len();
                out.extend(items.map(|item| byte_of(&item).unwrap_or_default()));
                check_count(length, out.len() - start)
            }
            _ => {
                let mut sequence = self.serialize_seq(length)?;
                for item in items {
                    sequence.element(&item)?;
                }
                sequence.close()
            }
        }
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple> {
        self.begin_sequence(length, 1)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct> {
        self.begin_sequence(length, 1)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        self.begin_variant(name)?;
        self.begin_sequence(length, 2)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap> {
        let unknown = || EncodeError::new(EncodeErrorKind::UnknownLength("map"));
        let length = length.ok_or_else(unknown)?;
        self.enter()?;
        written(encode::write_map_len(self.out, 1));
        let Ok(()) = encode::write_bool(self.out, true);
        written(encode::write_map_len(self.out, length_of(length)?));
        Ok(MapWriter::new(self, length))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Self::SerializeStruct> {
        self.begin_struct(length, 1)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant> {
        self.begin_variant(name)?;
        self.begin_struct(length, 2)
    }
}
