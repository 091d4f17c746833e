//! What is known of all runs so far, in memory that grows with a bit a run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::results::NotPassed;
use super::seeds::SeedSet;
use crate::verdict::Verdict;

/// What a run that did not pass is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Fail,
    Aborted,
    Inconclusive,
    FrameworkError,
    /// It failed among others, and went another way in a process of its own.
    Unconfirmed,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] =
        [Kind::Fail, Kind::Aborted, Kind::Inconclusive, Kind::FrameworkError, Kind::Unconfirmed];

    /// As reports write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Fail => Verdict::Fail.name(),
            Kind::Aborted => Verdict::Aborted.name(),
            Kind::Inconclusive => Verdict::Inconclusive.name(),
            Kind::FrameworkError => Verdict::FrameworkError.name(),
            Kind::Unconfirmed => "unconfirmed",
        }
    }

    /// Whether it is a failure of the code under test.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Kind::Fail | Kind::Aborted)
    }

    /// `None` for a pass.
    pub(crate) fn of(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Pass => None,
            Verdict::Fail => Some(Kind::Fail),
            Verdict::Aborted => Some(Kind::Aborted),
            Verdict::Inconclusive => Some(Kind::Inconclusive),
            Verdict::FrameworkError => Some(Kind::FrameworkError),
        }
    }
}

/// How many examples of a group are shown.
pub(crate) const EXAMPLES_MAX: usize = 3;

/// Failures that look the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// How many of each test.
    pub(crate) tests: BTreeMap<String, u64>,
    /// Those with the lowest seeds, kept ones first.
    pub(crate) examples: Vec<NotPassed>,
}

/// One test's runs.
#[derive(Clone, Debug, Default)]
struct TestRuns {
    passed: SeedSet,
    other: BTreeMap<Kind, SeedSet>,
}

/// All runs, each counted once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    tests: BTreeMap<String, TestRuns>,
    groups: BTreeMap<(Kind, String), Group>,
    /// Every run that did not pass, by test, seed and kind, if they are kept.
    not_passed: Option<BTreeMap<(String, u64, Kind), NotPassed>>,
}

impl Tally {
    /// A tally that also keeps every run that did not pass, each in some hundred bytes.
    pub(crate) fn that_keeps_all() -> Self {
        Tally { not_passed: Some(BTreeMap::new()), ..Tally::default() }
    }

    /// Whether the run is known already.
    pub(crate) fn contains(&self, test: &str, seed: u64) -> bool {
        let holds = |runs: &TestRuns| {
            runs.passed.contains(seed) || runs.other.values().any(|seeds| seeds.contains(seed))
        };
        self.tests.get(test).is_some_and(holds)
    }

    /// A run passed.
    pub(crate) fn add_pass(&mut self, test: &str, seed: u64) {
        self.of_test(test).passed.insert(seed);
    }

    /// Runs passed.
    pub(crate) fn add_passed(&mut self, test: &str, seeds: &SeedSet) {
        self.of_test(test).passed.join(seeds);
    }

    fn of_test(&mut self, test: &str) -> &mut TestRuns {
        if !self.tests.contains_key(test) {
            self.tests.insert(test.to_owned(), TestRuns::default());
        }
        self.tests.get_mut(test).expect("it was inserted")
    }

    /// A run did not pass; whether that is new.
    pub(crate) fn add(&mut self, run: NotPassed) -> bool {
        let is_new = self.of_test(&run.test).other.entry(run.kind).or_default().insert(run.seed);
        if !is_new {
            return false;
        }
        let group = self.groups.entry((run.kind, run.signature.clone())).or_default();
        group.count += 1;
        *group.tests.entry(run.test.clone()).or_default() += 1;
        group.examples.push(run.clone());
        group.examples.sort_by_key(|run| (run.kept.is_none(), run.seed, run.test.clone()));
        group.examples.truncate(EXAMPLES_MAX);
        if let Some(not_passed) = &mut self.not_passed {
            not_passed.insert((run.test.clone(), run.seed, run.kind), run);
        }
        true
    }

    /// Adds all of another, which keeps all, counting nothing twice.
    pub(crate) fn join(&mut self, other: Tally) {
        for (test, runs) in &other.tests {
            self.add_passed(test, &runs.passed);
        }
        for run in other.not_passed.into_iter().flat_map(BTreeMap::into_values) {
            self.add(run);
        }
    }

    /// How many runs of this kind look so.
    pub(crate) fn count_like(&self, kind: Kind, signature: &str) -> u64 {
        self.groups.get(&(kind, signature.to_owned())).map_or(0, |group| group.count)
    }

    /// Groups, the largest first, failures before what says nothing.
    pub(crate) fn groups(&self) -> Vec<(Kind, &str, &Group)> {
        let mut groups: Vec<_> = self
            .groups
            .iter()
            .map(|((kind, signature), group)| (*kind, signature.as_str(), group))
            .collect();
        groups.sort_by_key(|(kind, _, group)| (!kind.is_failure(), u64::MAX - group.count));
        groups
    }

    /// By test, the seeds that passed.
    pub(crate) fn passed(&self) -> impl Iterator<Item = (&str, &SeedSet)> {
        self.tests.iter().map(|(test, runs)| (test.as_str(), &runs.passed))
    }

    pub(crate) fn not_passed(&self) -> impl Iterator<Item = NotPassed> {
        self.not_passed.iter().flat_map(BTreeMap::values).cloned()
    }

    /// The run of this test and seed, if it did not pass.
    pub(crate) fn find(&self, test: &str, seed: u64) -> Option<&NotPassed> {
        let runs = (test.to_owned(), seed, Kind::Fail)..=(test.to_owned(), seed, Kind::Unconfirmed);
        self.not_passed.as_ref()?.range(runs).next().map(|(_, run)| run)
    }

    pub(crate) fn test_names(&self) -> impl Iterator<Item = &str> {
        self.tests.keys().map(String::as_str)
    }

    /// How many runs are of this kind.
    pub(crate) fn count(&self, kind: Kind) -> u64 {
        let of_test = |runs: &TestRuns| runs.other.get(&kind).map_or(0, SeedSet::count);
        self.tests.values().map(of_test).sum()
    }

    pub(crate) fn passed_count(&self) -> u64 {
        self.tests.values().map(|runs| runs.passed.count()).sum()
    }

    pub(crate) fn failure_count(&self) -> u64 {
        Kind::ALL.into_iter().filter(|kind| kind.is_failure()).map(|kind| self.count(kind)).sum()
    }

    pub(crate) fn run_count(&self) -> u64 {
        self.passed_count() + Kind::ALL.into_iter().map(|kind| self.count(kind)).sum::<u64>()
    }

    /// Runs that are told to have passed and to have failed: two machines, or two moments, of one
    /// seed that differ.
    pub(crate) fn contradictions(&self) -> u64 {
        let of_test = |runs: &TestRuns| runs.passed.common(&runs.failed()).count();
        self.tests.values().map(of_test).sum()
    }

    /// The counts of these tests together: a seed fails if any of them does, and counts once all
    /// of them are decided.
    pub(crate) fn together(&self, tests: &[&str]) -> Counts {
        let of = |test: &&str| self.tests.get(*test).cloned().unwrap_or_default();
        let runs: Vec<TestRuns> = tests.iter().map(of).collect();
        let mut failed = SeedSet::default();
        let mut undecided = BTreeSet::new();
        for runs in &runs {
            failed.join(&runs.failed());
            for (_, seeds) in runs.other.iter().filter(|(kind, _)| !kind.is_failure()) {
                undecided.extend(seeds.iter());
            }
        }
        let decided = runs.iter().map(TestRuns::decided).reduce(|all, seeds| all.common(&seeds));
        let decided = decided.unwrap_or_default();
        Counts {
            counted: decided.count(),
            failed: decided.common(&failed).count(),
            undecided: undecided.into_iter().filter(|seed| !decided.contains(*seed)).count() as u64,
        }
    }
}

/// Seeds that count, and those among them that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) counted: u64,
    pub(crate) failed: u64,
    pub(crate) undecided: u64,
}

impl TestRuns {
    fn failed(&self) -> SeedSet {
        let mut failed = SeedSet::default();
        for (_, seeds) in self.other.iter().filter(|(kind, _)| kind.is_failure()) {
            failed.join(seeds);
        }
        failed
    }

    fn decided(&self) -> SeedSet {
        let mut decided = self.passed.clone();
        decided.join(&self.failed());
        decided
    }
}
