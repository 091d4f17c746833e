//! Which configurations the search has been in.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// How much memory the visited states of all keys may take together, and do.
#[derive(Debug)]
pub(super) struct Memory {
    bytes_max: usize,
    bytes: usize,
    peak_bytes: usize,
    full: bool,
}

impl Memory {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: 0, peak_bytes: 0, full: false }
    }

    /// Whether something had to be forgotten.
    pub(super) fn full(&self) -> bool {
        self.full
    }

    pub(super) fn peak_bytes(&self) -> usize {
        self.peak_bytes
    }

    fn take(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.bytes_max - self.bytes;
        if fits {
            self.bytes += bytes;
            self.peak_bytes = self.peak_bytes.max(self.bytes);
        } else {
            self.full = true;
        }
        fits
    }
}

/// The configurations of one key that the search has been in, each as a fingerprint of 128 bits.
///
/// Two of them having the same fingerprint, with a probability of 2^-70 after a billion, could
/// only hide an order: it could never let a wrong history pass.
#[derive(Debug, Default)]
pub(super) struct Visited {
    fingerprints: HashSet<u128, BuildHasherDefault<LowHalf>>,
    bytes: usize,
}

impl Visited {
    /// Notes a configuration. Returns whether it is new, or could not be remembered.
    pub(super) fn is_new(&mut self, fingerprint: u128, memory: &mut Memory) -> bool {
        let held = self.fingerprints.len();
        if held < self.fingerprints.capacity() {
            return self.fingerprints.insert(fingerprint);
        }
        if self.fingerprints.contains(&fingerprint) {
            return false;
        }
        // The table doubles; old and new are there together while it is copied.
        let before = self.bytes;
        let after = table_bytes((held + 1).max(32));
        if memory.take(after) {
            self.fingerprints.insert(fingerprint);
            self.bytes = after;
            memory.bytes -= before;
        }
        true
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self, memory: &mut Memory) {
        self.fingerprints = HashSet::default();
        memory.bytes -= self.bytes;
        self.bytes = 0;
    }
}

/// What the standard library's table takes for so many fingerprints: a power of two of places, of
/// which seven eighths are used, and a control byte for each.
fn table_bytes(held: usize) -> usize {
    (held * 8 / 7 + 1).next_power_of_two() * (size_of::<u128>() + 1)
}

/// A fingerprint is random already.
#[derive(Default)]
struct LowHalf(u64);

impl Hasher for LowHalf {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The fingerprint of a set of operations is that of each, combined with exclusive or, so that
/// adding and removing one are the same quick step.
pub(super) fn of_operation(number: usize) -> u128 {
    let low = mixed((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x51ed_270b_3c5f_a6d1);
    let high = mixed(low ^ 0xd6e8_feb8_6659_fd93);
    u128::from(high) << 64 | u128::from(low)
}

/// The fingerprint of a state. The same in every run, on every machine of one word size.
pub(super) fn of_state(state: &impl Hash) -> u128 {
    let mut lanes = Lanes { low: 0x243f_6a88_85a3_08d3, high: 0x1319_8a2e_0370_7344 };
    state.hash(&mut lanes);
    u128::from(mixed(lanes.high)) << 64 | u128::from(mixed(lanes.low))
}

/// Two 64-bit hashes side by side.
struct Lanes {
    low: u64,
    high: u64,
}

impl Hasher for Lanes {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.low = mixed(self.low ^ word);
        self.high = mixed(self.high.rotate_left(23) ^ word.wrapping_mul(0xa076_1d64_78bd_642f));
    }

    fn finish(&self) -> u64 {
        self.low
    }
}

/// Spreads every bit of a word over the whole of it; no two words give the same.
fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let word = (word ^ (word >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    word ^ (word >> 32)
}
