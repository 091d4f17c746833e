//! Part 2X: whom a server votes for, asked directly.

use labrt::thread;

use crate::harness::{Answer, Broken, EntryId, Lab, Net, Overtaken, Puppets};

/// A log that is as up to date as any.
const BEST: EntryId = EntryId { index: 1 << 40, term: 1 << 40 };

/// Goal: one vote a term, whatever happens in between: another candidate, the same question
/// again, a crash, an own candidacy. Rules E5, E8, E3, P1.
pub(crate) fn one_vote(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let [one, other] = [1, 2].map(|steps| puppets.cluster.after(puppets.subject, steps));
    let grants = |term, candidate| puppets.vote_of(term, candidate, BEST);

    puppets.play(|term| {
        puppets.must_grant(term, one, BEST)?;
        puppets.must_not_vote_again(term, other, &grants(term, other), "it was asked again");
        puppets.restart();
        puppets.must_not_vote_again(term, other, &grants(term, other), "it had crashed");
        puppets.must_not_be_below(term);
        // A vote of an old term is no vote of the next, and the next begins with a fresh one.
        puppets.must_grant(term + 1, other, BEST)?;
        puppets.must_not_vote_again(term + 1, one, &grants(term + 1, one), "it was asked again");
        Ok(())
    });

    // Its own candidacies are votes, too, and are remembered like any.
    for crash in [false, true] {
        let before = puppets.wiretap.last_candidacy(puppets.subject).unwrap_or_default();
        let Some(term) = puppets.next_candidacy(before) else { return };
        if crash {
            puppets.cluster.crash(puppets.subject);
            puppets.restart();
        }
        let what = if crash { "it stood itself, and crashed" } else { "it stood itself" };
        puppets.must_not_vote_again(term, one, &grants(term, one), what);
    }
}

/// Goal: of all peers that ask in one moment, one gets the vote of the term. Rules E5, L2, L3.
pub(crate) fn votes_at_once(lab: &Lab) {
    const ROUNDS: u64 = 60;
    let puppets = Puppets::take_over(lab.cluster(5, Net::Reliable));
    let candidates = [1, 2, 3, 4].map(|steps| puppets.cluster.after(puppets.subject, steps));
    // From here on it hears no leader, and listens to everybody.
    puppets.play(|term| puppets.must_grant(term, candidates[0], BEST));
    let puppets = std::sync::Arc::new(puppets);
    let mut granted = 0;

    for round in 1..=ROUNDS {
        let term = 10_000 + round;
        let asked = candidates.map(|candidate| {
            let puppets = puppets.clone();
            thread::spawn(move || (candidate, puppets.vote_of(term, candidate, BEST)))
        });
        let answers = asked.map(|asked| asked.join().expect("a question is answered"));
        let voted_for: Vec<usize> = answers
            .iter()
            .filter(|(_, answer)| answer.is_some_and(|answer| answer.yes))
            .map(|(candidate, _)| *candidate)
            .collect();
        granted += voted_for.len();
        if let [first, second, ..] = voted_for[..] {
            puppets.fail(
                Broken::TwoVotes,
                format!("one vote of server {} in term {term}", puppets.subject),
                format!("asked at once, it voted for servers {first} and {second}"),
            );
        }
        puppets.must_not_be_below(term);
    }
    if granted == 0 {
        puppets.fail(
            Broken::VoteWithheld,
            format!("a vote for one of several candidates in {ROUNDS} terms, one after the other"),
            format!("server {} voted for none of them", puppets.subject),
        );
    }
}

/// Goal: a vote goes to a log that is at least as up to date, and to no other: last terms first,
/// then lengths. Rules E6, E3.
pub(crate) fn up_to_date(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let candidate = puppets.cluster.after(puppets.subject, 2);

    puppets.play(|term| {
        // Its log ends with an entry of `term` - 5 and one of `term` - 3.
        let base = puppets.base();
        let entries = [puppets.entry(term - 5), puppets.entry(term - 3)];
        puppets.must_match(term, base, &entries, base.index)?;
        let last = EntryId { index: base.index + 2, term: term - 3 };

        let refuse = |above: u64, index, last_term, why: &str| {
            let log = EntryId { index, term: last_term };
            puppets.must_refuse_outdated(term + above, candidate, log, last, why);
        };
        refuse(1, last.index + 9, last.term - 1, "longer, and of an older last term");
        refuse(2, last.index - 1, last.term, "of the same last term, and shorter");
        refuse(3, 0, 0, "empty");
        puppets.must_grant(term + 4, candidate, last)?;
        puppets.must_grant(term + 5, candidate, EntryId { index: last.index + 1, ..last })?;
        puppets.must_grant(term + 6, candidate, EntryId { index: 1, term: last.term + 1 })?;
        Ok(())
    });
}

impl Puppets {
    fn vote_of(&self, term: u64, candidate: usize, last: EntryId) -> Option<Answer> {
        self.ask_vote(term, candidate, last)
    }

    /// The subject is in a lower term, and the log is good enough: it must grant. It may do so
    /// only after some time: if it has heard a leader, it need not listen to anybody else until
    /// an election timeout has passed, and does not take over the term then (paper, section 6).
    pub(super) fn must_grant(
        &self,
        term: u64,
        candidate: usize,
        last: EntryId,
    ) -> Result<(), Overtaken> {
        const QUESTIONS: u32 = 100;
        const PAUSE_MS: u64 = 20;
        let mut answer = self.ask_vote(term, candidate, last).ok_or(Overtaken)?;
        for _ in 1..QUESTIONS {
            if answer.yes || term <= answer.term {
                break;
            }
            self.cluster.sleep_ms(PAUSE_MS);
            answer = self.ask_vote(term, candidate, last).ok_or(Overtaken)?;
        }
        if term < answer.term {
            return Err(Overtaken);
        }
        if !answer.yes {
            self.fail(
                Broken::VoteWithheld,
                format!(
                    "server {} to vote for server {candidate} in term {term}: the first to ask, \
                     with a log that is up to date",
                    self.subject
                ),
                format!("it refused, in term {}", answer.term),
            );
        }
        Ok(())
    }

    /// The subject's vote of `term` is given: nobody else may have it.
    pub(super) fn must_not_vote_again(
        &self,
        term: u64,
        candidate: usize,
        answer: &Option<Answer>,
        what: &str,
    ) {
        if answer.is_some_and(|answer| answer.yes) {
            self.fail(
                Broken::TwoVotes,
                format!("no second vote of server {} in term {term}: {what}", self.subject),
                format!("it voted for server {candidate}, too"),
            );
        }
    }

    fn must_refuse_outdated(
        &self,
        term: u64,
        candidate: usize,
        log: EntryId,
        own: EntryId,
        why: &str,
    ) {
        if self.ask_vote(term, candidate, log).is_some_and(|answer| answer.yes) {
            self.fail(
                Broken::VoteForStaleLog,
                format!(
                    "no vote of server {}, whose log ends with index {} of term {}, for a log that \
                     is {why}",
                    self.subject, own.index, own.term
                ),
                format!(
                    "it voted for server {candidate}, whose log ends with index {} of term {}",
                    log.index, log.term
                ),
            );
        }
    }

    /// The subject was in `term`, and never goes back.
    pub(super) fn must_not_be_below(&self, term: u64) {
        let state = self.cluster.state(self.subject);
        if let Some(state) = state.filter(|state| state.term < term) {
            self.fail(
                Broken::TermFell,
                format!("server {} in term {term} or a later one", self.subject),
                format!("it says that it is in term {}", state.term),
            );
        }
    }

    /// Waits until the subject stands for election in a term above `term`; that term. `None` if
    /// it never does: then it asks before it stands.
    pub(super) fn next_candidacy(&self, term: u64) -> Option<u64> {
        for _ in 0..5000 {
            let candidacy = self.wiretap.last_candidacy(self.subject);
            if let Some(candidacy) = candidacy.filter(|candidacy| term < *candidacy) {
                return Some(candidacy);
            }
            self.cluster.sleep_ms(1);
        }
        None
    }
}
