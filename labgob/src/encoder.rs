//! Several values, one after the other, into one buffer.

use rmp::encode::ByteBuf;
use serde::Serialize;

use crate::error::EncodeError;
use crate::serializer::Serializer;

/// Writes values one after the other into a buffer of bytes.
///
/// [`Decoder`](crate::Decoder) reads them back in the same order. A value that is refused leaves
/// nothing of itself in the buffer, and those before it stay.
///
/// ```
/// let mut encoder = labgob::Encoder::new();
/// encoder.encode(&3_u64)?;
/// assert!(encoder.encode(&7_u128).is_err());
/// encoder.encode("x")?;
/// assert_eq!(labgob::Value::parse_all(&encoder.finish()).map(|values| values.len()), Ok(2));
/// # Ok::<(), labgob::EncodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: ByteBuf,
    value_count: usize,
}

impl Encoder {
    /// Makes an encoder with an empty buffer.
    pub fn new() -> Self {
        // Holds a few numbers, so that most buffers are allocated once.
        Self::with_capacity(64)
    }

    /// Makes an encoder whose buffer holds `capacity_bytes` before it has to grow.
    pub fn with_capacity(capacity_bytes: usize) -> Self {
        Self { buffer: ByteBuf::with_capacity(capacity_bytes), value_count: 0 }
    }

    /// Makes an encoder that goes on at the end of `buffer`, and keeps what is there.
    ///
    /// ```
    /// let one = labgob::to_bytes(&1_u64)?;
    /// let mut encoder = labgob::Encoder::appending_to(one);
    /// encoder.encode(&2_u64)?;
    /// assert_eq!(encoder.finish(), [1, 2]);
    /// # Ok::<(), labgob::EncodeError>(())
    /// ```
    pub fn appending_to(buffer: Vec<u8>) -> Self {
        Self { buffer: ByteBuf::from_vec(buffer), value_count: 0 }
    }

    /// Appends one value.
    ///
    /// # Errors
    ///
    /// What labgob refuses (see [`EncodeErrorKind`](crate::EncodeErrorKind)), and what the value's
    /// own `Serialize` reports. The buffer is then as it was before.
    pub fn encode<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let start = self.buffer.as_slice().len();
        match value.serialize(&mut Serializer::new(&mut self.buffer)) {
            Ok(()) => {
                self.value_count += 1;
                Ok(())
            }
            Err(error) => {
                self.buffer.as_mut_vec().truncate(start);
                Err(error.in_value(self.value_count + 1))
            }
        }
    }

    /// The bytes written so far.
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.as_slice()
    }

    /// Gives the buffer away.
    pub fn finish(self) -> Vec<u8> {
        self.buffer.into_vec()
    }
}

/// Encodes a single value.
///
/// # Errors
///
/// As [`Encoder::encode`].
///
/// ```
/// let bytes = labgob::to_bytes(&[Some('x'), None])?;
/// assert_eq!(labgob::from_bytes::<Vec<Option<char>>>(&bytes), Ok(vec![Some('x'), None]));
/// # Ok::<(), labgob::EncodeError>(())
/// ```
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    // Holds a request with an entry or two, so that most messages are allocated once.
    let mut encoder = Encoder::with_capacity(256);
    encoder.encode(value)?;
    Ok(encoder.finish())
}
