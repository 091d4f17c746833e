//! The text of a failure: rule and facts, replay, servers, locks, hint.

use std::fmt::Write;

use labrt_host::{Clock, Failure, FailureKind, Finding, Operation};

use super::verdict::Verdict;
use crate::battery::Test;
use crate::check::wire::Role;
use crate::edition::Edition;
use crate::harness::{Broken, LastSeen, Lateness, Notes, Standing, seconds};
use crate::hints::{self, Rule};

/// How many findings are shown.
const FINDINGS_MAX: usize = 8;

/// What leads to the same run again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replay {
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
    pub(crate) edition: Edition,
}

impl Replay {
    /// The command. Under the virtual clock it leads to the same steps again.
    pub(crate) fn command(self, test: &Test) -> String {
        // A build with other optimisations draws other addresses and hash keys, not other seeds;
        // still, the same binary is the promise.
        let release = if cfg!(debug_assertions) { "" } else { "--release " };
        let clock = match self.clock {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        };
        let edition = match self.edition {
            Edition::Standard => String::new(),
            other => format!(" --edition {}", other.name()),
        };
        format!(
            "cargo test {release}--test battery -- --exact {} --clock {clock} --seed {}{edition}",
            test.name, self.seed
        )
    }
}

/// A run that did not pass, as it is told.
pub(crate) struct Report<'a> {
    pub(crate) test: &'a Test,
    pub(crate) verdict: Verdict,
    pub(crate) replay: Replay,
    pub(crate) failure: &'a Failure,
    pub(crate) findings: &'a [Finding],
    pub(crate) notes: &'a Notes,
    pub(crate) lateness: Option<Lateness>,
}

impl Report<'_> {
    /// The rule that broke, if one is known.
    pub(crate) fn rule(&self) -> Option<&'static Rule> {
        rules(self.failure, self.notes).0
    }

    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let Self { test, failure, notes, .. } = self;
        let (rule, also) = rules(failure, notes);
        let mut text = String::new();
        line(&mut text, &self.headline(rule));
        facts(&mut text, failure, notes);
        line(&mut text, &format!("replay  {}", self.replay.command(test)));
        servers(&mut text, &notes.servers);
        locks(&mut text, failure);
        for finding in self.findings.iter().take(FINDINGS_MAX) {
            line(&mut text, &format!("        {finding}"));
        }
        for warning in &notes.warnings {
            line(&mut text, &format!("note    {warning}"));
        }
        match (self.verdict, rule) {
            (Verdict::Inconclusive, _) => self.excuse(&mut text),
            (_, Some(rule)) => {
                self.no_excuse(&mut text);
                hint(&mut text, rule, also);
            }
            (_, None) => {}
        }
        text
    }

    fn headline(&self, rule: Option<&Rule>) -> String {
        let Self { test, verdict, failure, .. } = self;
        match (verdict, rule) {
            (Verdict::Inconclusive, Some(rule)) if self.is_undecided() => {
                format!("{} {verdict}  rule {} was not judged to the end", test.name, rule.id)
            }
            (Verdict::Inconclusive, Some(rule)) => {
                format!(
                    "{} {verdict}  the machine was too late to judge rule {}",
                    test.name, rule.id
                )
            }
            (_, Some(rule)) => format!("{} {verdict}  rule {}: {}", test.name, rule.id, rule.text),
            (_, None) => format!("{} {verdict}  {}", test.name, failure.kind.title()),
        }
    }

    fn is_undecided(&self) -> bool {
        let found = self.notes.violation.as_ref();
        found.is_some_and(|violation| violation.broken == Broken::NotDecided)
    }

    /// Why a run says nothing.
    fn excuse(&self, text: &mut String) {
        if self.is_undecided() {
            line(text, "means   this is neither a pass nor a failure; another seed may be decided");
        } else if let Some(lateness) = self.lateness {
            line(text, &format!("means   {}", excuse_of(lateness)));
        }
    }

    /// Why a limit that was missed under the real clock counts: so much, or so little, of it was
    /// the machine's.
    fn no_excuse(&self, text: &mut String) {
        if let Some(lateness) = self.lateness.filter(|lateness| lateness.limit.is_some()) {
            line(text, &format!("late    {}", excuse_of(lateness)));
        }
    }
}

fn excuse_of(lateness: Lateness) -> String {
    let Lateness { worst, own_cpu, elapsed, limit, lost } = lateness;
    let own = format!("the run itself used {} of CPU in {}", seconds(own_cpu), seconds(elapsed));
    let worst = seconds(worst);
    match limit {
        Some(limit) => format!(
            "the machine took {} of these {}; a timer of the harness woke {worst} late; {own}",
            seconds(lost),
            seconds(limit),
        ),
        None => format!("a timer of the harness woke {worst} late; {own}"),
    }
}

fn hint(text: &mut String, rule: &Rule, also: &[&str]) {
    line(text, &format!("hint {} {} (student guide, {})", rule.id, rule.hint, rule.id));
    if !also.is_empty() {
        line(text, &format!("        it can also be a breach of {}", also.join(", ")));
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The rule that broke, and others whose breach looks the same.
fn rules(failure: &Failure, notes: &Notes) -> (Option<&'static Rule>, &'static [&'static str]) {
    if let (FailureKind::Host, Some(violation)) = (failure.kind, &notes.violation) {
        let rules = violation.broken.rules();
        if !violation.broken.is_safety() && waits_under_lock(failure) {
            return (hints::rule("L4"), rules);
        }
        return (rules.first().and_then(|id| hints::rule(id)), rules.get(1..).unwrap_or_default());
    }
    (rule_of_the_run(failure), &[])
}

/// Whether a thread of a server holds a lock, and waits for something else than a lock: then
/// whoever needs that lock comes too late, whatever else is wrong.
fn waits_under_lock(failure: &Failure) -> bool {
    let stuck = failure.threads.iter().filter(|it| it.machine.is_some() && !it.holds.is_empty());
    stuck.filter_map(|thread| thread.waits.as_ref()).any(|wait| {
        use Operation::{Join, Receive, Rpc, Send, Sleep};
        matches!(wait.operation, Join | Receive | Rpc | Send | Sleep)
    })
}

/// The rule that a failure found by the runtime is about.
fn rule_of_the_run(failure: &Failure) -> Option<&'static Rule> {
    match failure.kind {
        // An assertion of a submission begins with the rule that it guards.
        FailureKind::Panic => {
            let message = &failure.message;
            // `assert_eq` puts words of its own before those of the assertion.
            let own = message.strip_prefix("assertion `").and_then(|m| m.split_once("` failed: "));
            let (id, _) = own.map_or(message.as_str(), |(_, own)| own).split_once(": ")?;
            hints::rule(id)
        }
        FailureKind::WaitUnderLock => hints::rule("L4"),
        FailureKind::DeadlockCycle => hints::rule(rule_of_a_deadlock(failure)),
        FailureKind::StepLimit => hints::rule("R3"),
        _ => None,
    }
}

fn rule_of_a_deadlock(failure: &Failure) -> &'static str {
    let circle = failure.threads.iter().filter(|thread| !thread.holds.is_empty());
    let waits: Vec<_> = circle.filter_map(|thread| thread.waits.as_ref()).collect();
    let for_locks = waits
        .iter()
        .all(|wait| matches!(wait.operation, Operation::Lock | Operation::Read | Operation::Write));
    match (for_locks, waits.len()) {
        (true, 1) => "L6",
        (true, _) => "L7",
        (false, _) => "L4",
    }
}

fn facts(text: &mut String, failure: &Failure, notes: &Notes) {
    match (failure.kind, &notes.violation) {
        (FailureKind::Host, Some(violation)) => {
            line(text, &format!("  expected {}", violation.expected));
            for fact in violation.seen.lines() {
                line(text, &format!("  {fact}"));
            }
        }
        (FailureKind::Host, None) => facts_of_the_run(text, failure),
        (kind, _) => {
            let mut what = kind.title().to_owned();
            if let Some(machine) = &failure.machine {
                let _ = write!(what, " on {machine}");
            }
            if let Some(thread) = &failure.thread {
                let _ = write!(what, ", in thread '{thread}'");
            }
            line(text, &format!("  {what}, at {}", seconds(failure.at)));
            facts_of_the_run(text, failure);
        }
    }
}

fn facts_of_the_run(text: &mut String, failure: &Failure) {
    for fact in failure.message.lines() {
        line(text, &format!("  {fact}"));
    }
    if let Some(backtrace) = &failure.backtrace {
        for frame in backtrace.lines() {
            line(text, &format!("    {frame}"));
        }
    }
}

/// One server after the other; `?` is what cannot be seen from outside.
fn servers(text: &mut String, servers: &[LastSeen]) {
    let each = servers.iter().enumerate().map(|(number, seen)| {
        let (role, term) = role_and_term(seen);
        let commit = seen.sighting.commit.map_or("?".to_owned(), |index| index.to_string());
        let applied = seen.applied.map_or("?".to_owned(), |index| index.to_string());
        let standing = match seen.standing {
            Standing::Connected => "",
            Standing::CutOff => ", cut off",
            Standing::Crashed => ", crashed",
        };
        match number {
            0 => format!("0 {role} term {term} commit {commit} applied {applied}{standing}"),
            _ => format!("{number} {role} {term} {commit} {applied}{standing}"),
        }
    });
    line(text, &format!("servers {}", each.collect::<Vec<_>>().join(" | ")));
}

/// As seen on the wire, or as the server told, whichever is of the later term.
fn role_and_term(seen: &LastSeen) -> (&'static str, String) {
    let wire = seen.sighting;
    match (wire.role, seen.state) {
        (Some(role), state) if state.is_none_or(|state| state.term <= wire.term) => {
            let role = match role {
                Role::Follower => "follower",
                Role::Candidate => "candidate",
                Role::Leader => "leader",
            };
            (role, wire.term.to_string())
        }
        (_, Some(state)) if state.is_leader => ("leader", state.term.to_string()),
        (_, Some(state)) => ("not leader", state.term.to_string()),
        (_, None) => ("?", "?".to_owned()),
    }
}

fn locks(text: &mut String, failure: &Failure) {
    let mut label = "locks   ";
    for thread in failure.threads.iter().filter(|thread| !thread.holds.is_empty()) {
        line(text, &format!("{label}{}", thread.to_string().trim()));
        label = "        ";
    }
    if label == "locks   " {
        let cycle = if failure.kind == FailureKind::DeadlockCycle { "" } else { ", no cycle" };
        line(text, &format!("{label}none held{cycle}"));
    }
}
