//! Time, on whichever clock the run has.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::OnceLock;

use labrt_host::dispatch;

pub use std::time::Duration;

/// A moment. As `std::time::Instant`; under the virtual clock it moves when all threads wait.
///
/// ```
/// use labrt::time::{Duration, Instant};
/// let deadline = Instant::now() + Duration::from_millis(300);
/// assert!(Instant::now() < deadline);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Since the start of the run in virtual time, since the first use in the process otherwise.
    nanos: u64,
}

static WALL_ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();

fn wall_origin() -> std::time::Instant {
    *WALL_ORIGIN.get_or_init(std::time::Instant::now)
}

impl Instant {
    /// This moment.
    pub fn now() -> Self {
        match dispatch::engine() {
            Some(engine) => Self { nanos: engine.now_nanos() },
            None => Self { nanos: nanos_of(wall_origin().elapsed()) },
        }
    }

    /// Time since this moment; zero if it is still to come.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// Time from `earlier` to this moment; zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }

    /// As [`Instant::duration_since`].
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }

    /// Time from `earlier` to this moment; `None` if `earlier` is later.
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.nanos.checked_sub(earlier.nanos).map(Duration::from_nanos)
    }

    /// The moment `duration` after this one; `None` if it is too far to be told.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        Some(Self { nanos: self.nanos.checked_add(nanos)? })
    }

    /// The moment `duration` before this one; `None` if it is too far to be told.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        Some(Self { nanos: self.nanos.checked_sub(nanos)? })
    }

    pub(crate) fn nanos(self) -> u64 {
        self.nanos
    }

    pub(crate) fn on_the_wall(self) -> std::time::Instant {
        wall_origin() + Duration::from_nanos(self.nanos)
    }
}

fn nanos_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("overflow when adding a duration to an instant")
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect("overflow when subtracting a duration from an instant")
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({:?})", Duration::from_nanos(self.nanos))
    }
}
