//! What was committed, and how soon.

use labapi::Started;
use labrt::time::{Duration, Instant};
use labrt_host::now;

use crate::harness::{Broken, Cluster, Command, Committed, Violation, seconds, servers, shown};

/// How long the cluster has for one agreement.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(10);
/// How long one attempt waits before the command is submitted again.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);
/// How often [`Cluster::wait`] looks.
const WAIT_ROUNDS: u32 = 30;

/// Whether a command that was accepted and not committed is submitted again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    Yes,
    No,
}

/// How long [`Cluster::wait`] waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until the time is up.
    Patiently,
    /// As long as no server is in a later term.
    WhileTermIs(u64),
}

impl Cluster {
    /// Who has applied `index`.
    pub(crate) fn committed(&self, index: u64) -> Committed {
        self.applied().committed(index)
    }

    /// Nobody has applied `index`; `why` says why nobody can have.
    pub(crate) fn check_not_committed(&self, index: u64, why: &str) {
        let Committed { servers: by, command } = self.committed(index);
        if let Some(command) = command {
            self.referee().fail(Violation::new(
                Broken::CommittedByMinority,
                format!("nothing applied at index {index}: {why}"),
                format!("{} applied {} there by {}", servers(&by), shown(&command), seconds(now())),
            ));
        }
    }

    /// Gives `command` to the cluster and waits until at least `expected` servers have applied
    /// it; the index at which they did. It is submitted again only while nobody accepts it.
    pub(crate) fn one(&self, command: &Command, expected: usize) -> u64 {
        self.agree(command, expected, Retry::No)
    }

    /// As [`Cluster::one`], and submits again what was accepted and is not committed after two
    /// seconds: the command may then be committed more than once.
    pub(crate) fn one_with_retry(&self, command: &Command, expected: usize) -> u64 {
        self.agree(command, expected, Retry::Yes)
    }

    /// As [`Cluster::one`]; the index must be `index`.
    pub(crate) fn one_at(&self, index: u64, command: &Command, expected: usize) {
        let got = self.one(command, expected);
        if got != index {
            self.referee().fail(Violation::new(
                Broken::WrongIndex,
                format!("command {} committed at index {index}", shown(command)),
                format!("it was applied at index {got}, by {}", seconds(now())),
            ));
        }
    }

    /// What was committed later stands later in the log.
    pub(crate) fn check_follows(&self, later: u64, earlier: u64) {
        if later <= earlier {
            self.referee().fail(Violation::new(
                Broken::WrongIndex,
                format!(
                    "a command that was given after index {earlier} was applied to stand after it"
                ),
                format!("it was applied at index {later}, by {}", seconds(now())),
            ));
        }
    }

    fn agree(&self, command: &Command, expected: usize, retry: Retry) -> u64 {
        let begin = Instant::now();
        let mut all: Vec<(usize, Started)> = Vec::new();
        while begin.elapsed() < AGREEMENT_LIMIT {
            let accepted = self.submit(command);
            if accepted.is_empty() {
                self.sleep_ms(50);
                continue;
            }
            let attempt = Instant::now();
            while attempt.elapsed() < ATTEMPT_LIMIT {
                let agreed = accepted.iter().map(|(_, started)| started.index).find(|index| {
                    let committed = self.committed(*index);
                    expected.max(1) <= committed.servers.len()
                        && committed.command.as_ref() == Some(command)
                });
                if let Some(index) = agreed {
                    return index;
                }
                self.sleep_ms(20);
            }
            all.extend(accepted);
            if retry == Retry::No {
                break;
            }
        }
        self.no_agreement(command, expected, begin.elapsed(), &all)
    }

    /// Gives `command` to all connected servers, and tells who accepted it. An old leader that
    /// does not know yet may accept it besides the new one, or alone; nothing is concluded from
    /// who comes first (duty H1).
    fn submit(&self, command: &Command) -> Vec<(usize, Started)> {
        let rotation = (1..=self.len()).map(|steps| self.after(0, steps));
        rotation
            .filter(|server| self.is_connected(*server))
            .filter_map(|server| Some((server, self.start(server, command)?)))
            .collect()
    }

    fn no_agreement(
        &self,
        command: &Command,
        expected: usize,
        waited: Duration,
        accepted: &[(usize, Started)],
    ) -> ! {
        let expectation = format!(
            "command {} applied by {expected} servers by {}, {} after it was first submitted",
            shown(command),
            seconds(now()),
            seconds(waited)
        );
        let Some((leader, started)) = accepted.last() else {
            let seen = format!("none of the connected servers accepts it; {}", self.positions());
            let violation = Violation::new(Broken::NobodyAccepts, expectation, seen);
            self.referee().fail(violation.within(waited));
        };
        let committed = self.committed(started.index);
        let put =
            format!("server {leader} put it at index {} in term {}", started.index, started.term);
        // An index that is off by one: the command stands next to where it should.
        let neighbours = [started.index.wrapping_sub(1), started.index + 1];
        let misplaced = neighbours.into_iter().find(|index| {
            self.committed(*index).command.as_ref() == Some(command)
                && !accepted.iter().any(|(_, started)| started.index == *index)
        });
        if let Some(index) = misplaced {
            let seen = format!("{put}; it was applied at index {index}");
            self.referee().fail(Violation::new(Broken::WrongIndex, expectation, seen))
        }
        let later = self.later_term(started.term);
        let knowing: Vec<usize> =
            self.all().filter(|s| self.knows_committed(*s, started)).collect();
        let (broken, seen) = match &committed.command {
            Some(other) if other != command => {
                (Broken::NeverCommitted, format!("{put}; {} was applied there", shown(other)))
            }
            _ if let Some((server, term)) = later => (
                Broken::LeaderReplaced,
                format!("{put}; server {server} is in term {term} by now, and it was connected"),
            ),
            None if expected <= knowing.len() => (
                Broken::NotAppliedInSilence,
                format!(
                    "{put}; {} know that it is committed, and nobody has applied it",
                    servers(&knowing)
                ),
            ),
            None => (Broken::NeverCommitted, format!("{put}; nobody has applied that index")),
            Some(_) => (
                Broken::NotAppliedByAll,
                format!("{put}; {} applied it; {}", servers(&committed.servers), self.positions()),
            ),
        };
        self.referee().fail(Violation::new(broken, expectation, seen).within(waited))
    }

    /// A connected server that was seen in a later term than `term`, and in which.
    fn later_term(&self, term: u64) -> Option<(usize, u64)> {
        let terms = self.connected().into_iter().map(|server| (server, self.sighting(server).term));
        terms.max_by_key(|(_, term)| *term).filter(|(_, later)| term < *later)
    }

    /// Whether `server` was told on the wire, or has told others, that this is committed.
    fn knows_committed(&self, server: usize, started: &Started) -> bool {
        self.sighting(server).commit.is_some_and(|commit| started.index <= commit)
    }

    /// Waits until at least `expected` servers have applied `index`, and gives what they applied.
    /// `None` if a term ended the wait. Looks less and less often, for some 30 s in all.
    pub(crate) fn wait(&self, index: u64, expected: usize, wait: Wait) -> Option<Command> {
        let begin = Instant::now();
        let mut pause_ms = 10;
        for _ in 0..WAIT_ROUNDS {
            if expected <= self.committed(index).servers.len() {
                break;
            }
            self.sleep_ms(pause_ms);
            if pause_ms < 1000 {
                pause_ms *= 2;
            }
            if let Wait::WhileTermIs(term) = wait
                && self.all().any(|server| self.state(server).is_some_and(|now| term < now.term))
            {
                return None;
            }
        }
        let committed = self.committed(index);
        if committed.servers.len() < expected {
            let violation = Violation::new(
                Broken::NotAppliedByAll,
                format!("index {index} applied by {expected} servers by {}", seconds(now())),
                format!("{} applied it; {}", servers(&committed.servers), self.positions()),
            );
            self.referee().fail(violation.within(begin.elapsed()));
        }
        committed.command
    }

    /// How far each server has come, in words.
    fn positions(&self) -> String {
        let each = self.all().map(|server| {
            let standing = match (self.is_up(server), self.is_connected(server)) {
                (false, _) => " (crashed)",
                (true, false) => " (cut off)",
                (true, true) => "",
            };
            let index = self.applied().last_applied(server);
            format!("server {server}{standing} has applied up to {index}")
        });
        each.collect::<Vec<_>>().join(", ")
    }
}
