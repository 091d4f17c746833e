//! The search for an order of one key's operations: Wing and Gong, with Lowe's memory.

use super::events::{Entry, Event, Events};
use super::history::Operation;
use super::model::Model;
use super::visited::{Memory, Visited, of_operation, of_state};

/// What a part of the search has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is an order.
    Found,
    /// There is none.
    Exhausted,
    /// Not known yet; the next part goes on from here.
    Open,
}

/// A search that can be stopped after any step and taken up again.
///
/// It always takes one of the operations that were called before the first return that is still
/// to come, applies it, and goes on from there; if none is left to take, it takes the last one
/// back. A configuration (which operations are done, and the state) is never entered twice.
pub(super) struct Search<'m, M: Model> {
    model: &'m M,
    steps: Vec<M::Step>,
    events: Events,
    state: M::State,
    /// The fingerprint of the set of operations done.
    done: u128,
    path: Vec<Done<M::State>>,
    cursor: Cursor,
    visited: Visited,
    /// The last return that could not be reached in any order tried.
    furthest: Option<Entry>,
    collect: Option<Collect<M::State>>,
    steps_made: u64,
}

/// An operation that was done.
struct Done<S> {
    number: usize,
    before: S,
    /// What the cursor was limited to, if the operation is one that never returned.
    limit: Option<Entry>,
    /// Whether it is a read: nothing else has to be tried in its place.
    read: bool,
}

/// What is to be tried next.
#[derive(Clone, Copy)]
struct Cursor {
    entry: Entry,
    /// Set when all that returned was tried: the operations that never did and were called
    /// before this return come next.
    limit: Option<Entry>,
}

/// Dead ends at one return, each with another state.
struct Collect<S> {
    at: Entry,
    found: Vec<(S, Vec<usize>)>,
}

/// How many dead ends with different states are collected.
const DEAD_ENDS_MAX: usize = 64;

impl<'m, M: Model> Search<'m, M> {
    /// A search among these operations, all of one key.
    pub(super) fn new<'o>(
        model: &'m M,
        operations: impl Iterator<Item = &'o Operation<M::Input, M::Output>> + Clone,
    ) -> Self
    where
        M::Input: 'o,
        M::Output: 'o,
    {
        let prepare = |o: &Operation<_, _>| model.prepare(&o.input, o.answer());
        let steps: Vec<M::Step> = operations.clone().map(prepare).collect();
        let times: Vec<_> = operations
            .zip(&steps)
            .map(|(operation, step)| {
                let pointless = operation.returned.is_none() && model.is_read(step);
                (!pointless).then_some((operation.call, operation.returned))
            })
            .collect();
        let events = Events::new(&times);
        Self {
            state: model.initial(),
            cursor: Cursor { entry: events.first(), limit: None },
            model,
            steps,
            events,
            done: 0,
            path: Vec::new(),
            visited: Visited::default(),
            furthest: None,
            collect: None,
            steps_made: 0,
        }
    }

    /// Makes up to so many steps. A step is one operation tried.
    pub(super) fn run(&mut self, steps: u64, memory: &mut Memory) -> Progress {
        let end = self.steps_made.saturating_add(steps);
        loop {
            let first = self.events.first();
            if self.events.at(first) == Event::End {
                self.visited.clear(memory);
                return Progress::Found;
            }
            match (self.events.at(self.cursor.entry), self.cursor.limit) {
                (Event::Call(number), limit)
                    if limit.is_none_or(|limit| self.cursor.entry < limit) =>
                {
                    if self.steps_made == end {
                        return Progress::Open;
                    }
                    self.steps_made += 1;
                    self.attempt(number, memory);
                }
                (Event::Return, None) => {
                    let limit = Some(self.cursor.entry);
                    self.cursor = Cursor { entry: self.events.first_pending(), limit };
                }
                (_, limit) => {
                    self.note_dead_end(limit);
                    let enough = |collect: &Collect<_>| collect.found.len() == DEAD_ENDS_MAX;
                    if self.collect.as_ref().is_some_and(enough) || !self.take_back() {
                        self.visited.clear(memory);
                        return Progress::Exhausted;
                    }
                }
            }
        }
    }

    /// The steps made so far.
    pub(super) fn steps_made(&self) -> u64 {
        self.steps_made
    }

    /// After the search was exhausted: the operation whose return no order could reach, although
    /// all that returned before it fit.
    pub(super) fn blocked(&self) -> Option<usize> {
        self.events.operation(self.furthest?)
    }

    /// Makes this, when it is run, a search for some orders that reach as far as any of `other`
    /// did and no further, each with another state.
    pub(super) fn collect_dead_ends_of(&mut self, other: &Self) {
        self.collect = other.furthest.map(|at| Collect { at, found: Vec::new() });
    }

    /// The orders collected.
    pub(super) fn dead_ends(self) -> Vec<Vec<usize>> {
        let found = self.collect.map(|collect| collect.found).unwrap_or_default();
        found.into_iter().map(|(_, order)| order).collect()
    }

    fn attempt(&mut self, number: usize, memory: &mut Memory) {
        let Cursor { entry, limit } = self.cursor;
        self.cursor.entry = self.events.after(entry);
        let step = &self.steps[number];
        let Some(after) = self.model.apply(&self.state, step) else { return };

        let read = self.model.is_read(step);
        let done = self.done ^ of_operation(number);
        if !read {
            // What never returned and changes nothing here might still change something later.
            let wasted = limit.is_some() && after == self.state;
            if wasted || !self.visited.is_new(done ^ of_state(&after), memory) {
                return;
            }
        }
        let before = std::mem::replace(&mut self.state, after);
        self.path.push(Done { number, before, limit, read });
        self.done = done;
        self.events.lift(number);
        self.cursor = Cursor { entry: self.events.first(), limit: None };
    }

    /// Takes the last operation back, and with it reads: a read that can be done now needs never
    /// be done later. Returns whether there was one.
    fn take_back(&mut self) -> bool {
        while let Some(last) = self.path.pop() {
            self.events.unlift(last.number);
            self.done ^= of_operation(last.number);
            self.state = last.before;
            if !last.read {
                let entry = self.events.after(self.events.call(last.number));
                self.cursor = Cursor { entry, limit: last.limit };
                return true;
            }
        }
        false
    }

    fn note_dead_end(&mut self, limit: Option<Entry>) {
        let Some(at) = limit else { return };
        self.furthest = self.furthest.max(Some(at));
        if let Some(Collect { at: wanted, found }) = &mut self.collect
            && *wanted == at
            && found.iter().all(|(state, _)| *state != self.state)
        {
            let order = self.path.iter().map(|done| done.number).collect();
            found.push((self.state.clone(), order));
        }
    }
}
