//! Part 2X: what makes a server stand for election, and what must not keep it from that. Judged in
//! the submission's own time: its waits are measured before.

use labrt::time::{Duration, Instant};

use crate::harness::{Broken, EntryId, Lab, Net, Puppets};

/// How many of a server's waits are measured.
const WAITS: usize = 10;
/// Waits that differ by less than this part of the longest are not drawn at random.
const SPREAD_PART: u32 = 20;
/// How much longer than its longest wait a server may take while others speak to it.
const PATIENCE: u32 = 8;
/// How often the others speak.
const PAUSE_MS: u64 = 20;

/// Goal: a server that nobody speaks to waits another time before each election. Rule E4.
pub(crate) fn random_timeouts(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let waits = puppets.waits(WAITS);
    let (Some(shortest), Some(longest)) = (waits.iter().min(), waits.iter().max()) else { return };
    if longest.abs_diff(*shortest) < *longest / SPREAD_PART {
        puppets.fail(
            Broken::TimeoutsNotRandom,
            format!("waits of different lengths before {} elections of one server", waits.len()),
            format!("the shortest took {shortest:?}, the longest {longest:?}"),
        );
    }
}

/// Goal: candidates that are refused do not keep a server from standing itself. Rule E1.
pub(crate) fn refused_candidates(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let other = puppets.cluster.after(puppets.subject, 2);
    let nothing = EntryId::default();
    puppets.must_stand("candidates of its own term, whose logs are behind, ask", |term| {
        puppets.ask_vote(term, other, nothing);
    });
    puppets.must_stand("candidates of lower terms ask", |_| {
        puppets.ask_vote(1, other, puppets.base());
    });
}

/// Goal: a leader of a lower term does not keep a server from standing itself. Rules E1, E10.
pub(crate) fn deposed_leader(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let other = puppets.cluster.after(puppets.subject, 2);
    puppets.must_stand("a leader of a lower term sends heartbeats", |_| {
        puppets.ask_append(1, other, EntryId::default(), &[], 0);
    });
}

/// Goal: a server that hears from its leader follows, were it a candidate before. Rules E11, E1.
pub(crate) fn hears_its_leader(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let Some(limit) = puppets.patience() else { return };
    let last = puppets.wiretap.last_candidacy(puppets.subject).unwrap_or_default();
    let Some(term) = puppets.next_candidacy(last) else { return };

    let begin = Instant::now();
    let mut heard = 0;
    while begin.elapsed() < limit {
        match puppets.append(term, puppets.base(), &[], puppets.base().index) {
            Ok(_) => heard += 1,
            // It was a candidate again before it heard of the leader for the first time.
            Err(_) if heard == 0 => return,
            Err(_) => puppets.fail(
                Broken::LeaderNotFollowed,
                format!("server {} to follow the leader of term {term}", puppets.subject),
                format!("it stood for election after {heard} heartbeats, {PAUSE_MS} ms apart"),
            ),
        }
        puppets.cluster.sleep_ms(PAUSE_MS);
    }
}

impl Puppets {
    /// How long the subject waits before each of so many elections of its own, one after the
    /// other. Fewer if it stands less often: a server that asks before it stands.
    fn waits(&self, count: usize) -> Vec<Duration> {
        let mut waits = Vec::new();
        let mut last = self.wiretap.last_candidacy(self.subject).unwrap_or_default();
        let mut since = None;
        while waits.len() < count {
            let Some(term) = self.next_candidacy(last) else { break };
            let now = Instant::now();
            waits.extend(since.map(|since| now - since));
            (last, since) = (term, Some(now));
        }
        waits
    }

    /// How long a server that waits for nobody takes at most, by a wide margin.
    fn patience(&self) -> Option<Duration> {
        Some(*self.waits(3).iter().max()? * PATIENCE)
    }

    /// The subject hears from a leader once, and then others `speak` to it, who are told its
    /// term: it must stand for election.
    fn must_stand(&self, who: &str, speak: impl Fn(u64)) {
        let Some(limit) = self.patience() else { return };
        self.play(|term| {
            let base = self.base();
            self.must_match(term, base, &[], base.index)?;
            let begin = Instant::now();
            while self.wiretap.last_candidacy(self.subject).is_none_or(|stood| stood <= term) {
                if limit < begin.elapsed() {
                    self.fail(
                        Broken::ElectionTimerRestarted,
                        format!(
                            "server {} to stand for election within {limit:?}, {PATIENCE} times as \
                             long as it waits when nobody speaks to it: no leader does",
                            self.subject
                        ),
                        format!("it does not while {who}"),
                    );
                }
                speak(term);
                self.cluster.sleep_ms(PAUSE_MS);
            }
            Ok(())
        });
    }
}
