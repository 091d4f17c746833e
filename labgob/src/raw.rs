//! Single fields, straight out of the bytes.

use crate::reader::{Item, Reader};

/// An encoded value that was not read yet.
///
/// Where [`Value`](crate::Value) reads all of a message into a tree, this reads what is asked for,
/// and skips the rest: nothing is allocated. For whoever looks at every message of a run.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct RequestVoteArgs { term: u64, candidate_id: usize }
///
/// let bytes = labgob::to_bytes(&RequestVoteArgs { term: 3, candidate_id: 1 })?;
/// let fields = labgob::Raw::of(&bytes).fields().expect("it is a struct");
/// let read: Vec<_> = fields.map(|(name, value)| (name, value.as_u64())).collect();
/// assert_eq!(read, [(&b"term"[..], Some(3)), (&b"candidate_id"[..], Some(1))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'de> {
    bytes: &'de [u8],
}

impl<'de> Raw<'de> {
    /// The value at the beginning of `bytes`.
    pub fn of(bytes: &'de [u8]) -> Self {
        Self { bytes }
    }

    /// Its bytes, as labgob wrote them. Two values of one type are equal if these are.
    pub fn encoded(self) -> &'de [u8] {
        self.bytes
    }

    /// An integer that is not negative.
    #[inline]
    pub fn as_u64(self) -> Option<u64> {
        Reader::new(self.bytes).unsigned()
    }

    /// A boolean.
    #[inline]
    pub fn as_bool(self) -> Option<bool> {
        match self.item()? {
            Item::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Bytes; an empty sequence is taken for empty bytes.
    #[inline]
    pub fn as_bytes(self) -> Option<&'de [u8]> {
        let mut reader = Reader::new(self.bytes);
        reader.short_bytes().or_else(|| match reader.item().ok()? {
            Item::Bytes(value) => Some(value),
            Item::Seq(0) => Some(&[]),
            _ => None,
        })
    }

    /// The fields of a struct: their names, and their values. Ends early at bytes that labgob did
    /// not write.
    #[inline]
    pub fn fields(self) -> Option<Fields<'de>> {
        let mut reader = Reader::new(self.bytes);
        let left = struct_length(&mut reader)?;
        Some(Fields { reader, left })
    }

    /// The elements of a sequence that is not one of bytes. Ends early at bytes that labgob did
    /// not write.
    #[inline]
    pub fn elements(self) -> Option<Elements<'de>> {
        let mut reader = Reader::new(self.bytes);
        match reader.item().ok()? {
            Item::Seq(left) => Some(Elements { reader, left }),
            _ => None,
        }
    }

    #[inline]
    fn item(self) -> Option<Item<'de>> {
        Reader::new(self.bytes).item().ok()
    }
}

/// The fields of a struct. Made by [`Raw::fields`].
#[derive(Debug, Clone)]
pub struct Fields<'de> {
    reader: Reader<'de>,
    left: usize,
}

impl<'de> Iterator for Fields<'de> {
    type Item = (&'de [u8], Raw<'de>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = self.reader.field_name().ok()?;
        Some((name, next_value(&mut self.reader)?))
    }
}

/// The elements of a sequence. Made by [`Raw::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'de> {
    reader: Reader<'de>,
    left: usize,
}

impl<'de> Elements<'de> {
    /// Shows the fields of the next element, which is to be a struct, without looking at it twice.
    /// `None` at the end; otherwise whether it was one, whole. If it was not, nothing follows.
    #[inline]
    pub fn next_fields(&mut self, mut show: impl FnMut(&'de [u8], Raw<'de>)) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        let whole = self.read_fields(&mut show).is_some();
        if !whole {
            self.left = 0;
        }
        Some(whole)
    }

    fn read_fields(&mut self, show: &mut impl FnMut(&'de [u8], Raw<'de>)) -> Option<()> {
        for _ in 0..struct_length(&mut self.reader)? {
            let name = self.reader.field_name().ok()?;
            show(name, next_value(&mut self.reader)?);
        }
        self.reader.leave();
        Some(())
    }

    /// How many are left, if the bytes are whole.
    #[allow(clippy::len_without_is_empty)] // An iterator: nobody asks whether it is empty.
    pub fn len(&self) -> usize {
        self.left
    }
}

impl<'de> Iterator for Elements<'de> {
    type Item = Raw<'de>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        next_value(&mut self.reader)
    }
}

/// How many fields follow, if a struct begins here.
#[inline]
fn struct_length(reader: &mut Reader<'_>) -> Option<usize> {
    reader.struct_header().or_else(|| match reader.item().ok()? {
        Item::Struct(length) => Some(length),
        _ => None,
    })
}

#[inline]
fn next_value<'de>(reader: &mut Reader<'de>) -> Option<Raw<'de>> {
    let start = reader.position();
    reader.skip().ok()?;
    Some(Raw { bytes: reader.since(start) })
}
