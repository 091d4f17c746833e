//! Who leads, and in which term.

use std::collections::BTreeMap;

use labapi::State;
use labrt::time::{Duration, Instant};
use labrt_host::now;

use crate::harness::{Broken, Cluster, Violation, seconds, servers};

/// How often the cluster is asked for its leader before there is none.
const ROUNDS: u32 = 10;
/// How long the connected servers may be in different terms: an election that ends just now, or
/// one more, and the heartbeat after it (duty H4).
const TERMS_AGREE_WITHIN: Duration = Duration::from_secs(1);

impl Cluster {
    /// The leader. Waits until a connected server claims to lead, for about five seconds.
    ///
    /// Of several, it is the one of the highest term: an old leader in a lower one is no second
    /// leader (duty H2). Two in one term are a violation, here and wherever servers are asked.
    pub(crate) fn check_one_leader(&self) -> usize {
        let begin = now();
        for _ in 0..ROUNDS {
            self.sleep_ms(self.random(450..=549));
            let leaders: BTreeMap<u64, usize> = self
                .connected()
                .into_iter()
                .filter_map(|server| Some((self.state(server)?, server)))
                .filter(|(state, _)| state.is_leader)
                .map(|(state, server)| (state.term, server))
                .collect();
            if let Some((_, leader)) = leaders.last_key_value() {
                return *leader;
            }
        }
        let (connected, terms) = (self.connected(), self.terms());
        let waited = now() - begin;
        let violation = Violation::new(
            Broken::NoLeader,
            format!(
                "one leader among {} by {}, {} after the check began",
                servers(&connected),
                seconds(now()),
                seconds(waited)
            ),
            format!("none of them claims to lead; {}", in_words(&terms)),
        );
        self.referee().fail(violation.within(waited))
    }

    /// The term that all connected servers are in. They are given a moment to agree (duty H4).
    pub(crate) fn check_terms(&self) -> u64 {
        let begin = Instant::now();
        loop {
            let terms = self.terms();
            let agreed = terms.first().map(|(_, term)| *term);
            if let Some(term) = agreed.filter(|term| terms.iter().all(|(_, other)| other == term)) {
                return term;
            }
            if TERMS_AGREE_WITHIN < begin.elapsed() {
                let violation = Violation::new(
                    Broken::TermsDisagree,
                    format!(
                        "servers that hear from one leader in one term within {}",
                        seconds(TERMS_AGREE_WITHIN)
                    ),
                    format!("{}, at {}", in_words(&terms), seconds(now())),
                );
                self.referee().fail(violation.within(TERMS_AGREE_WITHIN));
            }
            self.sleep_ms(20);
        }
    }

    /// No connected server was elected since all others were cut off; `then` is what
    /// [`Cluster::terms`] told at that moment.
    ///
    /// Who stood for election before may have had the votes by then. It leads on, since nobody
    /// tells it that it is alone: the classic test fails a correct Raft for that.
    pub(crate) fn check_nobody_elected_since(&self, then: &[(usize, u64)]) {
        let connected = self.connected();
        for server in &connected {
            let Some(state) = self.state(*server) else { continue };
            let term_then = then.iter().find(|(other, _)| other == server).map_or(0, |it| it.1);
            if !is_elected_since(term_then, state) {
                continue;
            }
            self.referee().fail(Violation::new(
                Broken::LeaderOfMinority,
                format!(
                    "nobody elected while only {} of {} servers are connected",
                    connected.len(),
                    self.len()
                ),
                format!(
                    "server {server} said at {} that it leads term {}; it was in term {term_then} \
                     when the others were cut off",
                    seconds(now()),
                    state.term
                ),
            ));
        }
    }

    /// Some leader was elected, so terms have begun.
    pub(crate) fn check_term_begun(&self, term: u64) {
        if term == 0 {
            self.referee().fail(Violation::new(
                Broken::NoTerm,
                "a term of 1 or more after the first election",
                format!("all servers are in term 0 at {}", seconds(now())),
            ));
        }
    }

    /// Each connected server and its term.
    pub(crate) fn terms(&self) -> Vec<(usize, u64)> {
        let connected = self.connected().into_iter();
        connected.filter_map(|server| Some((server, self.state(server)?.term))).collect()
    }

    /// Whether any server, connected or not, is in another term than `term`.
    pub(crate) fn has_left_term(&self, term: u64) -> bool {
        self.all().any(|server| self.state(server).is_some_and(|state| state.term != term))
    }
}

/// Whether a server has won an election that began after it was in term `then`.
fn is_elected_since(then: u64, state: State) -> bool {
    state.is_leader && then < state.term
}

fn in_words(terms: &[(usize, u64)]) -> String {
    let each: Vec<_> =
        terms.iter().map(|(server, term)| format!("server {server} is in term {term}")).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_that_was_under_way_may_still_be_won() {
        let leads = |term| State { term, is_leader: true };
        assert!(!is_elected_since(3, leads(3)), "its votes may have come before the cut");
        assert!(!is_elected_since(3, State { term: 7, is_leader: false }), "it only tries");
        assert!(is_elected_since(3, leads(4)), "it stood for election when it was alone");
    }
}
