//! Part 2X: what a follower takes from a leader, asked directly.

use crate::harness::{Answer, Broken, Command, EntryId, Lab, Net, Overtaken, Puppets};

/// Goal: the log is cut where it differs, and nowhere else; what was acknowledged stays, crash or
/// not. Rules A1 to A4, P1.
pub(crate) fn conflicts(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    for crash in [false, true] {
        puppets.play(|term| puppets.conflicts(term, crash));
    }
}

/// Goal: a follower commits what a message vouches for, no more, and applies it at once; a
/// smaller commit index is an old one. Rules A1, A5, A7, C4.
pub(crate) fn vouched(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    for _ in 0..5 {
        puppets.play(|term| puppets.vouched(term));
    }
}

/// Goal: a request with a lower term is refused, is answered with the server's term, and changes
/// nothing. Rules E10, A6, L3.
pub(crate) fn stale_leader(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    puppets.play(|term| puppets.stale_leader(term));
}

/// The entry `steps` after `id`, in the same term.
fn on(id: EntryId, steps: u64) -> EntryId {
    EntryId { index: id.index + steps, ..id }
}

impl Puppets {
    fn conflicts(&self, term: u64, crash: bool) -> Result<(), Overtaken> {
        let pause = || {
            if crash {
                self.restart();
            }
        };
        // Four entries of one term.
        let base = self.base();
        let first: Vec<_> = (0..4).map(|_| self.entry(term)).collect();
        let old = EntryId { index: base.index, term };
        self.must_match(term, base, &first, base.index)?;
        pause();
        self.must_match(term, on(old, 4), &[], base.index)?;

        // An older message of the same leader, and a heartbeat behind it.
        self.must_match(term, base, &first[..2], base.index)?;
        pause();
        self.must_match(term, base, &[], base.index)?;
        pause();
        self.must_match(term, on(old, 4), &[], base.index)?;

        // What is not there yet; then a leader of whose log only the beginning is the same.
        self.must_differ(term, on(old, 5), &[], "its log ends before that index")?;
        let other = EntryId { index: base.index, term: term + 1 };
        self.must_differ(term + 1, on(other, 3), &[], "its entry there is of another term")?;
        let stray = [self.entry(term + 1)];
        self.must_differ(term + 1, on(other, 9), &stray, "its log ends before that index")?;

        // A leader that replaces the third and has no fourth.
        let new = EntryId { index: base.index, term: term + 2 };
        self.must_match(term + 2, on(old, 2), &[self.entry(term + 2)], base.index)?;
        pause();
        self.must_differ(term + 3, on(old, 4), &[], "it was behind one that was replaced")?;
        self.must_differ(term + 3, on(old, 3), &[], "it was replaced")?;
        pause();
        self.must_match(term + 4, on(new, 3), &[], base.index)?;

        // One that replaces all.
        let last = EntryId { index: base.index, term: term + 5 };
        let all: Vec<_> = (0..3).map(|_| self.entry(term + 5)).collect();
        self.must_match(term + 5, base, &all, base.index)?;
        pause();
        self.must_match(term + 5, on(last, 3), &[], base.index + 3)?;
        self.must_apply(base.index + 3);
        Ok(())
    }

    fn vouched(&self, term: u64) -> Result<(), Overtaken> {
        let base = self.base();
        let entries: Vec<_> = (0..4).map(|_| self.entry(term)).collect();
        let own = EntryId { index: base.index, term };
        self.must_match(term, base, &entries, base.index)?;

        // The next leader holds the first two. It has committed more, elsewhere.
        self.must_match(term + 1, on(own, 2), &[], base.index + 9)?;
        let why = "the heartbeat vouched for two entries of four";
        self.must_not_apply_beyond(base.index + 2, Broken::AppliedUnverified, why);
        self.must_apply(base.index + 2);

        let mismatch = EntryId { index: base.index + 3, term: term + 1 };
        self.must_differ_with(term + 1, mismatch, &[], base.index + 3, "of another term")?;
        let why = "the heartbeat did not match, so it vouched for nothing";
        self.must_not_apply_beyond(base.index + 2, Broken::AppliedUnverified, why);

        // An old message names a smaller commit index; a new one goes on.
        self.must_match(term + 1, base, &[], base.index)?;
        let third = [self.entry(term + 1)];
        self.must_match(term + 1, on(own, 2), &third, base.index + 3)?;
        self.must_apply(base.index + 3);
        Ok(())
    }

    fn stale_leader(&self, term: u64) -> Result<(), Overtaken> {
        let [leader, other] = [1, 2].map(|steps| self.cluster.after(self.subject, steps));
        let base = self.base();
        let entries = [self.entry(term), self.entry(term)];
        self.must_match(term, base, &entries, base.index)?;
        let last = EntryId { index: base.index + 2, term };

        for behind in [1, 7] {
            let old_term = term - behind;
            let log = on(last, 5);
            self.must_refuse_stale(term, self.ask_vote(old_term, other, log), "RequestVote");

            // It would cut the log, lengthen it, and commit.
            let stale: Vec<_> = (0..3).map(|_| self.entry(old_term)).collect();
            let from = if behind == 1 { leader } else { other };
            let answer = self.ask_append(old_term, from, base, &stale[..1], base.index + 1);
            self.must_refuse_stale(term, answer, "AppendEntries");
            let answer = self.ask_append(old_term, from, base, &stale, base.index + 3);
            self.must_refuse_stale(term, answer, "AppendEntries");
            let answer = self.ask_append(old_term, from, base, &[], base.index + 2);
            self.must_refuse_stale(term, answer, "a heartbeat");
        }
        let why = "only leaders of lower terms said that more is committed";
        self.must_not_apply_beyond(base.index, Broken::StaleLeaderObeyed, why);

        if !self.append(term, last, &[], base.index)? {
            self.fail(
                Broken::StaleLeaderObeyed,
                format!("index {} of term {term} where it was acknowledged", last.index),
                "after refused requests of lower terms it is gone".to_owned(),
            );
        }
        for (above, behind) in [(1, 1), (2, 7)] {
            let stray = EntryId { index: base.index + 3, term: term - behind };
            if self.append(term + above, stray, &[], base.index)? {
                self.fail(
                    Broken::StaleLeaderObeyed,
                    format!("no entry of term {} at index {}", stray.term, stray.index),
                    "it came with a request of a lower term, and is in the log".to_owned(),
                );
            }
        }
        self.must_match(term + 3, base, &entries, base.index + 2)?;
        self.must_apply(base.index + 2);
        Ok(())
    }

    /// Sends entries behind one that the subject has acknowledged: it must accept.
    pub(super) fn must_match(
        &self,
        term: u64,
        prev: EntryId,
        entries: &[(u64, Command)],
        commit: u64,
    ) -> Result<(), Overtaken> {
        if !self.append(term, prev, entries, commit)? {
            self.fail(
                Broken::EntriesLost,
                format!(
                    "server {} to hold index {} of term {}, which it acknowledged",
                    self.subject, prev.index, prev.term
                ),
                "it refused what follows".to_owned(),
            );
        }
        Ok(())
    }

    fn must_differ(
        &self,
        term: u64,
        prev: EntryId,
        entries: &[(u64, Command)],
        why: &str,
    ) -> Result<(), Overtaken> {
        let commit = self.base().index;
        self.must_differ_with(term, prev, entries, commit, why)
    }

    /// Sends entries behind one that the subject cannot hold, since `why`: it must refuse.
    fn must_differ_with(
        &self,
        term: u64,
        prev: EntryId,
        entries: &[(u64, Command)],
        commit: u64,
        why: &str,
    ) -> Result<(), Overtaken> {
        let leader = self.cluster.after(self.subject, 1);
        let answer = self.ask_append(term, leader, prev, entries, commit).ok_or(Overtaken)?;
        if term < answer.term {
            return Err(Overtaken);
        }
        if answer.yes {
            self.fail(
                Broken::UnfoundedSuccess,
                format!(
                    "AppendEntries behind index {} of term {} refused by server {}: {why}",
                    prev.index, prev.term, self.subject
                ),
                format!("it accepted it, with {} entries", entries.len()),
            );
        }
        Ok(())
    }

    /// The subject is in `term` or a later one, and the request was of a lower one.
    fn must_refuse_stale(&self, term: u64, answer: Option<Answer>, what: &str) {
        let Some(answer) = answer else { return };
        if answer.yes {
            self.fail(
                Broken::StaleTermAccepted,
                format!("{what} of a lower term refused by server {}", self.subject),
                "it was accepted".to_owned(),
            );
        }
        if answer.term < term {
            self.fail(
                Broken::TermHidden,
                format!("{what} of a lower term answered with term {term} or a later one"),
                format!("server {} answered with term {}", self.subject, answer.term),
            );
        }
    }
}
