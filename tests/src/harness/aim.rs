//! Aiming: telling one message from another by what it says, and bringing about who leads and
//! who hears whom.
//!
//! What a message is, is read from Figure 2's field names. Whatever else it holds is the
//! submission's own business.

use labgob::Value;
use labrpc_host::{Direction, Hold, Message};
use labrt::time::{Duration, Instant};
use labrt_host::{Machine, now};

use super::broken::Broken;
use super::rafts::Cluster;
use super::server::number;
use super::violation::{Violation, seconds};

/// How long a server has to be elected if nobody else stands.
const ELECTION_LIMIT: Duration = Duration::from_secs(15);

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    RequestVote,
    AppendEntries,
    InstallSnapshot,
}

/// What the call of this message is about; `None` if its request bears none of the names.
pub(crate) fn kind(message: &Message<'_>) -> Option<Kind> {
    let has = |field| message.request_field(field).is_some();
    if has("candidate_id") {
        Some(Kind::RequestVote)
    } else if has("prev_log_index") {
        Some(Kind::AppendEntries)
    } else if has("last_included_index") {
        Some(Kind::InstallSnapshot)
    } else {
        None
    }
}

/// The server that made the call of this message.
pub(crate) fn caller(message: &Message<'_>) -> Option<usize> {
    number(match message.direction() {
        Direction::Request => message.sender(),
        Direction::Reply => message.receiver(),
    })
}

/// The server that was called.
pub(crate) fn called(message: &Message<'_>) -> Option<usize> {
    number(match message.direction() {
        Direction::Request => message.receiver(),
        Direction::Reply => message.sender(),
    })
}

pub(crate) fn is_request(message: &Message<'_>) -> bool {
    message.direction() == Direction::Request
}

/// The term of the call's request.
pub(crate) fn request_term(message: &Message<'_>) -> Option<u64> {
    message.request_field("term").and_then(Value::as_u64)
}

/// Whether a request asks for a vote, and says nothing beyond Figure 2. One that does may be
/// about something else: a pre-vote looks like this, and changes nothing.
pub(crate) fn is_plain_vote(request: &Value<'_>) -> bool {
    const FIELDS: [&str; 4] = ["term", "candidate_id", "last_log_index", "last_log_term"];
    let Value::Struct(fields) = request else { return false };
    fields.len() == FIELDS.len() && FIELDS.iter().all(|name| request.field(name).is_some())
}

/// Whether it is a reply that gives a vote.
pub(crate) fn gives_vote(message: &Message<'_>) -> bool {
    message.direction() == Direction::Reply
        && message.field("vote_granted").and_then(Value::as_bool) == Some(true)
}

/// Ends a hold: what it has caught never arrives.
pub(crate) fn drop_all(hold: &Hold) {
    for held in hold.list() {
        // Another thread cannot have released it: nobody else knows the hold.
        let _ = hold.drop_message(held.call());
    }
}

impl Cluster {
    /// Connects these servers with each other, and cuts all others off.
    pub(crate) fn connect_only(&self, servers: &[usize]) {
        let others = self.all().filter(|server| !servers.contains(server));
        others.for_each(|server| self.disconnect(server));
        servers.iter().for_each(|server| self.connect(*server));
    }

    /// Holds back the vote requests of all servers but `candidate`: nobody else can be elected.
    pub(crate) fn only_candidate(&self, candidate: usize) -> Hold {
        self.network().hold(move |message| {
            is_request(message)
                && kind(message) == Some(Kind::RequestVote)
                && caller(message).is_some_and(|other| other != candidate)
        })
    }

    /// Brings it about that `server`, which must be connected and have a log that can win, leads;
    /// its term. The others crash and restart on the way.
    pub(crate) fn make_leader(&self, server: usize) -> u64 {
        let begin = Instant::now();
        let others = self.only_candidate(server);
        if !self.state(server).is_some_and(|state| state.is_leader) {
            self.get_ahead(server);
        }
        loop {
            if let Some(state) = self.state(server).filter(|state| state.is_leader) {
                drop_all(&others);
                return state.term;
            }
            if ELECTION_LIMIT < begin.elapsed() {
                let violation = Violation::new(
                    Broken::NoLeader,
                    format!("server {server} elected by {}: nobody else stands", seconds(now())),
                    format!("it does not claim to lead after {}", seconds(ELECTION_LIMIT)),
                );
                self.referee().fail(violation.within(ELECTION_LIMIT));
            }
            self.sleep_ms(10);
        }
    }

    /// Lets the term of `server` rise above those of the others, which are down meanwhile: else
    /// they might stand, unheard, as often as it does, and never be behind. Those that were
    /// connected are so again afterwards.
    pub(crate) fn get_ahead(&self, server: usize) {
        const TERMS: u64 = 3;
        let others: Vec<(usize, bool)> = self
            .all()
            .filter(|other| *other != server && self.is_up(*other))
            .map(|other| (other, self.is_connected(other)))
            .collect();
        others.iter().for_each(|(other, _)| self.crash(*other));
        let term = || self.state(server).map_or(0, |state| state.term);
        let (before, begin) = (term(), Instant::now());
        // One that asks before it stands does not rise: it is not ahead, and need not be.
        while term() < before + TERMS && begin.elapsed() < ELECTION_LIMIT / 2 {
            self.sleep_ms(10);
        }
        for (other, connected) in others {
            self.start_server(other);
            if connected {
                self.connect(other);
            }
        }
    }

    /// Waits until `server` has applied `index`, at most for `limit`. Whether it has.
    pub(crate) fn applies_within(&self, server: usize, index: u64, limit: Duration) -> bool {
        let begin = Instant::now();
        while self.applied().last_applied(server) < index {
            if limit < begin.elapsed() {
                return false;
            }
            self.sleep_ms(1);
        }
        true
    }

    /// Whether the machine of `server` is up, in its present life.
    pub(crate) fn is_running(&self, server: usize) -> bool {
        self.life(server).is_some_and(|life| !life.machine().is_crashed())
    }

    /// Lets `server` crash so many of its steps from now. Virtual clock only: under the real one
    /// nothing happens.
    pub(crate) fn crash_in_steps(&self, server: usize, steps: u64) {
        if let Some(life) = self.life(server) {
            let machine = life.machine();
            machine.crash_at_step(machine.steps() + steps);
        }
    }

    /// Lets `server` crash as soon as it has saved a snapshot that it had not saved before.
    pub(crate) fn crash_at_new_snapshot(&self, server: usize) {
        if let Some(life) = self.life(server) {
            self.checkers().crash_at_new_snapshot(server, life.machine());
        }
    }

    /// The machine that `server` runs on in its present life.
    pub(crate) fn machine(&self, server: usize) -> Option<Machine> {
        self.life(server).map(|life| life.machine().clone())
    }

    /// How many lab threads of `server` have not ended.
    pub(crate) fn live_threads(&self, server: usize) -> usize {
        self.life(server).map_or(0, |life| life.machine().live_threads())
    }
}
