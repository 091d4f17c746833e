//! The calls and returns of one key in order of time, as two lists that entries leave and rejoin.

use std::time::Duration;

/// A place in a list.
pub(super) type Entry = u32;

/// Calls and returns in order of time. Those of operations that returned are in one list; the
/// calls of those that never did are in another, as they may be left out for ever.
///
/// Lifting an operation takes its entries out; they go back the way they came, last out first in.
#[derive(Debug)]
pub(super) struct Events {
    /// Entries in order of time, then the heads of the two lists.
    ring: Ring,
    /// What an entry is: twice the operation's number, plus one for a return.
    what: Vec<u32>,
    /// Call and return of each operation. One that never returned has its call twice.
    of_operation: Vec<(Entry, Entry)>,
}

/// What stands at an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Call(usize),
    Return,
    /// The list is over.
    End,
}

impl Events {
    /// The events of operations with these times. At one moment calls come before returns:
    /// operations that touch count as concurrent.
    ///
    /// What is not worth doing (a read that never returned) is `None` and in no list.
    pub(super) fn new(times: &[Option<(Duration, Option<Duration>)>]) -> Self {
        let mut events: Vec<(Duration, bool, usize)> = Vec::with_capacity(2 * times.len());
        for (number, times) in times.iter().enumerate() {
            let Some((call, returned)) = times else { continue };
            events.push((*call, false, number));
            events.extend(returned.map(|returned| (returned, true, number)));
        }
        events.sort_unstable();

        let length = events.len();
        let returned_head = length as Entry;
        let heads = [returned_head, returned_head + 1];
        let mut lists = Self {
            ring: Ring { next: vec![0; length + 2], previous: vec![0; length + 2] },
            what: Vec::with_capacity(length),
            of_operation: vec![(0, 0); times.len()],
        };
        let mut tails = heads;
        for (entry, (_, is_return, number)) in events.into_iter().enumerate() {
            let entry = entry as Entry;
            lists.what.push(2 * number as u32 + u32::from(is_return));
            let places = &mut lists.of_operation[number];
            *places = if is_return { (places.0, entry) } else { (entry, entry) };
            let pending = times[number].is_some_and(|(_, returned)| returned.is_none());
            let tail = &mut tails[usize::from(pending)];
            lists.ring.join(*tail, entry);
            *tail = entry;
        }
        for (head, tail) in heads.into_iter().zip(tails) {
            lists.ring.join(tail, head);
        }
        lists
    }

    /// The first event of the operations that returned.
    pub(super) fn first(&self) -> Entry {
        self.ring.next[self.what.len()]
    }

    /// The first call of the operations that never returned.
    pub(super) fn first_pending(&self) -> Entry {
        self.ring.next[self.what.len() + 1]
    }

    pub(super) fn after(&self, entry: Entry) -> Entry {
        self.ring.next[entry as usize]
    }

    pub(super) fn at(&self, entry: Entry) -> Event {
        match self.what.get(entry as usize) {
            None => Event::End,
            Some(what) if what & 1 == 1 => Event::Return,
            Some(what) => Event::Call((what / 2) as usize),
        }
    }

    /// The operation whose call or return this is.
    pub(super) fn operation(&self, entry: Entry) -> Option<usize> {
        self.what.get(entry as usize).map(|what| (what / 2) as usize)
    }

    /// Where the call of an operation stands.
    pub(super) fn call(&self, number: usize) -> Entry {
        self.of_operation[number].0
    }

    /// Takes the entries of an operation out.
    pub(super) fn lift(&mut self, number: usize) {
        let (call, returned) = self.of_operation[number];
        self.ring.take_out(call);
        if returned != call {
            self.ring.take_out(returned);
        }
    }

    /// Puts them back. It must be the one lifted last.
    pub(super) fn unlift(&mut self, number: usize) {
        let (call, returned) = self.of_operation[number];
        if returned != call {
            self.ring.put_back(returned);
        }
        self.ring.put_back(call);
    }

    /// Where the return of an operation stands, if it returned.
    pub(super) fn returned(&self, number: usize) -> Option<Entry> {
        let (call, returned) = self.of_operation[number];
        (returned != call).then_some(returned)
    }
}

/// Some operations in the order in which they returned, as a list that they leave and rejoin.
#[derive(Debug)]
pub(super) struct Returns(Ring);

impl Returns {
    /// Those of the operations that `is_one` picks. Each must have returned.
    pub(super) fn new(events: &Events, is_one: impl Fn(usize) -> bool) -> Self {
        let count = events.of_operation.len();
        let mut numbers: Vec<usize> = (0..count).filter(|number| is_one(*number)).collect();
        numbers.sort_unstable_by_key(|number| events.returned(*number));
        let itself: Vec<Entry> = (0..=count as Entry).collect();
        let mut ring = Ring { next: itself.clone(), previous: itself };
        let head = count as Entry;
        let last = numbers.into_iter().fold(head, |tail, number| {
            ring.join(tail, number as Entry);
            number as Entry
        });
        ring.join(last, head);
        Self(ring)
    }

    /// The one that returned first.
    pub(super) fn first(&self) -> Option<usize> {
        let head = self.0.next.len() - 1;
        let first = self.0.next[head] as usize;
        (first != head).then_some(first)
    }

    /// Takes an operation out; nothing happens if it was never in.
    pub(super) fn lift(&mut self, number: usize) {
        self.0.take_out(number as Entry);
    }

    /// Puts it back. It must be the one lifted last.
    pub(super) fn unlift(&mut self, number: usize) {
        self.0.put_back(number as Entry);
    }
}

/// Lists that end where they begin. What was taken out still knows where it was.
#[derive(Debug)]
struct Ring {
    next: Vec<Entry>,
    previous: Vec<Entry>,
}

impl Ring {
    fn join(&mut self, left: Entry, right: Entry) {
        self.next[left as usize] = right;
        self.previous[right as usize] = left;
    }

    fn take_out(&mut self, entry: Entry) {
        self.join(self.previous[entry as usize], self.next[entry as usize]);
    }

    fn put_back(&mut self, entry: Entry) {
        self.join(self.previous[entry as usize], entry);
        self.join(entry, self.next[entry as usize]);
    }
}
