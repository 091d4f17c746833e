//! The log: entries, and the index below which a snapshot stands for them (parts 2B, 2D).
//!
//! Rules N1 (what a snapshot covers is dropped, what follows stays) and N7 (at the edge, the
//! snapshot's index and term stand in for the missing entry).

use serde::{Deserialize, Serialize};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that made it.
    pub term: u64,
    /// What the service gave to `start`.
    pub command: Vec<u8>,
}

/// What tells an entry from all others: its place, and the term in which it was made there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryId {
    /// Its place in the log. The first is 1.
    pub index: u64,
    /// The term of the leader that made it.
    pub term: u64,
}

/// The entries after `base`. Up to and including it, a snapshot stands for them.
///
/// The log of a fresh server begins after index 0, whose term is 0 on every server: nobody ever
/// has to ask whether there is an entry before the first.
///
/// ```text
///   base.index              last_index
///       |  base.index + 1 ...  |
///   ====+----+----+----+----+--+
///  snapshot    entries
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    base: EntryId,
    entries: Vec<Entry>,
}

impl Log {
    /// A log of the entries that follow `base`.
    pub(crate) fn new(base: EntryId, entries: Vec<Entry>) -> Self {
        Self { base, entries }
    }

    /// The last entry that the snapshot covers; index 0 if there is no snapshot.
    pub(crate) fn base(&self) -> EntryId {
        self.base
    }

    /// The entries after the base, in order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The last entry, or the base if no entry follows it (N7).
    pub(crate) fn last(&self) -> EntryId {
        let term = self.entries.last().map_or(self.base.term, |entry| entry.term);
        EntryId { index: self.last_index(), term }
    }

    /// The index of the last entry, or of the base if no entry follows it.
    pub(crate) fn last_index(&self) -> u64 {
        self.base.index + self.entries.len() as u64
    }

    /// The term of the entry at `index`, which must be the base's (N7) or lie after it.
    pub(crate) fn term_at(&self, index: u64) -> u64 {
        if index == self.base.index { self.base.term } else { self.entry(index).term }
    }

    /// The entry at `index`, which must lie after the base.
    pub(crate) fn entry(&self, index: u64) -> &Entry {
        &self.entries[self.offset(index)]
    }

    /// At most `count_max` entries, beginning with the one at `index`.
    pub(crate) fn slice(&self, index: u64, count_max: u64) -> Vec<Entry> {
        let begin = self.offset(index);
        let end = self.entries.len().min(begin + count_max as usize);
        self.entries[begin..end].to_vec()
    }

    /// The index of the first entry that is here and of the same term as the one at `index` (B2).
    pub(crate) fn first_index_of_term_at(&self, index: u64) -> u64 {
        let term = self.term_at(index);
        let before = &self.entries[..self.offset(index)];
        let others = before.iter().rposition(|entry| entry.term != term).map_or(0, |at| at + 1);
        self.base.index + 1 + others as u64
    }

    /// The index of the last entry of `term` that is here (B3).
    pub(crate) fn last_index_of_term(&self, term: u64) -> Option<u64> {
        // Terms rise along the log.
        let end = self.entries.partition_point(|entry| entry.term <= term);
        let last = self.entries[..end].last()?;
        (last.term == term).then_some(self.base.index + end as u64)
    }

    /// Adds an entry at the end, and gives its index.
    pub(crate) fn append(&mut self, entry: Entry) -> u64 {
        self.entries.push(entry);
        self.last_index()
    }

    /// Drops the entry at `index` and all that follow.
    pub(crate) fn truncate_from(&mut self, index: u64) {
        let offset = self.offset(index);
        self.entries.truncate(offset);
    }

    /// Drops everything up to and including `base`, for which a snapshot stands now. What follows
    /// stays if it does follow: if the log has that very entry. Otherwise all of it belongs to
    /// another history. Paper §7. Rules N1, N5.
    pub(crate) fn compact_to(&mut self, base: EntryId) {
        assert!(self.base.index < base.index, "N9: the log is compacted to {base:?} already");
        if base.index <= self.last_index() && self.term_at(base.index) == base.term {
            self.entries.drain(..=self.offset(base.index));
        } else {
            self.entries.clear();
        }
        self.base = base;
    }

    /// Where the entry at `index` stands among `entries`.
    fn offset(&self, index: u64) -> usize {
        assert!(
            self.base.index < index,
            "N7: no entry {index} in a log that begins after {}: a snapshot covers it",
            self.base.index
        );
        (index - self.base.index - 1) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log after `base`, with entries of these terms.
    fn log(base: EntryId, terms: &[u64]) -> Log {
        let entries = terms.iter().map(|&term| Entry { term, command: vec![] }).collect();
        Log::new(base, entries)
    }

    const BASE: EntryId = EntryId { index: 10, term: 3 };

    #[test]
    fn a_fresh_log_ends_at_index_0_of_term_0() {
        assert_eq!(Log::default().last(), EntryId { index: 0, term: 0 }, "nothing is before 1");
        assert_eq!(Log::default().term_at(0), 0, "the term before the first entry");
    }

    #[test]
    fn the_first_entry_has_index_1() {
        let mut log = Log::default();
        assert_eq!(log.append(Entry { term: 2, command: vec![7] }), 1, "indexes begin at 1");
        assert_eq!(log.entry(1).command, [7], "what was appended");
        assert_eq!(log.last(), EntryId { index: 1, term: 2 }, "the new end");
    }

    #[test]
    fn the_base_stands_in_for_the_entry_before_the_first() {
        assert_eq!(log(BASE, &[]).last(), BASE, "an empty log ends at its base");
        assert_eq!(log(BASE, &[4]).term_at(10), 3, "the base's term");
        assert_eq!(log(BASE, &[4]).term_at(11), 4, "the first entry's term");
    }

    #[test]
    fn a_slice_ends_at_the_end_or_at_its_limit() {
        let log = log(BASE, &[4, 5, 6]);
        let terms = |index, count| {
            log.slice(index, count).iter().map(|entry| entry.term).collect::<Vec<_>>()
        };
        assert_eq!(terms(11, 2), [4, 5], "as many as were asked for");
        assert_eq!(terms(12, 9), [5, 6], "no more than there are");
        assert_eq!(terms(14, 9), [0; 0], "none after the end");
    }

    #[test]
    fn the_first_index_of_a_term_is_found_down_to_the_base() {
        let log = log(BASE, &[3, 3, 4, 4, 5]);
        assert_eq!(log.first_index_of_term_at(12), 11, "the base itself is not here any more");
        assert_eq!(log.first_index_of_term_at(14), 13, "the first of term 4");
        assert_eq!(log.first_index_of_term_at(15), 15, "the only one of term 5");
    }

    #[test]
    fn the_last_index_of_a_term_is_found_if_the_term_is_here() {
        let log = log(BASE, &[4, 4, 6]);
        assert_eq!(log.last_index_of_term(4), Some(12), "the last of term 4");
        assert_eq!(log.last_index_of_term(6), Some(13), "the last of all");
        assert_eq!(log.last_index_of_term(5), None, "no entry is of term 5");
        assert_eq!(log.last_index_of_term(3), None, "only the base is of term 3");
        assert_eq!(log.last_index_of_term(7), None, "beyond the last term");
    }

    #[test]
    fn truncating_keeps_what_is_before() {
        let mut log = log(BASE, &[4, 5, 6]);
        log.truncate_from(12);
        assert_eq!(log.last(), EntryId { index: 11, term: 4 }, "12 and 13 are gone");
        log.truncate_from(11);
        assert_eq!(log.last(), BASE, "all are gone");
    }

    #[test]
    fn compacting_keeps_what_follows_the_snapshot() {
        let mut log = log(BASE, &[4, 5, 6]);
        log.compact_to(EntryId { index: 12, term: 5 });
        assert_eq!(log.base(), EntryId { index: 12, term: 5 }, "N1: the new base");
        assert_eq!(log.last(), EntryId { index: 13, term: 6 }, "N5: the suffix stays");
        log.compact_to(EntryId { index: 13, term: 6 });
        assert_eq!(log.entries(), [], "the last entry is covered, too");
    }

    #[test]
    fn compacting_drops_a_log_that_does_not_hold_the_snapshots_last_entry() {
        for elsewhere in [EntryId { index: 12, term: 6 }, EntryId { index: 20, term: 9 }] {
            let mut log = log(BASE, &[4, 5, 6]);
            log.compact_to(elsewhere);
            assert_eq!((log.base(), log.last()), (elsewhere, elsewhere), "another history");
        }
    }
}
