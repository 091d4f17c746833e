//! Seeds that nobody knows before the grading, and everybody can check after it.
//!
//! A run's seed is drawn from the instructor's secret, the submission, the test, the clock and
//! the number of the run, by a keyed hash. So each submission meets schedules of its own, a
//! student can not prepare for them, and grading again gives the same runs.

use hmac::{Hmac, KeyInit, Mac};
use lab_record::Clock;
use sha2::{Digest, Sha256};

/// Where seeds come from.
#[derive(Clone, Debug)]
pub(crate) enum Seeds {
    /// Known to everybody: run 0 has the seed 1.
    Counted,
    /// Known to who knows the secret.
    Secret(Vec<u8>),
}

/// Seeds have so many bits at most, so that a program that reads JSON numbers as floating point
/// numbers reads them right.
const BITS: u32 = 48;

impl Seeds {
    /// The seed of one run of a submission.
    pub(crate) fn seed(&self, submission: &str, test: &str, clock: Clock, number: u64) -> u64 {
        let secret = match self {
            Seeds::Counted => return number + 1,
            Seeds::Secret(secret) => secret,
        };
        let mut hash = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
        for part in [submission, test, clock.name()] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(&number.to_be_bytes());
        let bytes = hash.finalize().into_bytes();
        let (first, _) = bytes.split_first_chunk().expect("a hash is longer than that");
        u64::from_be_bytes(*first) >> (u64::BITS - BITS)
    }

    /// What can be told of the source without telling it: the same for the same secret.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Seeds::Counted => "counted".to_owned(),
            Seeds::Secret(secret) => digest([("secret", secret.as_slice())].into_iter()),
        }
    }
}

/// One digest of named pieces, as hexadecimal digits.
pub(crate) fn digest<'a>(pieces: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in pieces {
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_secret_gives_the_same_seeds_again_and_others_to_others() {
        let seeds = Seeds::Secret(b"abc".to_vec());
        let seed = |submission, test, clock, number| seeds.seed(submission, test, clock, number);
        let all: BTreeSet<u64> = [
            seed("ann", "2A::x", Clock::Virtual, 0),
            seed("bob", "2A::x", Clock::Virtual, 0),
            seed("ann", "2A::y", Clock::Virtual, 0),
            seed("ann", "2A::x", Clock::Real, 0),
            seed("ann", "2A::x", Clock::Virtual, 1),
            Seeds::Secret(b"abd".to_vec()).seed("ann", "2A::x", Clock::Virtual, 0),
        ]
        .into();
        assert_eq!(all.len(), 6, "every part of the name counts: {all:?}");
        assert!(all.iter().all(|seed| *seed < 1 << BITS), "no more than {BITS} bits: {all:?}");
        assert_eq!(seed("ann", "2A::x", Clock::Virtual, 0), 0xaade_3d68_fb5f, "for ever the same");
    }

    #[test]
    fn without_a_secret_seeds_are_counted() {
        assert_eq!(Seeds::Counted.seed("ann", "2A::x", Clock::Virtual, 4), 5);
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let digest = |pieces: &[(&str, &[u8])]| digest(pieces.iter().copied());
        assert_ne!(digest(&[("ab", b"c")]), digest(&[("a", b"bc")]));
    }
}
