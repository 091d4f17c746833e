//! The search for an order of one key's operations: Wing and Gong, with Lowe's memory.

use super::events::{Entry, Event, Events, Returns};
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
pub(super) struct Search<'h, M: Model> {
    model: &'h M,
    operations: OfKey<'h, M>,
    steps: Vec<M::Step>,
    events: Events,
    /// The reads still to come that tell something about what comes before them.
    awaited: Returns,
    /// For each of those: what could start the value that it read, once that was asked.
    starters: Vec<Option<Box<[usize]>>>,
    is_done: Vec<bool>,
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

/// The operations of one key.
pub(super) type OfKey<'h, M> = Vec<&'h Operation<<M as Model>::Input, <M as Model>::Output>>;

/// Dead ends at one return, each with another state.
struct Collect<S> {
    at: Entry,
    found: Vec<(S, Vec<usize>)>,
}

/// How many dead ends with different states are collected.
const DEAD_ENDS_MAX: usize = 64;

impl<'h, M: Model> Search<'h, M> {
    /// A search among these operations, all of one key.
    pub(super) fn new(model: &'h M, operations: OfKey<'h, M>) -> Self {
        let steps = model.prepare_all(operations.iter().map(|o| (&o.input, o.answer())));
        let times: Vec<_> = operations
            .iter()
            .zip(&steps)
            .map(|(operation, step)| {
                let pointless = operation.returned.is_none() && model.is_read(step);
                (!pointless).then_some((operation.call, operation.returned))
            })
            .collect();
        let events = Events::new(&times);
        let awaited = Returns::new(&events, |number| {
            operations[number].answer().is_some() && model.is_awaited(&steps[number])
        });
        Self {
            awaited,
            starters: vec![None; operations.len()],
            is_done: vec![false; operations.len()],
            operations,
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

    /// The operations, as they were given.
    pub(super) fn operations(&self) -> &OfKey<'h, M> {
        &self.operations
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
            if wasted
                || self.leads_nowhere(number)
                || !self.visited.is_new(done ^ of_state(&after), memory)
            {
                return;
            }
        }
        let before = std::mem::replace(&mut self.state, after);
        self.path.push(Done { number, before, limit, read });
        self.done = done;
        self.is_done[number] = true;
        self.events.lift(number);
        if read {
            self.awaited.lift(number);
        }
        self.cursor = Cursor { entry: self.events.first(), limit: None };
    }

    /// Takes the last operation back, and with it reads: a read that can be done now needs never
    /// be done later. Returns whether there was one.
    fn take_back(&mut self) -> bool {
        while let Some(last) = self.path.pop() {
            if last.read {
                self.awaited.unlift(last.number);
            }
            self.events.unlift(last.number);
            self.is_done[last.number] = false;
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

    /// Whether doing this one now keeps the next read from being answered what it was. That read
    /// must come some time, so either what it read goes on from the state now, or something that
    /// was called in time starts it afresh.
    fn leads_nowhere(&mut self, number: usize) -> bool {
        let Some(awaited) = self.awaited.first() else { return false };
        let Some(answer) = self.operations[awaited].answer() else { return false };
        let explaining = self.collect.as_ref().map(|collect| collect.at);
        if explaining.is_some() && explaining == self.events.returned(awaited) {
            return false; // what really was is wanted, not what that read would need
        }
        let (model, input) = (self.model, &self.operations[number].input);
        if model.keeps_to(&self.state, input, answer) {
            return false;
        }
        let (operations, events) = (&self.operations, &self.events);
        let starters = self.starters[awaited].get_or_insert_with(|| {
            let in_time = |other: &usize| {
                events.returned(awaited).is_some_and(|returned| events.call(*other) < returned)
            };
            let starts = |other: &usize| model.starts(&operations[*other].input, answer);
            (0..operations.len()).filter(starts).filter(in_time).collect()
        });
        starters.iter().all(|other| *other == number || self.is_done[*other])
    }

    /// The next read still to come is what nothing leads to; without one, the next return.
    fn note_dead_end(&mut self, limit: Option<Entry>) {
        let awaited = self.awaited.first().and_then(|number| self.events.returned(number));
        self.furthest = self.furthest.max(awaited.or(limit));
        let Some(at) = limit else { return };
        if let Some(Collect { at: wanted, found }) = &mut self.collect
            && *wanted == at
            && found.iter().all(|(state, _)| *state != self.state)
        {
            let order = self.path.iter().map(|done| done.number).collect();
            found.push((self.state.clone(), order));
        }
    }
}
