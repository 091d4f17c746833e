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
    /// Entries in order of time, then the heads of the two lists. The lists are rings.
    next: Vec<Entry>,
    previous: Vec<Entry>,
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
            next: vec![0; length + 2],
            previous: vec![0; length + 2],
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
            lists.next[*tail as usize] = entry;
            lists.previous[entry as usize] = *tail;
            *tail = entry;
        }
        for (head, tail) in heads.into_iter().zip(tails) {
            lists.next[tail as usize] = head;
            lists.previous[head as usize] = tail;
        }
        lists
    }

    /// The first event of the operations that returned.
    pub(super) fn first(&self) -> Entry {
        self.next[self.what.len()]
    }

    /// The first call of the operations that never returned.
    pub(super) fn first_pending(&self) -> Entry {
        self.next[self.what.len() + 1]
    }

    pub(super) fn after(&self, entry: Entry) -> Entry {
        self.next[entry as usize]
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
        self.take_out(call);
        if returned != call {
            self.take_out(returned);
        }
    }

    /// Puts them back. It must be the one lifted last.
    pub(super) fn unlift(&mut self, number: usize) {
        let (call, returned) = self.of_operation[number];
        if returned != call {
            self.put_back(returned);
        }
        self.put_back(call);
    }

    fn take_out(&mut self, entry: Entry) {
        let (previous, next) = (self.previous[entry as usize], self.next[entry as usize]);
        self.next[previous as usize] = next;
        self.previous[next as usize] = previous;
    }

    fn put_back(&mut self, entry: Entry) {
        let (previous, next) = (self.previous[entry as usize], self.next[entry as usize]);
        self.next[previous as usize] = entry;
        self.previous[next as usize] = entry;
    }
}
