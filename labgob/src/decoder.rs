//! The values of one buffer, one after the other.

use std::any::type_name;

use serde::Deserialize;

use crate::error::{DecodeError, DecodeErrorKind};
use crate::reader::Reader;
use crate::value::Value;

/// Reads the values of a buffer, in the order in which [`Encoder`](crate::Encoder) wrote them.
///
/// Each value must be asked for with the type it was encoded from, or one of the same shape (the
/// table in the [crate's documentation](crate)). Nothing is merged into an existing value and
/// nothing is filled in: what is not in the bytes is an error.
///
/// ```
/// let mut encoder = labgob::Encoder::new();
/// encoder.encode(&3_u64)?;
/// encoder.encode(&vec!["x", "y"])?;
/// let bytes = encoder.finish();
///
/// let mut decoder = labgob::Decoder::new(&bytes);
/// let term: u64 = decoder.decode()?;
/// let log: Vec<&str> = decoder.decode()?; // borrowed from `bytes`
/// decoder.finish()?;
/// assert_eq!((term, log), (3, vec!["x", "y"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decoder<'de> {
    reader: Reader<'de>,
    value_count: usize,
}

impl<'de> Decoder<'de> {
    /// Makes a decoder that stands before the first value of `bytes`.
    pub fn new(bytes: &'de [u8]) -> Self {
        Self { reader: Reader::new(bytes), value_count: 0 }
    }

    /// Decodes the next value.
    ///
    /// # Errors
    ///
    /// If the next value is of another type, or the bytes are not whole. The error says which value
    /// of the buffer it is, and at which byte and in which field what was found. The decoder then
    /// still stands before that value, so that another type may be tried.
    ///
    /// ```
    /// let bytes = labgob::to_bytes(&Some(4_u64))?;
    /// let mut decoder = labgob::Decoder::new(&bytes);
    /// assert!(decoder.decode::<u64>().is_err());
    /// assert_eq!(decoder.decode::<Option<u64>>()?, Some(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decode<T: Deserialize<'de>>(&mut self) -> Result<T, DecodeError> {
        self.next(|reader| T::deserialize(reader))
            .map_err(|error| error.in_value(self.value_count + 1, type_name::<T>()))
    }

    /// Reads the next value without knowing its type.
    ///
    /// # Errors
    ///
    /// If the bytes are not whole, or not written by labgob. The decoder then still stands before
    /// the value.
    ///
    /// ```
    /// let bytes = labgob::to_bytes(&(4_u64, "x"))?;
    /// let value = labgob::Decoder::new(&bytes).value()?;
    /// assert_eq!(value.to_string(), "[4, \"x\"]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn value(&mut self) -> Result<Value<'de>, DecodeError> {
        self.next(Value::read).map_err(|error| error.in_value(self.value_count + 1, ""))
    }

    /// Whether all values were read.
    pub fn is_at_end(&self) -> bool {
        self.reader.left() == 0
    }

    /// The number of bytes read so far: where the next value begins.
    pub fn position(&self) -> usize {
        self.reader.position()
    }

    /// Ends decoding.
    ///
    /// # Errors
    ///
    /// If bytes are left over: the buffer holds more than was asked for.
    ///
    /// ```
    /// let error = labgob::Decoder::new(&[7]).finish().unwrap_err();
    /// assert_eq!(error.kind(), &labgob::DecodeErrorKind::LeftOver(1));
    /// ```
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.is_at_end() {
            return Ok(());
        }
        Err(DecodeError::new(DecodeErrorKind::LeftOver(self.reader.left()))
            .at(self.position())
            .in_value(self.value_count + 1, ""))
    }

    fn next<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'de>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let start = self.reader.position();
        if self.is_at_end() {
            return Err(DecodeError::new(DecodeErrorKind::NoValueLeft).at(start));
        }
        self.reader.begin_value(start);
        match read(&mut self.reader) {
            Ok(value) => {
                self.value_count += 1;
                Ok(value)
            }
            Err(error) => {
                self.reader.begin_value(start);
                Err(error.at(start))
            }
        }
    }
}

/// Decodes a buffer that holds a single value.
///
/// # Errors
///
/// As [`Decoder::decode`], and if bytes are left over.
///
/// ```
/// let bytes = labgob::to_bytes(&[1_u64, 2])?;
/// assert_eq!(labgob::from_bytes::<Vec<u64>>(&bytes)?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_bytes<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let value = decoder.decode()?;
    decoder.finish()?;
    Ok(value)
}
