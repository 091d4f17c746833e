//! One server among puppets: its peers are played by the scenario.
//!
//! The servers of a cluster elect a leader and agree on a command, and are watched; then one of
//! them, the *subject*, is cut off from the others, and asked things in their name. The requests
//! are the submission's own, with other contents in the fields of Figure 2 and Figure 13: what
//! else a message holds stays as the submission wrote it.
//!
//! What is played must be a history that can be: leaders that a majority could have elected,
//! whose logs hold all that was committed.

use std::collections::BTreeMap;

use labgob::Value;
use labrpc::MethodName;
use labrpc_host::{Delay, EndSpec, LinkSettings};
use labrt::time::Duration;
use labrt_host::now;
use parking_lot::Mutex;

use super::aim::Kind;
use super::applied::Command;
use super::broken::Broken;
use super::calls::command;
use super::rafts::Cluster;
use super::server::name;
use super::violation::{Violation, seconds};
use super::wiretap::{Request, Wiretap};

/// The end through which the puppets speak.
const END: &str = "puppets";
/// How much higher the terms of a new play are: elections of the subject's own do not come near.
const TERM_STEP: u64 = 1000;
/// How often a play begins again because the subject stood for election meanwhile. Under the
/// virtual clock a play takes less than an election timeout.
const TRIES: u64 = 8;

/// What tells an entry from all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EntryId {
    pub(crate) index: u64,
    pub(crate) term: u64,
}

/// An answer of the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The term in it.
    pub(crate) term: u64,
    /// Whether it granted, or accepted.
    pub(crate) yes: bool,
}

/// The subject is in a later term than the leader that is being played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overtaken;

/// What the subject was made to hold and to commit, which later leaders must hold, too.
struct History {
    /// The terms of the entries, by index.
    terms: BTreeMap<u64, u64>,
    committed: u64,
}

/// The way to ask one server in its peers' names.
pub(crate) struct Puppets {
    pub(crate) cluster: Cluster,
    /// Who is asked.
    pub(crate) subject: usize,
    /// What was sent so far, by all servers.
    pub(crate) wiretap: Wiretap,
    history: Mutex<History>,
    vote: Request,
    append: Request,
    snapshot: Option<Request>,
}

impl Puppets {
    /// Lets the cluster elect a leader and agree on a command, and takes a follower aside.
    pub(crate) fn take_over(cluster: Cluster) -> Self {
        let wiretap = Wiretap::on(&cluster);
        let index = cluster.one(&cluster.random_command(), cluster.len());
        // A leader that is taken aside may go on leading; it would never stand for election.
        let steps = cluster.random(1..cluster.len());
        let subject = cluster.after(cluster.check_one_leader(), steps);
        Self::of(cluster, wiretap, subject, index)
    }

    /// Takes `subject` aside, whose log ends with the committed index `index`.
    pub(crate) fn of(cluster: Cluster, wiretap: Wiretap, subject: usize, index: u64) -> Self {
        let found = |kind| wiretap.last(|request| request.kind == kind && is_whole(request));
        let (Some(vote), Some(append)) = (found(Kind::RequestVote), found(Kind::AppendEntries))
        else {
            cluster.referee().fail(Violation::new(
                Broken::UnreadableMessage,
                "RequestVote and AppendEntries with the field names of Figure 2, in snake case",
                format!("a leader was elected and replicated, by {}, without them", seconds(now())),
            ))
        };
        let snapshot = found(Kind::InstallSnapshot);
        let holds_it = |request: &Request| request.entry_term(index).is_some();
        let term = wiretap.last(holds_it).and_then(|request| request.entry_term(index));
        let term = term.unwrap_or_default();
        cluster.connect_only(&[]);
        // They would take what the puppets say for what servers say. The scenario judges itself.
        cluster.close_checkers();

        let network = cluster.network();
        let end = EndSpec::new(END);
        let made = network.make_end(end).and_then(|_| network.connect(END, &name(subject)));
        made.and_then(|()| network.enable(END, true)).expect("the puppets' end is made once");
        let at_once = LinkSettings { latency: Some(Delay::NONE), ..LinkSettings::default() };
        for (from, to) in [(END.to_owned(), name(subject)), (name(subject), END.to_owned())] {
            network.set_link(&from, &to, at_once.clone()).expect("both were made");
        }
        let history = History { terms: BTreeMap::from([(0, 0), (index, term)]), committed: index };
        let history = Mutex::new(history);
        Self { cluster, subject, wiretap, history, vote, append, snapshot }
    }

    /// The last entry that the subject knows to be committed.
    pub(crate) fn base(&self) -> EntryId {
        let history = self.history.lock();
        let term = history.terms.get(&history.committed).copied().unwrap_or_default();
        EntryId { index: history.committed, term }
    }

    /// Plays `play` in a term that is far above all others, again if the subject stood for
    /// election meanwhile.
    pub(crate) fn play(&self, play: impl Fn(u64) -> Result<(), Overtaken>) {
        let over = (1..=TRIES).any(|attempt| {
            let above = self.cluster.state(self.subject).map_or(0, |state| state.term);
            play((above / TERM_STEP + attempt) * TERM_STEP).is_ok()
        });
        if !over {
            self.fail(
                Broken::TermChangesTooOften,
                "a server that follows while its leader speaks".to_owned(),
                "it stood for election in each of several tries".to_owned(),
            );
        }
    }

    /// Asks for the subject's vote. `None` if no answer came.
    pub(crate) fn ask_vote(&self, term: u64, candidate: usize, last: EntryId) -> Option<Answer> {
        let reply = self.send(
            &self.vote,
            &[
                ("term", Value::Unsigned(term)),
                ("candidate_id", Value::Unsigned(candidate as u64)),
                ("last_log_index", Value::Unsigned(last.index)),
                ("last_log_term", Value::Unsigned(last.term)),
            ],
        )?;
        Some(self.read(&reply, "vote_granted"))
    }

    /// Sends entries of these terms as `leader` of `term`. `None` if no answer came.
    pub(crate) fn ask_append(
        &self,
        term: u64,
        leader: usize,
        prev: EntryId,
        entries: &[(u64, Command)],
        commit: u64,
    ) -> Option<Answer> {
        let template = Value::parse(&self.append.bytes).ok()?;
        let entry = template.field("entries")?.as_seq()?.first()?.clone();
        let entries = (prev.index + 1..).zip(entries).map(|(index, (term, command))| {
            changed(
                entry.clone(),
                &[
                    ("term", Value::Unsigned(*term)),
                    ("index", Value::Unsigned(index)),
                    ("command", Value::Bytes(command)),
                ],
            )
        });
        let reply = self.send(
            &self.append,
            &[
                ("term", Value::Unsigned(term)),
                ("leader_id", Value::Unsigned(leader as u64)),
                ("prev_log_index", Value::Unsigned(prev.index)),
                ("prev_log_term", Value::Unsigned(prev.term)),
                ("entries", Value::Seq(entries.collect())),
                ("leader_commit", Value::Unsigned(commit)),
            ],
        )?;
        Some(self.read(&reply, "success"))
    }

    /// As [`Puppets::ask_append`], of a leader that is not to be refused for its term; whether
    /// the subject accepts.
    pub(crate) fn append(
        &self,
        term: u64,
        prev: EntryId,
        entries: &[(u64, Command)],
        commit: u64,
    ) -> Result<bool, Overtaken> {
        let leader = self.cluster.after(self.subject, 1);
        let answer = self.ask_append(term, leader, prev, entries, commit).ok_or(Overtaken)?;
        if term < answer.term {
            return Err(Overtaken);
        }
        if answer.yes {
            let history = &mut *self.history.lock();
            let terms = entries.iter().map(|(term, _)| *term);
            history.terms.extend((prev.index + 1..).zip(terms));
            let vouched = prev.index + entries.len() as u64;
            history.committed = history.committed.max(commit.min(vouched));
        }
        Ok(answer.yes)
    }

    /// Sends the service's snapshot of `last` as the leader of `term`. `None` if no answer came,
    /// or no snapshot was seen so far whose shape could be taken.
    pub(crate) fn install(&self, term: u64, last: EntryId, data: &[u8]) -> Option<u64> {
        let leader = self.cluster.after(self.subject, 1);
        let reply = self.send(
            self.snapshot.as_ref()?,
            &[
                ("term", Value::Unsigned(term)),
                ("leader_id", Value::Unsigned(leader as u64)),
                ("last_included_index", Value::Unsigned(last.index)),
                ("last_included_term", Value::Unsigned(last.term)),
                ("data", Value::Bytes(data)),
            ],
        )?;
        Value::parse(&reply).ok()?.field("term")?.as_u64()
    }

    fn send(&self, template: &Request, fields: &[(&str, Value<'_>)]) -> Option<Vec<u8>> {
        let value = Value::parse(&template.bytes).expect("it was parsed when it was seen");
        let bytes = changed(value, fields).to_bytes().expect("what was read can be written");
        self.call(template.method, bytes)
    }

    fn call(&self, method: MethodName, bytes: Vec<u8>) -> Option<Vec<u8>> {
        if !self.cluster.is_running(self.subject) {
            return None;
        }
        self.cluster.network().call(END, method, bytes).expect("the puppets' end was made")
    }

    fn read(&self, reply: &[u8], yes: &str) -> Answer {
        let value = Value::parse(reply).ok();
        let field = |name: &str| value.as_ref().and_then(|value| value.field(name));
        let answer = (field("term").and_then(Value::as_u64), field(yes).and_then(Value::as_bool));
        let (Some(term), Some(yes)) = answer else {
            self.fail(
                Broken::UnreadableMessage,
                format!("a reply with the fields `term` and `{yes}` of Figure 2"),
                format!("server {} replied without them", self.subject),
            )
        };
        Answer { term, yes }
    }

    /// A command that nobody gave.
    pub(crate) fn entry(&self, term: u64) -> (u64, Command) {
        (term, command(format!("{term}-{}", self.cluster.random(0..1_u64 << 32))))
    }

    /// Crashes the subject, and starts it again from what it has saved.
    pub(crate) fn restart(&self) {
        self.cluster.start_server(self.subject);
    }

    /// The subject must apply `index` soon, without being told anything more.
    pub(crate) fn must_apply(&self, index: u64) {
        const LIMIT: Duration = Duration::from_secs(1);
        if !self.cluster.applies_within(self.subject, index, LIMIT) {
            self.fail(
                Broken::NotAppliedInSilence,
                format!("what is committed applied without new messages, up to index {index}"),
                format!(
                    "{} later server {} has applied up to index {}",
                    seconds(LIMIT),
                    self.subject,
                    self.applied()
                ),
            );
        }
    }

    /// The subject must not go beyond `index`, since `why`.
    pub(crate) fn must_not_apply_beyond(&self, index: u64, broken: Broken, why: &str) {
        self.cluster.sleep_ms(30);
        if index < self.applied() {
            self.fail(
                broken,
                format!("nothing applied beyond index {index}: {why}"),
                format!("server {} applied up to index {}", self.subject, self.applied()),
            );
        }
    }

    fn applied(&self) -> u64 {
        self.cluster.applied().last_applied(self.subject)
    }

    /// Ends the test: what was seen contradicts what had to be.
    pub(crate) fn fail(&self, broken: Broken, expected: String, seen: String) -> ! {
        let seen = format!("{seen}, at {}", seconds(now()));
        self.cluster.referee().fail(Violation::new(broken, expected, seen))
    }
}

/// Whether a request has all fields that the puppets fill in, and an entry to take the shape of.
fn is_whole(request: &Request) -> bool {
    match request.kind {
        Kind::RequestVote => request.number("last_log_term").is_some(),
        Kind::AppendEntries => 0 < request.entry_count() && request.number("term").is_some(),
        Kind::InstallSnapshot => true,
    }
}

/// The struct with these contents in the fields that it has.
fn changed<'a>(value: Value<'a>, changes: &[(&str, Value<'a>)]) -> Value<'a> {
    let Value::Struct(mut fields) = value else { return value };
    for (name, content) in &mut fields {
        if let Some((_, new)) = changes.iter().find(|(changed, _)| changed == name) {
            *content = new.clone();
        }
    }
    Value::Struct(fields)
}
