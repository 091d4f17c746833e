//! Part 2X: replies that come late, when the question is no longer what it was.

use labgob::Value;
use labrpc_host::{Delay, EndSpec, Hold, LinkSettings};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Clock, clock, now};

use crate::check::Wait;
use crate::harness::{
    Broken, Cluster, Kind, Lab, Net, Violation, called, caller, command, drop_all, gives_vote,
    is_plain_vote, is_request, kind, request_term, seconds, server_name,
};

/// How long the cluster has for what it does by itself.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether the acknowledgements of an earlier term arrive in that term, or two terms later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acknowledgements {
    InTime,
    Late,
}

/// Goal: votes of one candidacy do not count in the next. Rules L5, R1, E7.
pub(crate) fn late_votes(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    let candidate = cluster.random(cluster.all());
    let others = cluster.only_candidate(candidate);
    cluster.get_ahead(candidate);
    let votes = cluster.hold_votes_for(candidate);

    // Both others vote for it, and it does not hear of that.
    let held = cluster.expect_held(&votes, 2, "votes for the only server that stands");
    let term = held.iter().filter_map(|held| request_term(&held.message())).max();
    let term = term.unwrap_or_default();

    // One that asks before it stands does not stand again: it would not be elected.
    let plain = |value: &Value<'_>| is_plain_vote(value);
    if !held.iter().all(|held| held.message().request_value().is_some_and(plain)) {
        drop_all(&others);
        votes.release_all();
        drop((others, votes));
        cluster.one_with_retry(&command(100), 3);
        return;
    }

    // It stands again, and reaches nobody. Then the old votes arrive.
    let again = cluster.network().hold(move |message| {
        is_request(message)
            && kind(message) == Some(Kind::RequestVote)
            && caller(message) == Some(candidate)
            && request_term(message).is_some_and(|later| term < later)
    });
    cluster.expect_held(&again, 1, "vote requests of a later term: nobody was elected");
    votes.release_all();
    cluster.sleep_ms(20);

    let state = cluster.state(candidate);
    if let Some(state) = state.filter(|state| state.is_leader && term < state.term) {
        cluster.fail(
            Broken::LeaderWithoutVotes,
            format!("no leader of term {}: its vote requests reached nobody", state.term),
            format!("server {candidate} says it leads it; it has votes of term {term}"),
        );
    }
    for hold in [&others, &votes, &again] {
        drop_all(hold);
    }
    drop((others, votes, again));
    cluster.one_with_retry(&command(100), 3);
}

/// Goal: a server that is shown a later term in the moment of its last vote does not lead that
/// term. Rules L5, L2, E7.
pub(crate) fn last_vote(lab: &Lab) {
    let rounds = if clock() == Some(Clock::Virtual) { 12 } else { 4 };
    let cluster = lab.cluster(3, Net::Reliable);
    let candidate = cluster.random(cluster.all());
    let other = cluster.after(candidate, 1);
    let others = cluster.only_candidate(candidate);
    let stranger = cluster.stranger(candidate);

    for _ in 0..rounds {
        cluster.get_ahead(candidate);
        let votes = cluster.hold_votes_for(candidate);
        let held = cluster.expect_held(&votes, 2, "votes for the only server that stands");
        let Some(last) = held.last() else { return };
        let message = last.message();
        let (Some(term), Some(request)) = (request_term(&message), message.request_value()) else {
            return;
        };
        // Another candidate of the next term, with an empty log: it needs no vote to be heard.
        let request = changed(
            request,
            &[("term", term + 1), ("candidate_id", other as u64), ("last_log_index", 0)],
        );
        let (network, method) = (cluster.network().clone(), message.method());
        let asks = thread::spawn(move || network.call(stranger, method, request));
        let calls: Vec<_> = held.iter().map(|held| held.call()).collect();
        for call in calls {
            let _ = votes.release(call);
        }
        let _ = asks.join();
        cluster.sleep_ms(5);

        let state = cluster.state(candidate);
        if let Some(state) = state.filter(|state| state.is_leader && term < state.term) {
            cluster.fail(
                Broken::LeaderWithoutVotes,
                format!("no leader of term {}: nobody has voted in it", state.term),
                format!(
                    "server {candidate} says it leads it; it has votes of term {term}, and they \
                     came when it was shown the later one"
                ),
            );
        }
        drop_all(&votes);
        drop(votes);
        if state.is_some_and(|state| state.is_leader) {
            cluster.restart(candidate);
        }
    }
    drop_all(&others);
    drop(others);
    cluster.one_with_retry(&command(100), 3);
}

/// Goal: what a follower acknowledged is what it was sent, not what the leader has by now.
/// Rules C5, C6, C2.
pub(crate) fn sent_then(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    let index = cluster.one(&command(100), 3);
    let leader = cluster.check_one_leader();

    // Both followers take one command; their acknowledgements wait.
    let acks = cluster.hold_acknowledgements(leader, None);
    let Some(first) = cluster.start(leader, &command(101)) else { return };
    if first.index != index + 1 {
        return; // Another leader came in between, with nothing of its own.
    }
    cluster.expect_held(&acks, 2, "acknowledgements of one command");
    cluster.sleep_ms(5);

    // More commands reach nobody.
    let requests = cluster.network().hold(move |message| {
        is_request(message)
            && kind(message) == Some(Kind::AppendEntries)
            && caller(message) == Some(leader)
    });
    for number in 102..110 {
        cluster.start(leader, &command(number));
    }
    acks.release_all();
    cluster.sleep_ms(100);
    for lost in 2..=9 {
        cluster.check_not_committed(index + lost, "it was sent to nobody");
    }
    drop_all(&requests);
    drop((acks, requests));
    cluster.one_with_retry(&command(200), 3);
}

/// Goal: acknowledgements of an earlier leadership do not count in a later one. Rules E12, C5.
pub(crate) fn leads_again(lab: &Lab) {
    lead_twice(lab, Acknowledgements::InTime);
}

/// Goal: the same, if they arrive when it leads again. Rules R1, L5, S4.
pub(crate) fn late_acknowledgements(lab: &Lab) {
    lead_twice(lab, Acknowledgements::Late);
}

fn lead_twice(lab: &Lab, acknowledgements: Acknowledgements) {
    let cluster = lab.cluster(5, Net::Reliable);
    let index = cluster.one(&command(100), 5);
    let leader = cluster.check_one_leader();
    let [follower, helper, third, fourth] = [1, 2, 3, 4].map(|steps| cluster.after(leader, steps));

    // One follower takes eight commands from a leader that cannot commit them.
    let late = acknowledgements == Acknowledgements::Late;
    let acks = late.then(|| cluster.hold_acknowledgements(leader, Some(follower)));
    cluster.connect_only(&[leader, follower]);
    for number in 0..8 {
        cluster.start(leader, &command(1000 + number));
        cluster.sleep_ms(10); // What overtakes what is before it would be refused.
    }
    cluster.sleep_ms(300);

    // The other three elect a leader and commit something else; the two of them take it over.
    cluster.connect_only(&[helper, third, fourth]);
    let committed = cluster.one_with_retry(&command(2000), 3);
    cluster.connect(follower);
    cluster.wait(committed, 4, Wait::Patiently);
    cluster.connect(leader);
    cluster.wait(committed, 5, Wait::Patiently);

    // It leads again, and reaches one other follower of four.
    let term = cluster.make_leader(leader);
    cluster.connect_only(&[leader, helper]);
    let accepted: Vec<u64> = (0..8)
        .filter_map(|number| cluster.start(leader, &command(3000 + number)))
        .map(|started| started.index)
        .collect();
    if let Some(acks) = &acks {
        acks.release_all();
    }
    cluster.sleep_ms(300);
    let still_leads = cluster.state(leader).is_some_and(|state| state.term == term);
    for index in accepted.iter().filter(|given| still_leads && committed < **given) {
        let why = "its leader reaches one follower of four, and an acknowledgement of an earlier \
                   term is none of this one";
        cluster.check_not_committed(*index, why);
    }
    drop(acks);

    cluster.all().for_each(|server| cluster.connect(server));
    let last = cluster.one_with_retry(&command(4000), 5);
    cluster.check_follows(last, index);
}

impl Cluster {
    fn hold_votes_for(&self, candidate: usize) -> Hold {
        self.network()
            .hold(move |message| caller(message) == Some(candidate) && gives_vote(message))
    }

    /// Holds replies to AppendEntries of `leader`, of one follower or of all.
    fn hold_acknowledgements(&self, leader: usize, follower: Option<usize>) -> Hold {
        self.network().hold(move |message| {
            !is_request(message)
                && kind(message) == Some(Kind::AppendEntries)
                && caller(message) == Some(leader)
                && (follower.is_none() || called(message) == follower)
        })
    }

    /// Waits for messages that must come.
    pub(super) fn expect_held(
        &self,
        hold: &Hold,
        count: usize,
        what: &str,
    ) -> Vec<labrpc_host::HeldMessage> {
        hold.wait(count, PATIENCE).unwrap_or_else(|error| {
            self.fail(Broken::NoLeader, format!("{count} {what}"), error.to_string())
        })
    }

    /// Makes an end to `server` for requests that no server of the cluster sends. They arrive at
    /// once.
    fn stranger(&self, server: usize) -> &'static str {
        const NAME: &str = "stranger";
        let network = self.network();
        let made = network.make_end(EndSpec::new(NAME));
        let made = made.and_then(|_| network.connect(NAME, &server_name(server)));
        made.and_then(|()| network.enable(NAME, true)).expect("it is made once");
        let at_once = LinkSettings { latency: Some(Delay::NONE), ..LinkSettings::default() };
        network.set_link(NAME, &server_name(server), at_once).expect("both were made");
        NAME
    }

    /// Ends the test: what was seen contradicts what had to be.
    pub(super) fn fail(&self, broken: Broken, expected: String, seen: String) -> ! {
        let seen = format!("{seen}, at {}", seconds(now()));
        self.referee().fail(Violation::new(broken, expected, seen))
    }
}

/// A request with other numbers in it, encoded.
fn changed(request: &Value<'_>, numbers: &[(&str, u64)]) -> Vec<u8> {
    let mut fields = request.fields().unwrap_or_default().to_vec();
    for (name, value) in &mut fields {
        if let Some((_, number)) = numbers.iter().find(|(changed, _)| changed == name) {
            *value = Value::Unsigned(*number);
        }
    }
    Value::Struct(fields).to_bytes().expect("what was read can be written")
}
