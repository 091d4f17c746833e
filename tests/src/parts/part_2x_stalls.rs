//! Part 2X: threads that are stalled between two critical sections, or before they deliver. What
//! one of them saw under the lock need not be so any more when it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use labrpc_host::{Delay, Duplicates};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::Stalls;

use crate::harness::{Broken, Cluster, EntryId, Lab, Net, Overtaken, Puppets};

/// A log that is as up to date as any.
const BEST: EntryId = EntryId { index: 1 << 40, term: 1 << 40 };

/// Every other lock that is taken comes up to so many milliseconds late.
fn often(longest_ms: u64) -> Option<Stalls> {
    Some(Stalls { one_in: 2, longest: Duration::from_millis(longest_ms) })
}

/// Goal: a server that is in a new term as a candidate has voted in it, whenever it is asked. Rules
/// L2, E5, E8.
pub(crate) fn stalled_candidate(lab: &Lab) {
    const CANDIDACIES: usize = 15;
    const ASKING: usize = 4;
    let puppets = Arc::new(Puppets::take_over(lab.cluster(3, Net::Reliable)));
    let other = puppets.cluster.after(puppets.subject, 1);
    puppets.cluster.stall(puppets.subject, often(40));
    let played = Arc::new(AtomicU64::new(u64::MAX));
    let over = Arc::new(AtomicBool::new(false));
    let ask = |_| {
        let (puppets, played, over) = (puppets.clone(), played.clone(), over.clone());
        thread::spawn(move || puppets.ask_while_standing(other, &played, &over))
    };
    let asking: Vec<_> = (0..ASKING).map(ask).collect();
    for _ in 0..CANDIDACIES {
        let Some(state) = puppets.cluster.state(puppets.subject) else { break };
        let term = state.term + 10;
        played.store(term, Ordering::Relaxed);
        // It votes for the one that will ask again: that vote is none of the next term.
        puppets.ask_vote(term, other, BEST);
        if puppets.next_candidacy(term).is_none() {
            break; // It asks before it stands, and does not get into another term.
        }
        puppets.cluster.sleep_ms(50);
    }
    over.store(true, Ordering::Relaxed);
    asking.into_iter().for_each(|asking| asking.join().expect("a question is answered"));
}

/// Goal: votes that are asked for in two terms at once are given in the order of the terms: the
/// term never falls, and nobody gets a second vote. Rules L3, E5, E10.
pub(crate) fn stalled_votes(lab: &Lab) {
    const ROUNDS: u64 = 40;
    let puppets = Puppets::take_over(lab.cluster(5, Net::Reliable));
    let candidates = [1, 2, 3, 4].map(|steps| puppets.cluster.after(puppets.subject, steps));
    // From here on it hears no leader, and listens to everybody.
    puppets.play(|term| puppets.must_grant(term, candidates[0], BEST));
    puppets.cluster.stall(puppets.subject, often(20));
    let puppets = Arc::new(puppets);

    for round in 1..=ROUNDS {
        let terms = [10_000 + 10 * round, 10_001 + 10 * round];
        let asked = [0, 1, 2, 3].map(|number| {
            let (puppets, term, candidate) =
                (puppets.clone(), terms[number % 2], candidates[number]);
            thread::spawn(move || (term, candidate, puppets.ask_vote(term, candidate, BEST)))
        });
        let answers = asked.map(|asked| asked.join().expect("a question is answered"));
        let granted = answers.iter().filter(|(_, _, answer)| answer.is_some_and(|it| it.yes));
        let granted: Vec<_> = granted.map(|(term, candidate, _)| (*term, *candidate)).collect();
        for (number, (term, first)) in granted.iter().enumerate() {
            let again = granted[number + 1..].iter().find(|(again, _)| again == term);
            if let Some((_, second)) = again {
                puppets.fail(
                    Broken::TwoVotes,
                    format!("one vote of server {} in term {term}", puppets.subject),
                    format!("asked at once, it voted for servers {first} and {second}"),
                );
            }
        }
        let told = answers.iter().filter_map(|(_, _, answer)| Some(answer.as_ref()?.term)).max();
        puppets.must_not_be_below(told.unwrap_or_default());
    }
}

/// Goal: messages of one leader that are handled at once leave all that any of them brought. Rules
/// L3, A2.
pub(crate) fn stalled_appends(lab: &Lab) {
    const ROUNDS: usize = 20;
    let puppets = Arc::new(Puppets::take_over(lab.cluster(3, Net::Reliable)));
    puppets.cluster.stall(puppets.subject, often(20));
    for _ in 0..ROUNDS {
        puppets.play(|term| append_at_once(&puppets, term));
    }
}

fn append_at_once(puppets: &Arc<Puppets>, term: u64) -> Result<(), Overtaken> {
    const LENGTHS: [usize; 6] = [6, 2, 4, 6, 1, 3];
    let base = puppets.base();
    let entries: Vec<_> = (0..6).map(|_| puppets.entry(term)).collect();
    let sent = LENGTHS.map(|length| {
        let (puppets, entries) = (puppets.clone(), entries[..length].to_vec());
        thread::spawn(move || puppets.must_match(term, base, &entries, base.index))
    });
    let handled = sent.map(|sent| sent.join().expect("a request is answered"));
    handled.into_iter().collect::<Result<Vec<()>, Overtaken>>()?;

    let last = EntryId { index: base.index + entries.len() as u64, term };
    puppets.must_match(term, last, &[], last.index)?;
    puppets.must_apply(last.index);
    Ok(())
}

/// Goal: a snapshot stands in order with the entries, though there are some that were committed
/// before it came, and are not delivered yet. Rules N8, S2, C3.
pub(crate) fn stalled_deliveries(lab: &Lab) {
    const ROUNDS: usize = 6;
    let cluster = lab.snapshotting_cluster(3, Net::Reliable);
    let agree = |servers| cluster.one_with_retry(&cluster.random_command(), servers);
    agree(3);
    for _ in 0..ROUNDS {
        let away = cluster.after(cluster.check_one_leader(), cluster.random(1..=2));
        cluster.stall(away, often(1000));
        for _ in 0..5 {
            agree(2);
        }
        cluster.disconnect(away);
        for _ in 0..12 {
            agree(2);
        }
        cluster.connect(away);
        cluster.sleep_ms(2000);
        cluster.stall(away, None);
        agree(3);
    }
}

/// Goal: five servers agree, and lose nothing, while their threads are stalled between one
/// critical section and the next, requests arrive twice, and leaders come and go. Rules L2, L3, L5.
pub(crate) fn stalled_threads(lab: &Lab) {
    const SERVERS: usize = 5;
    const ROUNDS: usize = 40;
    let cluster = lab.cluster(SERVERS, Net::Reliable);
    let soon = Delay::uniform(Duration::ZERO, Duration::from_millis(100));
    cluster.network().set_duplicates(Some(Duplicates { per_mille: 500, delay: soon }));
    for _ in 0..ROUNDS {
        cluster.stall_for_a_round();
        for server in cluster.all() {
            cluster.start(server, &cluster.random_command());
        }
        cluster.sleep_ms(cluster.random(0..=400));
    }
    cluster.stall_all(None);
    cluster.network().set_duplicates(None);
    cluster.all().for_each(|server| cluster.connect(server));
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
}

impl Puppets {
    /// Asks the subject to vote for `other` in each term that it is in, until it is `over`. Up to
    /// the term that was `played` others have begun them; all later ones it has begun itself.
    fn ask_while_standing(&self, other: usize, played: &AtomicU64, over: &AtomicBool) {
        let mut last = 0;
        while !over.load(Ordering::Relaxed) {
            self.cluster.sleep_ms(1);
            let Some(state) = self.cluster.state(self.subject) else { continue };
            if state.term <= last.max(played.load(Ordering::Relaxed)) {
                continue;
            }
            last = state.term;
            let answer = self.ask_vote(last, other, BEST);
            self.must_not_vote_again(last, other, &answer, "it stood itself");
        }
    }
}

impl Cluster {
    /// Other stalls: about as long as a message is on its way, as messages stay apart, or as an
    /// election takes; and perhaps another server is cut off.
    fn stall_for_a_round(&self) {
        let longest = Duration::from_millis([10, 100, 600][self.random(0..3)]);
        let stalls = Stalls { one_in: self.random(2..=8), longest };
        self.stall_all(Some(stalls));
        if self.chance(400) {
            self.all().for_each(|server| self.connect(server));
        }
        if self.chance(500) {
            self.disconnect(self.random(self.all()));
        }
    }
}
