//! Maps by term, which are asked at every message.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Term;

/// A map by term.
pub(super) type ByTerm<T> = HashMap<Term, T, BuildHasherDefault<TermHasher>>;

/// Terms are small and count up: one multiplication spreads them.
#[derive(Default)]
pub(super) struct TermHasher(u64);

impl Hasher for TermHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, term: u64) {
        self.0 = (self.0.rotate_left(5) ^ term).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
