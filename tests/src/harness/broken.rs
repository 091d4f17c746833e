//! What a test can find broken: typed, with the rules that it points to.

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
    /// A command was not committed before its leader was replaced, though a majority was connected.
    LeaderReplaced,
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
    /// A server gave two votes in one term.
    TwoVotes,
    /// A server gave a vote, crashed, and gave another in the same term.
    VoteForgotten,
    /// A server voted in a term that it had left.
    VoteInOldTerm,
    /// A server voted for a candidate whose log ends before its own.
    VoteForStaleLog,
    /// The same, of a server that held its entries before it crashed.
    VoteAfterCrash,
    /// A vote left before it was saved.
    UnsavedVote,
    /// A server leads without the votes of a majority in that term.
    LeaderWithoutVotes,
    /// A server leads the term in which it crashed as its leader.
    LeadsAfterRestart,
    /// A server showed a lower term than before.
    TermFell,
    /// A restarted server showed a lower term than before it crashed.
    TermForgotten,
    /// A server answered a leader with a lower term than the leader's.
    TermNotAdopted,
    /// A term was shown to others before it was saved.
    UnsavedTerm,
    /// Two different entries have the same index and term.
    EntriesDiffer,
    /// A leader changed its own log.
    LeaderRewroteLog,
    /// A server acknowledged what follows an entry that it cannot have.
    UnfoundedSuccess,
    /// A server accepted the entries of a leader whose term was over.
    StaleLeaderAccepted,
    /// Entries that a server had acknowledged are gone.
    EntriesLost,
    /// Entries that a server had acknowledged before it crashed are gone.
    EntriesForgotten,
    /// A restarted server's log is as long as before, and its last entry is of a lower term.
    EntryTermLost,
    /// Entries were acknowledged before they were saved.
    UnsavedEntries,
    /// A leader counts an entry as committed that no majority holds.
    CommitWithoutMajority,
    /// A leader counts an entry of an older term as committed.
    CommitOfOldTerm,
    /// Two different entries were committed at one index.
    CommittedOverwritten,
    /// A leader lacks an entry that was committed before its term.
    CommittedMissing,
    /// A server applied what it cannot know to be committed.
    AppliedUncommitted,
    /// A server applied further than the leader's messages vouched for.
    AppliedUnverified,
    /// A server applied what it was never given.
    AppliedFromNowhere,
    /// A command stands elsewhere than `start` said.
    StartMisplaced,
    /// A server saved its state without the snapshot it had.
    SnapshotLost,
    /// A server saved an older snapshot over a newer one.
    SnapshotWentBack,
    /// A snapshot, or what it covers, was sent with another term than its last entry has.
    SnapshotTerm,
    /// A snapshot was sent that is not the one of its index.
    SnapshotContent,
    /// A message lacks the field names of Figure 2.
    UnreadableMessage,
    /// A vote was refused to a candidate who must have it.
    VoteWithheld,
    /// A request with a lower term was not refused.
    StaleTermAccepted,
    /// A request that was refused for its term had an effect.
    StaleLeaderObeyed,
    /// A reply bears a lower term than its server is in.
    TermHidden,
    /// A server stayed in its term though it was shown a higher one.
    HigherTermIgnored,
    /// What was known to be committed was not applied.
    NotAppliedInSilence,
    /// A server that hears nothing of a leader does not stand for election.
    ElectionTimerRestarted,
    /// A server waits equally long each time.
    TimeoutsNotRandom,
    /// A server stood for election though it heard from a leader.
    LeaderNotFollowed,
    /// A call that must return at once does not.
    CallWaits,
    /// One peer that does not answer holds up the others.
    PeerDelaysOthers,
    /// Threads of a server go on after `kill`.
    ThreadsLeft,
    /// A snapshot was sent to a peer that has it.
    SnapshotSentAgain,
    /// A server that refused a command put it into its log.
    FollowerAppended,
    /// More RPCs than elections and heartbeats need.
    TooManyIdleRpcs,
    /// More RPCs than the agreements need.
    TooManyRpcs,
    /// An election without an RPC.
    TooFewRpcs,
    /// More bytes than the commands need.
    TooManyBytes,
    /// A leader was refused far more often than it takes to find where two logs part.
    BackUpTooSlow,
    /// The saved Raft state grew in spite of snapshots.
    LogTooLarge,
    /// The whole test took too long.
    TestTooLong,
    /// A key holds another value than its only writer has given it.
    WrongValue,
    /// A read missed what its client had written before, and a later one found it.
    StaleRead,
    /// An append that was acknowledged has left no trace.
    AppendLost,
    /// The same, of a service that makes snapshots.
    AppendLostWithSnapshots,
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
    /// Clients that know the leader ask others first.
    LeaderNotRemembered,
    /// The saved Raft state of a key/value server grew in spite of the size at which snapshots are
    /// due.
    LogNotTrimmed,
    /// A snapshot was made though none is due.
    UnwantedSnapshot,
    /// A snapshot holds more than it must.
    SnapshotTooLarge,
    /// An operation was acknowledged because another one was applied at its index.
    AnsweredForAnother,
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
            Self::LeaderReplaced => &["E9", "S3", "S1", "R3", "E1", "L4"],
            Self::NotAppliedByAll => &["C4", "R3", "B3", "A5", "N6"],
            Self::CommittedByMinority => &["C2", "E7", "C3"],
            Self::DifferentCommands => &["C2", "C1", "A2", "A4", "A5", "E6", "E7", "P1"],
            Self::OutOfOrder => &["C3", "N3", "N8", "S2"],
            Self::WrongSnapshot => &["N1", "N2"],
            Self::StaleSnapshot => &["N4", "N8"],
            Self::CommandLost => &["P1", "C1", "E6", "A2"],
            Self::TwoVotes => &["E5", "E8", "L2", "L5"],
            Self::VoteForgotten => &["P1", "E5", "P3"],
            Self::VoteInOldTerm => &["E10", "E3"],
            Self::VoteForStaleLog => &["E6", "N7"],
            Self::VoteAfterCrash => &["P1", "E6", "P2", "P3", "N7"],
            Self::UnsavedVote => &["P1"],
            Self::LeaderWithoutVotes => &["E7", "L5", "E8"],
            Self::LeadsAfterRestart => &["P2"],
            Self::TermFell => &["E10", "E3", "L3"],
            Self::TermForgotten => &["P1", "P2", "P3"],
            Self::TermNotAdopted => &["E3", "E10"],
            Self::UnsavedTerm => &["P1"],
            Self::EntriesDiffer => &["A4", "A2", "A3", "P2", "C7"],
            Self::LeaderRewroteLog => &["A2", "L3", "A6", "C7"],
            Self::UnfoundedSuccess => &["A3", "A4", "A1"],
            Self::StaleLeaderAccepted => &["A6", "E10"],
            Self::EntriesLost => &["A2", "N5", "L5"],
            Self::EntriesForgotten => &["P1", "N2", "P2"],
            Self::EntryTermLost => &["P2", "P3", "P1"],
            Self::UnsavedEntries => &["P1", "A2"],
            Self::CommitWithoutMajority => &["C2", "C6", "C5", "R1"],
            Self::CommitOfOldTerm => &["C1"],
            Self::CommittedOverwritten => &["C1", "E6", "A2", "P1"],
            Self::CommittedMissing => &["E6", "C1", "P1", "A2", "N7"],
            Self::AppliedUncommitted => &["C2", "C3", "C1"],
            Self::AppliedUnverified => &["A5", "A6", "A1"],
            Self::AppliedFromNowhere => &["C3", "L1"],
            Self::StartMisplaced => &["C7", "L3"],
            Self::SnapshotLost => &["N2", "P1"],
            Self::SnapshotWentBack => &["N4", "N9", "N2"],
            Self::SnapshotTerm => &["N7", "N1"],
            Self::SnapshotContent => &["N1", "N2"],
            Self::UnreadableMessage => &["P3"],
            Self::VoteWithheld => &["E3", "E6"],
            Self::StaleTermAccepted => &["E10", "A6"],
            Self::StaleLeaderObeyed => &["A6", "E10"],
            Self::TermHidden => &["E10"],
            Self::HigherTermIgnored => &["E3", "R2"],
            Self::NotAppliedInSilence => &["C4", "S2", "N8"],
            Self::ElectionTimerRestarted => &["E1", "E2"],
            Self::TimeoutsNotRandom => &["E4"],
            Self::LeaderNotFollowed => &["E11", "E1"],
            Self::CallWaits => &["L4", "C7", "S3"],
            Self::PeerDelaysOthers => &["S3", "S1", "L4"],
            Self::ThreadsLeft => &["S5"],
            Self::SnapshotSentAgain => &["N6"],
            Self::FollowerAppended => &["C7"],
            Self::TooManyIdleRpcs => &["E9", "R3"],
            Self::TooManyRpcs => &["R3", "E9"],
            Self::TooFewRpcs => &["E7"],
            Self::TooManyBytes => &["B4", "R3"],
            Self::BackUpTooSlow => &["B3", "B2", "B1"],
            Self::LogTooLarge => &["N10", "N1"],
            Self::TestTooLong => &["L4", "B3"],
            Self::WrongValue => &["K1", "K3", "K2", "K5", "K8", "K9"],
            Self::StaleRead => &["K1", "K9"],
            Self::AppendLost => &["K9", "K2", "K4"],
            Self::AppendLostWithSnapshots => &["K8", "K9", "K2", "K4", "N2", "N3"],
            Self::AppliedTwice => &["K3", "K7"],
            Self::AppendsReordered => &["K3", "K9", "K4"],
            Self::MinorityServes => &["K1", "K9", "C2"],
            Self::OperationHangs => &["K2", "K7", "C4", "R3"],
            Self::OperationsTooSlow => &["K10", "K7"],
            Self::LeaderNotRemembered => &["K7"],
            Self::LogNotTrimmed => &["K8", "N10", "N1"],
            Self::UnwantedSnapshot => &["K8"],
            Self::SnapshotTooLarge => &["K6", "K8"],
            Self::AnsweredForAnother => &["K4", "K2", "K9"],
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
            | Self::TwoVotes
            | Self::VoteForgotten
            | Self::VoteInOldTerm
            | Self::VoteForStaleLog
            | Self::VoteAfterCrash
            | Self::UnsavedVote
            | Self::LeaderWithoutVotes
            | Self::LeadsAfterRestart
            | Self::TermFell
            | Self::TermForgotten
            | Self::TermNotAdopted
            | Self::UnsavedTerm
            | Self::EntriesDiffer
            | Self::LeaderRewroteLog
            | Self::UnfoundedSuccess
            | Self::StaleLeaderAccepted
            | Self::EntriesLost
            | Self::EntriesForgotten
            | Self::EntryTermLost
            | Self::UnsavedEntries
            | Self::CommitWithoutMajority
            | Self::CommitOfOldTerm
            | Self::CommittedOverwritten
            | Self::CommittedMissing
            | Self::AppliedUncommitted
            | Self::AppliedUnverified
            | Self::AppliedFromNowhere
            | Self::StartMisplaced
            | Self::SnapshotLost
            | Self::SnapshotWentBack
            | Self::SnapshotTerm
            | Self::SnapshotContent
            | Self::VoteWithheld
            | Self::StaleTermAccepted
            | Self::StaleLeaderObeyed
            | Self::TermHidden
            | Self::HigherTermIgnored
            | Self::UnreadableMessage
            | Self::FollowerAppended
            | Self::WrongValue
            | Self::StaleRead
            | Self::AppendLost
            | Self::AppendLostWithSnapshots
            | Self::AppliedTwice
            | Self::AppendsReordered
            | Self::MinorityServes
            | Self::UnwantedSnapshot
            | Self::SnapshotTooLarge
            | Self::AnsweredForAnother
            | Self::NotLinearizable => true,
            Self::NoLeader
            | Self::NoTerm
            | Self::TermsDisagree
            | Self::TermChangesTooOften
            | Self::LeaderRefused
            | Self::NobodyAccepts
            | Self::NeverCommitted
            | Self::LeaderReplaced
            | Self::NotAppliedByAll
            | Self::TooManyIdleRpcs
            | Self::TooManyRpcs
            | Self::TooFewRpcs
            | Self::TooManyBytes
            | Self::BackUpTooSlow
            | Self::LogTooLarge
            | Self::NotAppliedInSilence
            | Self::ElectionTimerRestarted
            | Self::TimeoutsNotRandom
            | Self::LeaderNotFollowed
            | Self::CallWaits
            | Self::PeerDelaysOthers
            | Self::ThreadsLeft
            | Self::SnapshotSentAgain
            | Self::TestTooLong
            | Self::OperationHangs
            | Self::OperationsTooSlow
            | Self::LeaderNotRemembered
            | Self::LogNotTrimmed
            | Self::NotDecided => false,
        }
    }
}
