//! Random numbers that a run's seed decides.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::dispatch::{Current, current};

/// An independent stream of random numbers: the same seed and label give the same numbers, and
/// what one stream draws does not move another.
///
/// Outside a run the seed counts as zero.
pub fn stream(label: &str) -> ChaCha8Rng {
    let seed = match current() {
        Current::Outside => 0,
        Current::Real(thread) => thread.run().seed(),
        Current::Virtual(engine) => engine.with(|s| s.config.seed),
    };
    seeded(seed, label)
}

pub(crate) fn seeded(seed: u64, label: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // FNV-1a: labels are few and short, and the stream number only has to tell them apart.
    let label_hash = label.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    rng.set_stream(label_hash);
    rng
}
