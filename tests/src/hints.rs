//! The rules of a Raft, in words: what a failure names, and the hint it ends with.

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its number in the student guide.
    pub id: &'static str,
    /// What it says.
    pub text: &'static str,
    /// What to look at in a program that breaks it.
    pub hint: &'static str,
}

/// The rule of this number.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

const fn r(id: &'static str, text: &'static str, hint: &'static str) -> Rule {
    Rule { id, text, hint }
}

/// All rules that a test or an assertion may name, by number.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    r("L1", "shared data is only touched under its lock",
        "keep what threads share inside the Mutex"),
    r("L2", "changes that must be seen together are one critical section",
        "set term, role and vote without letting go of the lock in between"),
    r("L3", "a read and the write that depends on it are one critical section",
        "hold the lock from the comparison to the assignment; usually for the whole handler"),
    r("L4", "nothing that waits happens under a lock",
        "copy what is to be sent or delivered, release the lock, then send"),
    r("L5", "after re-acquiring the lock everything assumed before is checked again",
        "look again at role and term before a reply or the last vote counts"),
    r("L6", "a lock is taken and released at one level",
        "a helper called with the lock held takes `&mut State`, not the Mutex"),
    r("L7", "two locks are never taken in opposite orders",
        "decide which lock comes first, and keep to it everywhere"),

    r("S1", "elections and heartbeats are driven by separate threads that check often",
        "sleep a small fraction of the timeout between two checks"),
    r("S2", "one thread delivers committed entries, woken by a condition variable",
        "every place that makes the condition true notifies, under the same lock"),
    r("S3", "every RPC goes out in a thread of its own",
        "an unreachable peer answers after seconds; nobody else may wait for it"),
    r("S4", "any reply may be the answer to a question asked long ago",
        "compare a reply with the request it answers, not with the present"),
    r("S5", "after `kill`, every thread of that instance ends soon",
        "let every loop look at the flag, and wake those that wait"),

    r("E1", "only a current leader, a vote granted or an election restarts the election timer",
        "a refused vote and a stale AppendEntries leave the timer alone"),
    r("E2", "a candidate whose timer runs out starts another election",
        "each time the timer runs out: new term, new vote, new requests"),
    r("E3", "a higher term in any message is adopted first",
        "adopt it, become follower, forget the vote, and only then handle the message"),
    r("E4", "election timeouts are drawn at random, afresh for each wait",
        "draw from a range several times the heartbeat interval, each time the timer restarts"),
    r("E5", "one vote per term, so one leader per term",
        "the vote of a term is remembered, across a crash too, and counted once"),
    r("E6", "a vote needs a log at least as up to date",
        "compare the last terms first, and the lengths only if those are equal"),
    r("E7", "an election needs a majority of all servers",
        "count the disconnected ones too: more than half of `peers.len()`"),
    r("E8", "a candidate's vote for itself is its vote of the term",
        "record it in voted_for, and save it"),
    r("E9", "a few heartbeats per second, and a new leader within five seconds",
        "some ten heartbeats a second, election timeouts of some hundred milliseconds"),
    r("E10", "a request with a lower term is refused, and answered with the current one",
        "put the current term into every reply; whoever reads a higher one steps down"),
    r("E11", "a candidate that hears from a leader of its own term follows it",
        "an AppendEntries of the current term makes a follower of any candidate"),
    r("E12", "a new leader resets next index and match index",
        "every time it becomes leader, not only the first"),

    r("A1", "a heartbeat is an ordinary AppendEntries",
        "all checks apply to it, and it moves the commit index like any other"),
    r("A2", "the log is cut only from the first entry that really conflicts",
        "compare entry by entry; what lies after those that were sent stays"),
    r("A3", "a previous index beyond the end of the log is a mismatch",
        "refuse it, and say where the log ends"),
    r("A4", "the previous entry's term is compared, not only its presence",
        "same index and another term is a mismatch"),
    r("A5", "the commit index follows the leader's up to the last entry the message vouches for",
        "the smaller of leader_commit and prev_log_index + entries.len()"),
    r("A6", "a refused request changes nothing else",
        "reply at once; append nothing, commit nothing"),
    r("A7", "the commit index never goes back",
        "take a smaller leader_commit for what it is: old"),

    r("C1", "a leader commits by counting only entries of its own term",
        "older entries follow along with the first one of this term (Figure 8)"),
    r("C2", "a commit needs a majority, so what one server applied stands for all",
        "count the leader once, and more than half of all servers"),
    r("C3", "each entry is delivered exactly once, in index order, without gaps",
        "one thread delivers, from last_applied + 1, and last_applied moves with it"),
    r("C4", "what is committed is applied without waiting for new traffic",
        "every place that moves commit_index notifies the applier"),
    r("C5", "match index is a measurement, next index a guess",
        "only a positive acknowledgement moves match_index"),
    r("C6", "match index becomes what was acknowledged by that very request",
        "previous index + number of entries sent then, and never less than before"),
    r("C7", "`start` tells index, term and leadership truly, and at once",
        "append at the end under the lock, answer with that index; on a non-leader do nothing"),

    r("R1", "a reply to a request of an earlier term is dropped",
        "compare the current term with the term of the request"),
    r("R2", "a refusal because of a newer term means step down",
        "leave next_index alone then"),
    r("R3", "what was lost is sent again by the next heartbeat or sooner, without spinning",
        "every heartbeat carries what the peer still needs"),

    r("P1", "term, vote and log are saved before anything that depends on them leaves",
        "save after every change, before the lock is released or the reply is returned"),
    r("P2", "a restarted server starts from what was saved, as a follower",
        "read term, vote and log with its terms; an empty store is a valid beginning"),
    r("P3", "what is read back is what was written",
        "decode the same type as was encoded; a mismatch is an error, not a default"),

    r("B1", "a follower whose log is too short says where it ends",
        "answer with the index after its last entry, and no conflicting term"),
    r("B2", "a follower with another term there answers with that term and its first index",
        "walk back to the first entry of the conflicting term"),
    r("B3", "the leader skips a whole term at a time when it backs up",
        "continue after its own last entry of that term, or at the index it was given"),
    r("B4", "a peer is not sent what it is known to have",
        "send from next_index on, and move it on when something was sent or acknowledged"),

    r("N1", "a snapshot belongs to one index; the log up to it goes, the rest stays",
        "the first entry kept is the one after the snapshot's index"),
    r("N2", "state and snapshot are saved together",
        "one `save` with both, and the base index inside the state"),
    r("N3", "after a restart delivery begins after the snapshot",
        "commit_index and last_applied start at its index, or it is delivered first"),
    r("N4", "a snapshot older than what is applied is ignored",
        "compare its index with last_applied before handing it over"),
    r("N5", "entries after a snapshot's last one stay, if the log holds that one",
        "same index and same term: keep the suffix"),
    r("N6", "a peer that needs entries already dropped gets the snapshot",
        "when next_index is not beyond the base of the log, send InstallSnapshot"),
    r("N7", "at the edge of the log the snapshot's index and term stand in",
        "term_at(base index) is the snapshot's term"),
    r("N8", "a snapshot is delivered in order with the entries, without the lock",
        "after it, continue with the entry that follows it"),
    r("N9", "`snapshot` may be called for any applied index, from the apply loop",
        "nothing is held while delivering; an index already dropped is ignored"),
    r("N10", "the saved state stays small once snapshots are taken",
        "save the trimmed log in `snapshot` itself"),
];
