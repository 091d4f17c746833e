//! Shorter ways to what messages are made of, for whoever knows what should come. `None` has read
//! nothing: [`Reader::item`] then says what there is.

use rmp::Marker;

use super::Reader;
use crate::MAX_DEPTH;

impl<'de> Reader<'de> {
    /// Reads the next item if it is an unsigned integer.
    #[inline]
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let at = self.position + 1;
        let (value, length) = match self.peek()? {
            Marker::FixPos(value) => (value.into(), 1),
            Marker::U8 => (u64::from(*self.bytes.get(at)?), 2),
            Marker::U16 => (u16::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?).into(), 3),
            Marker::U32 => (u32::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?).into(), 5),
            Marker::U64 => (u64::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?), 9),
            _ => return None,
        };
        self.passed(length);
        Some(value)
    }

    /// Reads the next item if it is a short string.
    #[inline]
    pub(crate) fn short_str(&mut self) -> Option<&'de str> {
        let Marker::FixStr(length) = self.peek()? else { return None };
        let bytes = self.bytes[self.position + 1..].get(..length.into())?;
        let value = std::str::from_utf8(bytes).ok()?;
        self.passed(1 + value.len());
        Some(value)
    }

    /// Reads the next item if it is some bytes.
    #[inline]
    pub(crate) fn short_bytes(&mut self) -> Option<&'de [u8]> {
        let Marker::Bin8 = self.peek()? else { return None };
        let (length, rest) = self.bytes[self.position + 1..].split_first()?;
        let value = rest.get(..usize::from(*length))?;
        self.passed(2 + value.len());
        Some(value)
    }

    /// Reads the next item if it is the header of a struct of several fields; gives their number.
    #[inline]
    pub(crate) fn struct_header(&mut self) -> Option<usize> {
        let Marker::FixMap(length) = self.peek()? else { return None };
        let (length, parts) = (usize::from(length), 2 * usize::from(length));
        let fits = self.depth < MAX_DEPTH && self.owed.saturating_sub(1) + parts < self.left();
        if length == 1 || !fits {
            return None;
        }
        self.passed(1);
        self.depth += 1;
        self.owed += parts;
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reader::Item;

    fn whereabouts(reader: &Reader<'_>) -> (usize, usize, usize) {
        (reader.position, reader.owed, reader.depth)
    }

    proptest! {
        /// What a shortcut reads, the long way reads too, and both then stand at one place.
        #[test]
        fn a_shortcut_leads_where_the_long_way_does(
            marker in any::<u8>(),
            rest in proptest::collection::vec(any::<u8>(), 0..24),
            owed in 0..24_usize,
            depth in MAX_DEPTH - 2..=MAX_DEPTH,
        ) {
            let bytes = [vec![marker], rest].concat();
            let start = Reader { owed, depth, ..Reader::new(&bytes) };
            let mut by_item = start.clone();
            let item = by_item.item().ok();

            let mut reader = start.clone();
            let read = [
                reader.unsigned().map(Item::Unsigned),
                reader.short_str().map(Item::Str),
                reader.short_bytes().map(Item::Bytes),
                reader.struct_header().map(Item::Struct),
            ];
            // Each leaves alone what is none of its kind, so they were all asked of one item, or
            // the first of them took it.
            let Some(first) = read.iter().position(Option::is_some) else {
                prop_assert_eq!(whereabouts(&reader), whereabouts(&start));
                return Ok(());
            };
            let mut reader = start.clone();
            match first {
                0 => drop(reader.unsigned()),
                1 => drop(reader.short_str()),
                2 => drop(reader.short_bytes()),
                _ => drop(reader.struct_header()),
            }
            prop_assert_eq!(whereabouts(&reader), whereabouts(&by_item));
            prop_assert_eq!(format!("{:?}", read[first]), format!("{item:?}"));
        }
    }
}
