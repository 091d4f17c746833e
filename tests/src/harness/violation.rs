//! A rule that broke, and the facts that show it.

use std::fmt;
use std::time::Duration;

use super::broken::Broken;

/// A rule that broke, and the two facts that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What broke.
    pub broken: Broken,
    /// What had to be.
    pub expected: String,
    /// What was.
    pub seen: String,
    /// How long the submission had for what did not happen. `None` if it is not a matter of one
    /// limit.
    pub limit: Option<Duration>,
}

impl Violation {
    pub(crate) fn new(
        broken: Broken,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self { broken, expected: expected.into(), seen: seen.into(), limit: None }
    }

    /// The same, found when `limit` was over: a machine that takes little of that is no excuse.
    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.expected, self.seen)
    }
}

/// A duration as messages show it.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// A command as messages show it.
pub(crate) fn shown(command: &[u8]) -> String {
    const MOST: usize = 24;
    let text = String::from_utf8_lossy(&command[..command.len().min(MOST)]);
    match command.len() {
        0..=MOST => format!("`{text}`"),
        bytes => format!("`{text}...` ({bytes} bytes)"),
    }
}

/// "servers 0, 1 and 2"; "no server".
pub(crate) fn servers(numbers: &[usize]) -> String {
    match numbers {
        [] => "no server".to_owned(),
        [one] => format!("server {one}"),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(ToString::to_string).collect();
            format!("servers {} and {last}", most.join(", "))
        }
    }
}
