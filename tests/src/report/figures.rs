//! The closing line of a test.

use std::fmt;
use std::time::Duration;

/// What a test took. Prints as the line that the classic battery closes a test with: seconds,
/// servers, RPCs, bytes, commands; of a key/value service seconds, servers, RPCs, operations.
///
/// ```
/// let mut figures = lab_tests::Figures {
///     elapsed: std::time::Duration::from_millis(3540),
///     servers: 3,
///     calls: 124,
///     bytes: 45460,
///     commands: 0,
///     operations: None,
/// };
/// assert_eq!(figures.to_string(), "  ... Passed --   3.5  3  124   45460    0");
/// figures.operations = Some(61);
/// assert_eq!(figures.to_string(), "  ... Passed --   3.5  3   124   61");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// From the moment when all servers had started, on the run's clock.
    pub elapsed: Duration,
    /// How many servers there were.
    pub servers: usize,
    /// Calls that were made, whatever became of them.
    pub calls: u64,
    /// Bytes of their arguments, and of the replies that arrived.
    pub bytes: u64,
    /// By how much the highest index rose that any server applied.
    pub commands: u64,
    /// Operations of clients that were over in time; `None` if there is no key/value service.
    pub operations: Option<u64>,
}

impl Figures {
    /// What the line begins with.
    pub(crate) const PREFIX: &'static str = "  ... Passed --";
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { elapsed, servers, calls, bytes, commands, operations } = self;
        let (prefix, seconds) = (Self::PREFIX, elapsed.as_secs_f64());
        match operations {
            None => {
                write!(f, "{prefix}  {seconds:4.1}  {servers} {calls:4} {bytes:7} {commands:4}")
            }
            Some(operations) => {
                write!(f, "{prefix}  {seconds:4.1}  {servers} {calls:5} {operations:4}")
            }
        }
    }
}
