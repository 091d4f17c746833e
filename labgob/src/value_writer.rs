//! Writing a message that was read without its type.

use rmp::encode::{self, ByteBuf};
use serde::Serializer as _;

use crate::error::{EncodeError, EncodeErrorKind, Step};
use crate::serializer::{Serializer, written};
use crate::value::Value;

type Result<T> = std::result::Result<T, EncodeError>;

impl Value<'_> {
    /// Encodes the value as the type would that it was read from: unchanged, it gives the same
    /// bytes again. So the host side can send what it has read, with other contents.
    ///
    /// ```
    /// use labgob::Value;
    /// let bytes = labgob::to_bytes(&(3_u64, Some("x")))?;
    /// assert_eq!(Value::parse(&bytes)?.to_bytes()?, bytes);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it nests deeper than [`MAX_DEPTH`](crate::MAX_DEPTH), or a part of it has 2^32 elements
    /// or more.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut buffer = ByteBuf::new();
        self.write(&mut Serializer::new(&mut buffer))?;
        Ok(buffer.into_vec())
    }

    fn write(&self, serializer: &mut Serializer<'_>) -> Result<()> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Negative(value) => serializer.serialize_i64(*value),
            Self::F32(value) => serializer.serialize_f32(*value),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Str(value) => serializer.write_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Variant(name, None) => serializer.write_variant_name(name),
            Self::Some(value) => nested(serializer, |serializer| {
                written(encode::write_map_len(serializer.out, 1));
                serializer.serialize_none()?;
                value.write(serializer)
            }),
            Self::Variant(name, Some(data)) => nested(serializer, |serializer| {
                written(encode::write_map_len(serializer.out, 1));
                serializer.write_variant_name(name)?;
                data.write(serializer)
            }),
            Self::Seq(elements) => nested(serializer, |serializer| {
                written(encode::write_array_len(serializer.out, count(elements.len())?));
                for (index, element) in elements.iter().enumerate() {
                    element.write(serializer).map_err(|e| e.inside(&Step::Element(index)))?;
                }
                Ok(())
            }),
            Self::Map(entries) => nested(serializer, |serializer| {
                written(encode::write_map_len(serializer.out, 1));
                serializer.serialize_bool(true)?;
                written(encode::write_map_len(serializer.out, count(entries.len())?));
                for (key, value) in entries {
                    key.write(serializer).map_err(|e| e.inside(&Step::Key))?;
                    value.write(serializer).map_err(|e| e.inside(&Step::ValueOfKey))?;
                }
                Ok(())
            }),
            Self::Struct(fields) => nested(serializer, |serializer| {
                written(encode::write_map_len(serializer.out, count(fields.len())?));
                for (name, value) in fields {
                    serializer.write_str(name)?;
                    value.write(serializer)?;
                }
                Ok(())
            }),
        }
    }
}

fn nested(
    serializer: &mut Serializer<'_>,
    write: impl FnOnce(&mut Serializer<'_>) -> Result<()>,
) -> Result<()> {
    serializer.enter()?;
    write(serializer)?;
    serializer.depth -= 1;
    Ok(())
}

fn count(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| EncodeError::new(EncodeErrorKind::TooLong(length)))
}
