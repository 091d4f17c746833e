//! Part 2X: crashes at every step. What has left a server binds its next life.

use std::sync::Arc;

use labgob::Value;
use labrpc_host::{Delay, Duplicates, Event, Stage};
use labrt::time::Duration;
use labrt_host::{Clock, Machine, clock};
use parking_lot::Mutex;

use crate::harness::{
    Broken, Cluster, EntryId, Kind, Lab, Net, Puppets, called, caller, kind, request_term,
};

/// A log that is as up to date as any.
const BEST: EntryId = EntryId { index: 1 << 40, term: 1 << 40 };

/// How many of a server's steps a crash is tried at, one after the other. Under the real clock
/// there are no steps; the crash then falls right after the answer.
fn steps_tried() -> u64 {
    if clock() == Some(Clock::Virtual) { 60 } else { 8 }
}

/// Goal: a vote that has left the server is remembered, at whatever step it crashes. Rules P1, E5.
pub(crate) fn crash_at_vote(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let [one, other] = [1, 2].map(|steps| puppets.cluster.after(puppets.subject, steps));
    let answers = puppets.positive_answers(Kind::RequestVote, "vote_granted");
    for steps in 1..=steps_tried() {
        let term = 1000 * steps;
        puppets.cluster.crash_in_steps(puppets.subject, steps);
        puppets.ask_vote(term, one, BEST);
        puppets.restart();
        if !answers.lock().contains(&term) {
            continue;
        }
        let again = puppets.ask_vote(term, other, BEST);
        let what = "it crashed after its vote had left";
        puppets.must_not_vote_again(term, other, &again, what);
        puppets.must_not_be_below(term);
    }
}

/// Goal: a candidate's own vote is remembered once its requests have left. Rules P1, E8, E5.
pub(crate) fn crash_at_candidacy(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let other = puppets.cluster.after(puppets.subject, 1);
    let doomed = puppets.crash_at_vote_request();
    for _ in 0..steps_tried() / 3 {
        let last = puppets.wiretap.last_candidacy(puppets.subject).unwrap_or_default();
        *doomed.lock() = puppets.cluster.machine(puppets.subject).map(|machine| (last, machine));
        let Some(term) = puppets.next_candidacy(last) else { return };
        puppets.cluster.sleep_ms(1);
        puppets.restart();
        let again = puppets.ask_vote(term, other, BEST);
        puppets.must_not_vote_again(term, other, &again, "it stood itself, and crashed then");
    }
}

/// Goal: entries that a server has acknowledged are there after a crash, at whatever step it
/// falls; and so is the cut of its log. Rules P1, P2, A2.
pub(crate) fn crash_at_append(lab: &Lab) {
    let puppets = Puppets::take_over(lab.cluster(3, Net::Reliable));
    let leader = puppets.cluster.after(puppets.subject, 1);
    let answers = puppets.positive_answers(Kind::AppendEntries, "success");
    let base = puppets.base();
    for steps in 1..=steps_tried() {
        // Each leader replaces what the one before it has sent.
        let term = 1000 * steps;
        let entries: Vec<_> = (0..3).map(|_| puppets.entry(term)).collect();
        puppets.cluster.crash_in_steps(puppets.subject, steps);
        puppets.ask_append(term, leader, base, &entries, base.index);
        puppets.restart();
        if !answers.lock().contains(&term) {
            continue;
        }
        let last = EntryId { index: base.index + 3, term };
        let kept = puppets.ask_append(term, leader, last, &[], base.index);
        if kept.is_some_and(|kept| kept.term <= term && !kept.yes) {
            puppets.fail(
                Broken::EntriesLost,
                format!(
                    "server {} to hold index {} of term {term}, which it acknowledged before it \
                     crashed",
                    puppets.subject, last.index
                ),
                "it refused what follows".to_owned(),
            );
        }
    }
}

/// Goal: a server that crashes at any step while it takes snapshots, or is sent one, comes back
/// with a log that continues its snapshot. Rules N2, N3, N7, P1.
pub(crate) fn crash_at_snapshot(lab: &Lab) {
    let cluster = lab.snapshotting_cluster(3, Net::Reliable);
    let agree = |servers| cluster.one_with_retry(&cluster.random_command(), servers);
    agree(3);
    for round in 0..20 {
        let victim = cluster.random(cluster.all());
        match round % 3 {
            0 => cluster.crash_at_new_snapshot(victim),
            1 => cluster.crash_in_steps(victim, cluster.random(1..=400)),
            _ => cluster.crash_in_steps(victim, cluster.random(1..=3000)),
        }
        for _ in 0..10 {
            agree(2);
        }
        cluster.restart(victim);
        cluster.sleep_ms(cluster.random(0..=300));
        if round % 4 == 3 {
            agree(3);
        }
    }
    cluster.all().for_each(|server| cluster.restart(server));
    agree(3);
}

/// Goal: seven servers agree, and lose nothing, while they crash at any step and are cut off, and
/// while every request arrives twice, late, or not at all. Rules P1, S4, A2, C1, E5.
pub(crate) fn storm(lab: &Lab) {
    const SERVERS: usize = 7;
    let cluster = lab.cluster(SERVERS, Net::Unreliable);
    let late = Delay::uniform(Duration::ZERO, Duration::from_millis(1500));
    let network = cluster.network();
    network.set_duplicates(Some(Duplicates { per_mille: 1000, delay: late }));
    network.set_crashed_traffic_arrives(true);
    cluster.storm(40);
    network.set_long_reordering(true);
    cluster.storm(40);

    network.set_long_reordering(false);
    network.set_duplicates(None);
    network.set_reliable(true);
    cluster.heal();
    cluster.one_with_retry(&cluster.random_command(), SERVERS);
}

impl Puppets {
    /// The machine that is put in there crashes as soon as the subject has sent a vote request of
    /// a term above the one beside it.
    fn crash_at_vote_request(&self) -> Arc<Mutex<Option<(u64, Machine)>>> {
        let doomed = Arc::new(Mutex::new(None::<(u64, Machine)>));
        let (armed, subject) = (doomed.clone(), self.subject);
        self.cluster.network().tap(move |event: &Event<'_>| {
            let message = &event.message;
            if event.stage == Stage::RequestSent
                && kind(message) == Some(Kind::RequestVote)
                && caller(message) == Some(subject)
                && let Some((_, machine)) = armed
                    .lock()
                    .take_if(|(last, _)| request_term(message).is_some_and(|term| *last < term))
            {
                labrt_host::event::after(Duration::ZERO, move || machine.crash());
            }
        });
        doomed
    }

    /// The terms of the requests to which the subject's positive answers have left it.
    fn positive_answers(&self, wanted: Kind, field: &'static str) -> Arc<Mutex<Vec<u64>>> {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let (written, subject) = (answers.clone(), self.subject);
        self.cluster.network().set_crashed_traffic_arrives(true);
        self.cluster.network().tap(move |event: &Event<'_>| {
            let message = &event.message;
            let positive = || message.field(field).and_then(Value::as_bool) == Some(true);
            if event.stage == Stage::ReplySent
                && called(message) == Some(subject)
                && kind(message) == Some(wanted)
                && positive()
            {
                written.lock().extend(request_term(message));
            }
        });
        answers
    }
}

impl Cluster {
    /// Servers crash at steps to come, restart, and are cut off; commands go to all.
    fn storm(&self, rounds: usize) {
        for _ in 0..rounds {
            let server = self.random(self.all());
            match self.random(0..6) {
                0 | 1 => self.crash_in_steps(server, self.random(1..=400)),
                2 => self.crash(server),
                3 => self.disconnect(server),
                _ => {}
            }
            let down: Vec<usize> = self.all().filter(|server| !self.is_running(*server)).collect();
            if self.chance(500) || 3 <= down.len() {
                down.iter().for_each(|server| self.restart(*server));
            }
            if self.chance(300) {
                self.all().filter(|server| self.is_up(*server)).for_each(|s| self.connect(s));
            }
            for server in self.all() {
                self.start(server, &self.random_command());
            }
            self.sleep_ms(self.random(0..=150));
        }
    }

    /// All servers are up, and connected.
    pub(super) fn heal(&self) {
        for server in self.all() {
            // Those that are to crash at a step to come are begun anew, too.
            self.restart(server);
        }
    }
}
