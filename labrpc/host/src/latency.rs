//! How long a message is on its way.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// A delay drawn uniformly from a range, to the nanosecond, both ends included.
///
/// ```
/// use labrpc_host::Delay;
/// use std::time::Duration;
/// let delay = Delay::uniform(Duration::from_micros(50), Duration::from_millis(2));
/// assert_eq!(delay.max(), Duration::from_millis(2));
/// assert_eq!(Delay::default(), Delay::NONE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    min: Duration,
    max: Duration,
}

impl Delay {
    /// No delay at all, and no timer.
    pub const NONE: Self = Self { min: Duration::ZERO, max: Duration::ZERO };

    /// Anything between the two, in whatever order they are given.
    pub fn uniform(one: Duration, other: Duration) -> Self {
        Self { min: one.min(other), max: one.max(other) }
    }

    /// Always the same.
    pub fn fixed(delay: Duration) -> Self {
        Self { min: delay, max: delay }
    }

    /// The shortest delay.
    pub fn min(self) -> Duration {
        self.min
    }

    /// The longest delay.
    pub fn max(self) -> Duration {
        self.max
    }

    /// Draws one; takes nothing from the stream if there is nothing to choose.
    pub(crate) fn sample(self, random: &mut ChaCha8Rng) -> Duration {
        let width = u64::try_from((self.max - self.min).as_nanos()).unwrap_or(u64::MAX);
        match width {
            0 => self.min,
            _ => self.min + Duration::from_nanos(random.random_range(0..=width)),
        }
    }
}
