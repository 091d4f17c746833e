//! Durations (part 3A). Rules K2, K7.

use labrt::time::Duration;

/// How often a handler that waits looks whether this server still leads (K2). An operation is
/// usually over before the first time.
pub(crate) const LEADERSHIP_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// How long a handler waits for its operation to be applied. A leader that is cut off from the
/// others does not know it; after this time, which is about as long as the others need to elect
/// one, its clients had better ask elsewhere (K2).
pub(crate) const ANSWER_PATIENCE: Duration = Duration::from_millis(500);

/// How long a clerk waits when no server was any use (K7).
pub(crate) const ROUND_PAUSE: Duration = Duration::from_millis(50);
