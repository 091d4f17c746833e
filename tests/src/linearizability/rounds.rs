//! A history is linearizable if each key's part of it is. Which key is searched for how long.

use std::collections::BTreeMap;

use super::evidence::Evidence;
use super::history::History;
use super::model::Model;
use super::search::{OfKey, Progress, Search};
use super::verdict::{Budget, Effort, GaveUp, UnfinishedKey, Verdict};
use super::visited::Memory;

/// The steps that each key is given in the first round.
const FIRST_ROUND_STEPS: u64 = 1000;
/// How many times more each unfinished key is given in every further round.
const ROUND_FACTOR: u64 = 4;

/// The search of one key.
struct Part<'h, M: Model> {
    key: M::Key,
    search: Search<'h, M>,
}

/// Judges a history. The same history and budget give the same verdict, always and everywhere.
pub fn check<M: Model>(
    model: &M,
    history: &History<M::Input, M::Output>,
    budget: Budget,
) -> Verdict {
    check_measured(model, history, budget).0
}

/// As [`check`], and tells what it did cost.
pub fn check_measured<M: Model>(
    model: &M,
    history: &History<M::Input, M::Output>,
    budget: Budget,
) -> (Verdict, Effort) {
    let mut memory = Memory::new(budget.memory_bytes);
    let mut open = parts(model, history);
    let keys = open.len();
    let mut effort = Effort { operations: history.len(), keys, ..Effort::default() };
    let mut round_steps = FIRST_ROUND_STEPS;

    // A violation on an easy key is found while the hard ones wait.
    let verdict = loop {
        if open.is_empty() {
            break Verdict::Linearizable;
        }
        if effort.steps == budget.steps {
            break Verdict::GaveUp(gave_up(&open, keys, effort.steps, &memory));
        }
        effort.rounds += 1;
        if let Some(part) = round(&mut open, round_steps, budget, &mut effort, &mut memory) {
            break Verdict::NotLinearizable(explain(model, part, budget));
        }
        round_steps = round_steps.saturating_mul(ROUND_FACTOR);
    };
    effort.visited_bytes_max = memory.peak_bytes();
    (verdict, effort)
}

/// One search a key, in the order of the keys.
fn parts<'h, M: Model>(
    model: &'h M,
    history: &'h History<M::Input, M::Output>,
) -> Vec<Part<'h, M>> {
    let mut by_key: BTreeMap<M::Key, OfKey<'h, M>> = BTreeMap::new();
    for operation in history.operations() {
        by_key.entry(model.key(&operation.input)).or_default().push(operation);
    }
    by_key
        .into_iter()
        .map(|(key, operations)| Part { key, search: Search::new(model, operations) })
        .collect()
}

/// Gives each open key some steps. Returns the first that has no order; removes those that have.
fn round<'h, M: Model>(
    open: &mut Vec<Part<'h, M>>,
    round_steps: u64,
    budget: Budget,
    effort: &mut Effort,
    memory: &mut Memory,
) -> Option<Part<'h, M>> {
    let mut exhausted = None;
    let mut still_open = Vec::new();
    for mut part in open.drain(..) {
        if exhausted.is_some() {
            break;
        }
        let before = part.search.steps_made();
        let progress = part.search.run(round_steps.min(budget.steps - effort.steps), memory);
        effort.steps += part.search.steps_made() - before;
        match progress {
            Progress::Found => {}
            Progress::Open => still_open.push(part),
            Progress::Exhausted => exhausted = Some(part),
        }
    }
    *open = still_open;
    exhausted
}

fn gave_up<M: Model>(open: &[Part<'_, M>], keys: usize, steps: u64, memory: &Memory) -> GaveUp {
    let unfinished = open.iter().map(|part| UnfinishedKey {
        key: part.key.to_string(),
        operations: part.search.operations().len(),
        steps: part.search.steps_made(),
    });
    GaveUp { unfinished: unfinished.collect(), keys, steps, memory_full: memory.full() }
}

/// How many steps more than the search needed to say no the search for an explanation may make.
const EXPLAIN_STEPS: u64 = 100_000;

/// Searches once more, for orders that get as far as any did.
fn explain<M: Model>(model: &M, part: Part<'_, M>, budget: Budget) -> Evidence {
    let operations = part.search.operations();
    let mut again = Search::new(model, operations.clone());
    again.collect_dead_ends_of(&part.search);
    // The memory is this key's alone now, so it gets at least as far in as many steps.
    let steps = part.search.steps_made().saturating_add(EXPLAIN_STEPS);
    again.run(steps, &mut Memory::new(budget.memory_bytes));
    let blocked = part.search.blocked().unwrap_or_default();
    Evidence::new(model, &part.key, operations, blocked, &again.dead_ends())
}
