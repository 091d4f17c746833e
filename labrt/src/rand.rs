//! Random numbers that the run's seed decides: a failing run's replay draws them again.

use std::convert::Infallible;

use labrt_host::dispatch::{self, Current};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng, TryRng};

pub use rand::distr::uniform::{SampleRange, SampleUniform};
pub use rand::distr::{Distribution, StandardUniform};
pub use rand::seq::{IndexedRandom, SliceRandom};
pub use rand::{Rng, RngExt as RngMethods};

/// The run's generator, for whatever takes a generator.
///
/// ```
/// use labrt::rand::{self, SliceRandom};
/// let mut order = [0, 1, 2, 3, 4];
/// order.shuffle(&mut rand::rng());
/// ```
pub fn rng() -> LabRng {
    LabRng { _private: () }
}

/// A random value of a simple type: an integer, a float in `0..1`, a bool.
pub fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    rng().random()
}

/// A random value of a range.
///
/// # Panics
/// If the range is empty.
///
/// ```
/// let timeout_millis = labrt::rand::random_range(300..600);
/// assert!((300..600).contains(&timeout_millis));
/// ```
pub fn random_range<T: SampleUniform>(range: impl SampleRange<T>) -> T {
    rng().random_range(range)
}

/// See [`rng`]. Under the virtual clock all lab threads draw from one stream; under the real clock
/// each has its own, decided by the seed and the order of spawning.
#[derive(Clone, Copy, Debug)]
pub struct LabRng {
    _private: (),
}

fn draw<R>(f: impl FnOnce(&mut ChaCha8Rng) -> R) -> R {
    match dispatch::current() {
        Current::Real(thread) => thread.with_rng(f),
        Current::Virtual(engine) => engine.with_rng(f),
        // In no run there is no seed to keep to.
        Current::Outside => f(&mut ChaCha8Rng::seed_from_u64(foreign_seed())),
    }
}

fn foreign_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

impl TryRng for LabRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(draw(|rng| rng.next_u32()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(draw(|rng| rng.next_u64()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        draw(|rng| rng.fill_bytes(bytes));
        Ok(())
    }
}
