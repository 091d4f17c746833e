//! Sets of seeds: what was run, in little memory, and joined without counting anything twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A set of seeds, 64 to a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeedSet {
    words: BTreeMap<u64, u64>,
    count: u64,
}

/// Seeds from `first` to `last`, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span(pub(crate) u64, pub(crate) u64, pub(crate) u64);

/// More seeds than any machine runs: what claims to hold more is damaged.
const SPAN_MAX: u64 = 1 << 32;

impl SeedSet {
    /// Adds a seed; whether it is new.
    pub(crate) fn insert(&mut self, seed: u64) -> bool {
        let word = self.words.entry(seed >> 6).or_default();
        let bit = 1 << (seed & 63);
        let is_new = *word & bit == 0;
        *word |= bit;
        self.count += u64::from(is_new);
        is_new
    }

    pub(crate) fn contains(&self, seed: u64) -> bool {
        self.words.get(&(seed >> 6)).is_some_and(|word| word & (1 << (seed & 63)) != 0)
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// In rising order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.words.iter().flat_map(|(high, word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| (high << 6) | bit)
        })
    }

    /// Adds all seeds of the other.
    pub(crate) fn join(&mut self, other: &SeedSet) {
        for (high, theirs) in &other.words {
            let mine = self.words.entry(*high).or_default();
            self.count += u64::from((theirs & !*mine).count_ones());
            *mine |= theirs;
        }
    }

    /// What is in both.
    pub(crate) fn common(&self, other: &SeedSet) -> SeedSet {
        let mut common = SeedSet::default();
        for (high, mine) in &self.words {
            let both = mine & other.words.get(high).copied().unwrap_or_default();
            if both != 0 {
                common.count += u64::from(both.count_ones());
                common.words.insert(*high, both);
            }
        }
        common
    }

    /// As few spans as a walk through the seeds finds.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for seed in self.iter() {
            match spans.last_mut() {
                Some(span) if span.0 == span.1 => (span.1, span.2) = (seed, seed - span.0),
                Some(span) if span.1.checked_add(span.2) == Some(seed) => span.1 = seed,
                _ => spans.push(Span(seed, seed, 1)),
            }
        }
        spans
    }

    /// Adds the seeds of a span; refused if it makes no sense.
    pub(crate) fn insert_span(&mut self, Span(first, last, step): Span) -> Result<(), String> {
        let is_one = step != 0 && first <= last && (last - first) / step < SPAN_MAX;
        if !is_one {
            return Err(format!("there are no seeds from {first} to {last}, {step} apart"));
        }
        let mut seed = first;
        loop {
            self.insert(seed);
            match seed.checked_add(step) {
                Some(next) if next <= last => seed = next,
                _ => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(seeds: impl IntoIterator<Item = u64>) -> SeedSet {
        let mut set = SeedSet::default();
        for seed in seeds {
            set.insert(seed);
        }
        set
    }

    #[test]
    fn a_seed_counts_once() {
        let mut seeds = SeedSet::default();
        assert!(seeds.insert(64), "it is new");
        assert!(!seeds.insert(64), "it is not");
        assert_eq!((seeds.count(), seeds.contains(64), seeds.contains(63)), (1, true, false));
    }

    #[test]
    fn spans_hold_what_the_set_holds() {
        let sets = [
            set([]),
            set([7]),
            set([u64::MAX, 0, 3]),
            set(1..=1000),
            set((0..500).map(|number| 5 + 8 * number)),
            set([1, 2, 3, 10, 20, 30, 31, 64, 127, 128]),
        ];
        for seeds in sets {
            let mut read = SeedSet::default();
            for span in seeds.spans() {
                read.insert_span(span).expect("a span that was written");
            }
            assert_eq!(read, seeds, "{:?}", seeds.spans());
        }
        assert_eq!(set((0..500).map(|number| 5 + 8 * number)).spans(), [Span(5, 3997, 8)]);
    }

    #[test]
    fn a_span_that_makes_no_sense_is_refused() {
        for span in [Span(2, 1, 1), Span(1, 2, 0), Span(0, u64::MAX, 1)] {
            assert!(SeedSet::default().insert_span(span).is_err(), "{span:?}");
        }
    }

    #[test]
    fn sets_are_joined_and_cut() {
        let (odd, few) = (set((0..200).filter(|seed| seed % 2 == 1)), set([1, 2, 3, 400]));
        let mut all = odd.clone();
        all.join(&few);
        assert_eq!((all.count(), all.contains(2), all.contains(400)), (102, true, true));
        let again = all.clone();
        all.join(&few);
        assert_eq!(all, again, "a second time changes nothing");
        assert_eq!(odd.common(&few), set([1, 3]));
    }
}
