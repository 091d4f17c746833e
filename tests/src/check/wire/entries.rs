//! All entries that were ever sent: one index and term, one command and one past, and a leader
//! that only ever appends. Figure 3, log matching and leader append-only. Rules A2, A4, C7, P2.

use std::time::Duration;

use super::by_term::ByTerm;
use super::message::{Command, Entry};
use super::{Index, Term};
use crate::harness::{Broken, Violation, seconds, shown};

/// No log of a test is nearly as long: an index beyond is nonsense.
const INDEX_MAX: Index = 1 << 20;

/// Every entry seen, by index.
#[derive(Default)]
pub(super) struct Entries {
    slots: Vec<Slot>,
    /// The highest entry of each leader's log that was seen, and by term.
    tips: ByTerm<(Index, Term)>,
    last_tip: Option<(Term, (Index, Term))>,
}

/// The entries at one index, of different terms: mostly there is but one.
#[derive(Default)]
struct Slot {
    first: Option<Node>,
    more: Vec<Node>,
}

/// An entry.
pub(super) struct Node {
    term: Term,
    /// The term of the entry before it.
    prev_term: Option<Term>,
    command: Box<[u8]>,
    is_plain: bool,
    /// The servers that sent it or were sent it.
    holders: u64,
    sender: usize,
    at: Duration,
}

/// Who says so, when.
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub(super) server: usize,
    pub(super) at: Duration,
}

impl Slot {
    fn get(&self, term: Term) -> Option<&Node> {
        self.all().find(|node| node.term == term)
    }

    fn get_mut(&mut self, term: Term) -> Option<&mut Node> {
        self.first.iter_mut().chain(&mut self.more).find(|node| node.term == term)
    }

    fn all(&self) -> impl Iterator<Item = &Node> {
        self.first.iter().chain(&self.more)
    }
}

impl Node {
    /// The bytes that were given to `start`, if they can be told.
    pub(super) fn plain(&self) -> Option<&[u8]> {
        self.is_plain.then_some(&self.command)
    }
}

impl Entries {
    fn slot(&self, index: Index) -> Option<&Slot> {
        self.slots.get(usize::try_from(index.checked_sub(1)?).ok()?)
    }

    pub(super) fn get(&self, index: Index, term: Term) -> Option<&Node> {
        self.slot(index)?.get(term)
    }

    /// The term of the entry before that one, if both were seen.
    pub(super) fn prev_term(&self, index: Index, term: Term) -> Option<Term> {
        self.get(index, term)?.prev_term
    }

    /// An entry is sent by its leader, after one of `prev_term`.
    pub(super) fn sent(
        &mut self,
        index: Index,
        entry: &Entry<'_>,
        prev_term: Term,
        from: Source,
    ) -> Result<(), Violation> {
        let Some(place) = index.checked_sub(1).filter(|_| index < INDEX_MAX) else {
            return Ok(());
        };
        let place = place as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, Slot::default);
        }
        let slot = &mut self.slots[place];
        let holder = 1_u64 << from.server;
        if let Some(node) = slot.get_mut(entry.term) {
            node.holders |= holder;
            return node.compare(index, entry, prev_term, from);
        }
        let node = Node {
            term: entry.term,
            prev_term: Some(prev_term),
            command: entry.command.bytes().into(),
            is_plain: matches!(entry.command, Command::Plain(_)),
            holders: holder,
            sender: from.server,
            at: from.at,
        };
        match slot.first {
            None => slot.first = Some(node),
            Some(_) => slot.more.push(node),
        }
        Ok(())
    }

    /// `start` has put a command there: no message has shown what is before it yet.
    pub(super) fn started(
        &mut self,
        (index, term): (Index, Term),
        command: &[u8],
        by: Source,
    ) -> Result<(), Violation> {
        let Some(node) = self.slot(index).and_then(|slot| slot.get(term)) else { return Ok(()) };
        match node.plain() {
            Some(sent) if sent != command => Err(Violation::new(
                Broken::StartMisplaced,
                format!(
                    "{} at index {index} of term {term}, where `start` of server {} said at {} \
                     that it is",
                    shown(command),
                    by.server,
                    seconds(by.at)
                ),
                format!(
                    "server {} sent {} as that entry, at {}",
                    node.sender,
                    shown(sent),
                    seconds(node.at)
                ),
            )),
            _ => Ok(()),
        }
    }

    /// `server` receives the entry, or sends it; whether that is new to it.
    pub(super) fn reaches(&mut self, index: Index, term: Term, server: usize) -> bool {
        let place = index.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let slot = place.and_then(|place| self.slots.get_mut(place));
        let Some(node) = slot.and_then(|slot| slot.get_mut(term)) else { return false };
        let new = node.holders & (1 << server) == 0;
        node.holders |= 1 << server;
        new
    }

    /// Whether `server` was ever sent the entry, or sent it.
    pub(super) fn has_reached(&self, index: Index, term: Term, server: usize) -> bool {
        self.get(index, term).is_some_and(|node| node.holders & (1 << server) != 0)
    }

    /// Whether `server` was ever sent this command for this index, or sent it. `None` if some
    /// entry there cannot be read.
    pub(super) fn command_reached(
        &self,
        index: Index,
        command: &[u8],
        server: usize,
    ) -> Option<bool> {
        let mut reached = false;
        for node in self.slot(index).into_iter().flat_map(Slot::all) {
            reached |= node.plain()? == command && node.holders & (1 << server) != 0;
        }
        Some(reached)
    }

    /// The leader of `leader_term` says that its log has this entry: what it said before still
    /// stands.
    pub(super) fn leader_has(
        &mut self,
        leader_term: Term,
        (index, term): (Index, Term),
        from: Source,
    ) -> Result<(), Violation> {
        let tip = self.tip(leader_term);
        if let Some(tip) = tip
            && index <= tip.0
            && self.slot(index).is_some_and(|slot| !slot.more.is_empty())
            && let Some(earlier) = self.ancestor(tip, index)
            && earlier != term
        {
            return Err(Violation::new(
                Broken::LeaderRewroteLog,
                format!(
                    "term {earlier} at index {index} in the log of leader {} of term {leader_term}, \
                     as it sent it before",
                    from.server
                ),
                format!("it sent term {term} there, at {}", seconds(from.at)),
            ));
        }
        if tip.is_none_or(|tip| tip.0 < index) && index < INDEX_MAX {
            self.tips.insert(leader_term, (index, term));
            self.last_tip = Some((leader_term, (index, term)));
        }
        Ok(())
    }

    fn tip(&self, leader_term: Term) -> Option<(Index, Term)> {
        match self.last_tip {
            Some((term, tip)) if term == leader_term => Some(tip),
            _ => self.tips.get(&leader_term).copied(),
        }
    }

    /// The term at `index` in the log that has `entry`, if all between were seen.
    pub(super) fn ancestor(&self, entry: (Index, Term), index: Index) -> Option<Term> {
        let (mut at, mut term) = entry;
        while index < at {
            term = self.prev_term(at, term)?;
            at -= 1;
        }
        Some(term)
    }
}

impl Node {
    #[inline]
    fn compare(
        &mut self,
        index: Index,
        entry: &Entry<'_>,
        prev_term: Term,
        from: Source,
    ) -> Result<(), Violation> {
        let known = *self.prev_term.get_or_insert(prev_term);
        let is_plain = matches!(entry.command, Command::Plain(_));
        if known == prev_term
            && (is_plain != self.is_plain || *self.command == *entry.command.bytes())
        {
            return Ok(());
        }
        let term = self.term;
        let said = |command: &[u8], prev: Term| {
            format!("{}, after an entry of term {prev}", shown(command))
        };
        Err(Violation::new(
            Broken::EntriesDiffer,
            format!(
                "one entry at index {index} of term {term}, everywhere: server {} sent {} at {}",
                self.sender,
                said(&self.command, known),
                seconds(self.at)
            ),
            format!(
                "server {} sent {} there, at {}",
                from.server,
                said(entry.command.bytes(), prev_term),
                seconds(from.at)
            ),
        ))
    }
}
