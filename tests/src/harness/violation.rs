//! What a test can find broken: typed, with the rules that it points to.

use std::fmt;
use std::time::Duration;

/// A rule that broke, and the two facts that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What broke.
    pub broken: Broken,
    /// What had to be.
    pub expected: String,
    /// What was.
    pub seen: String,
}

impl Violation {
    pub(crate) fn new(
        broken: Broken,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self { broken, expected: expected.into(), seen: seen.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.expected, self.seen)
    }
}

/// The ways in which a run of the battery contradicts the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Broken {
    /// Two servers claim to lead in one term.
    TwoLeaders,
    /// No connected server claims to lead.
    NoLeader,
    /// A server claims to lead that no majority can have elected.
    LeaderOfMinority,
    /// A leader was seen, and the servers are still in term 0.
    NoTerm,
    /// Connected servers stay in different terms.
    TermsDisagree,
    /// Leaders kept changing in an undisturbed cluster.
    TermChangesTooOften,
    /// `start` was refused by the leader.
    LeaderRefused,
    /// An entry stands at another index than it must.
    WrongIndex,
    /// A command was accepted by nobody.
    NobodyAccepts,
    /// A command was accepted, and no server ever applied it.
    NeverCommitted,
    /// A command was applied by too few servers.
    NotAppliedByAll,
    /// Something was applied that no majority can have stored.
    CommittedByMinority,
    /// Servers applied different commands at one index.
    DifferentCommands,
    /// A server applied an entry out of order.
    OutOfOrder,
    /// A snapshot that was delivered is not what the service made.
    WrongSnapshot,
    /// A snapshot took the service back to an earlier index.
    StaleSnapshot,
    /// A command that was committed is gone.
    CommandLost,
    /// More RPCs than elections and heartbeats need.
    TooManyIdleRpcs,
    /// More RPCs than the agreements need.
    TooManyRpcs,
    /// An election without an RPC.
    TooFewRpcs,
    /// More bytes than the commands need.
    TooManyBytes,
    /// The saved Raft state grew in spite of snapshots.
    LogTooLarge,
    /// The whole test took too long.
    TestTooLong,
    /// A key holds another value than its only writer has given it.
    WrongValue,
    /// An append that was acknowledged has left no trace.
    AppendLost,
    /// An append has left two traces.
    AppliedTwice,
    /// Two appends of one client stand in the wrong order.
    AppendsReordered,
    /// An operation was done by servers that are no majority.
    MinorityServes,
    /// An operation did not end, though a majority is connected.
    OperationHangs,
    /// Operations take too long.
    OperationsTooSlow,
    /// The saved Raft state of a key/value server grew in spite of the size at which snapshots are
    /// due.
    LogNotTrimmed,
    /// A snapshot was made though none is due.
    UnwantedSnapshot,
    /// A snapshot holds more than it must.
    SnapshotTooLarge,
    /// No order of the operations explains what the clients were told.
    NotLinearizable,
    /// Whether there is such an order was not found out. Neither a pass nor a failure.
    NotDecided,
}

impl Broken {
    /// The rules it points to: first the one that says what broke, then the others whose breach
    /// can look the same from outside.
    pub fn rules(self) -> &'static [&'static str] {
        match self {
            Self::TwoLeaders => &["E5", "E7", "L5", "P1"],
            Self::NoLeader => &["E2", "E1", "E3", "E4", "E9", "S1", "S3"],
            Self::LeaderOfMinority => &["E7"],
            Self::NoTerm => &["E2"],
            Self::TermsDisagree => &["E3", "E9", "E10"],
            Self::TermChangesTooOften => &["E1", "E4", "E9", "E11"],
            Self::LeaderRefused => &["C7", "E9"],
            Self::WrongIndex => &["C7", "C3"],
            Self::NobodyAccepts => &["E2", "E9", "C7", "E6"],
            Self::NeverCommitted => &["R3", "A3", "B3", "C2", "C4", "C6"],
            Self::NotAppliedByAll => &["C4", "R3", "B3", "A5", "N6"],
            Self::CommittedByMinority => &["C2", "E7", "C3"],
            Self::DifferentCommands => &["C2", "C1", "A2", "A4", "A5", "E6", "E7", "P1"],
            Self::OutOfOrder => &["C3", "N3", "N8", "S2"],
            Self::WrongSnapshot => &["N1", "N2"],
            Self::StaleSnapshot => &["N4", "N8"],
            Self::CommandLost => &["P1", "C1", "E6", "A2"],
            Self::TooManyIdleRpcs => &["E9", "R3"],
            Self::TooManyRpcs => &["R3", "E9"],
            Self::TooFewRpcs => &["E7"],
            Self::TooManyBytes => &["B4", "R3"],
            Self::LogTooLarge => &["N10", "N1"],
            Self::TestTooLong => &["L4", "B3"],
            Self::WrongValue => &["K1", "K3", "K2", "K5", "K8", "K9"],
            Self::AppendLost => &["K9", "K2", "K4", "K8"],
            Self::AppliedTwice => &["K3", "K7"],
            Self::AppendsReordered => &["K3", "K9", "K4"],
            Self::MinorityServes => &["K1", "K9", "C2"],
            Self::OperationHangs => &["K2", "K7", "C4", "R3"],
            Self::OperationsTooSlow => &["K10", "K7"],
            Self::LogNotTrimmed => &["K8", "N10", "N1"],
            Self::UnwantedSnapshot => &["K8"],
            Self::SnapshotTooLarge => &["K6", "K8"],
            Self::NotLinearizable => &["K1", "K3", "K2", "K4", "K5", "K8", "K9"],
            Self::NotDecided => &["K1"],
        }
    }

    /// Whether no schedule and no late machine can excuse it: a matter of what was done, not of
    /// when.
    pub fn is_safety(self) -> bool {
        match self {
            Self::TwoLeaders
            | Self::LeaderOfMinority
            | Self::WrongIndex
            | Self::CommittedByMinority
            | Self::DifferentCommands
            | Self::OutOfOrder
            | Self::WrongSnapshot
            | Self::StaleSnapshot
            | Self::CommandLost
            | Self::WrongValue
            | Self::AppendLost
            | Self::AppliedTwice
            | Self::AppendsReordered
            | Self::MinorityServes
            | Self::UnwantedSnapshot
            | Self::SnapshotTooLarge
            | Self::NotLinearizable => true,
            Self::NoLeader
            | Self::NoTerm
            | Self::TermsDisagree
            | Self::TermChangesTooOften
            | Self::LeaderRefused
            | Self::NobodyAccepts
            | Self::NeverCommitted
            | Self::NotAppliedByAll
            | Self::TooManyIdleRpcs
            | Self::TooManyRpcs
            | Self::TooFewRpcs
            | Self::TooManyBytes
            | Self::LogTooLarge
            | Self::TestTooLong
            | Self::OperationHangs
            | Self::OperationsTooSlow
            | Self::LogNotTrimmed
            | Self::NotDecided => false,
        }
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
