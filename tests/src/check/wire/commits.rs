//! What is committed, by counting who held what: no commit index beyond it, and no later leader
//! without it. Rules C1, C2, C6, R1; Figure 3, leader completeness; paper §5.4.2.

use std::time::Duration;

use super::by_term::ByTerm;
use super::entries::Entries;
use super::{Index, Term, broken_if};
use crate::harness::{Broken, Violation, seconds, servers};

/// Counts replicas, whoever else does.
pub(super) struct Commits {
    servers: usize,
    terms: ByTerm<Counted>,
    /// The committed log, from index 1 on, as far as it was seen.
    log: Vec<Committed>,
    /// The highest index that anybody can know to be committed.
    max: Index,
    /// The highest index that a leader has said to be committed. Until one does, it may not be: a
    /// leader that saves while it sends counts itself later than it is counted here.
    said: Index,
    /// The highest index that a majority held in one term, whatever its entry's term.
    majority_max: Index,
}

/// What is known of the log of one term's leader.
struct Counted {
    /// The first of its own entries.
    first_own: Option<Index>,
    /// Up to where each server has acknowledged its log.
    acknowledged: Vec<Index>,
    /// Up to where it can have committed.
    committed: Index,
}

#[derive(Clone, Copy)]
struct Committed {
    /// The entry's term; `None` if nobody has seen it.
    term: Option<Term>,
    /// The term of the leader that committed it first.
    by: Term,
    at: Duration,
}

impl Commits {
    pub(super) fn new(servers: usize) -> Self {
        Self {
            servers,
            terms: ByTerm::default(),
            log: Vec::new(),
            max: 0,
            said: 0,
            majority_max: 0,
        }
    }

    /// The highest index that anybody can know to be committed.
    pub(super) fn max(&self) -> Index {
        self.max
    }

    /// Up to where the leader of `term` itself can have committed.
    pub(super) fn by_leader_of(&self, term: Term) -> Index {
        self.terms.get(&term).map_or(0, |counted| counted.committed)
    }

    /// The term of the committed entry at `index`, if that is known.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        self.log.get(usize::try_from(index.checked_sub(1)?).ok()?)?.term
    }

    fn counted(&mut self, term: Term) -> &mut Counted {
        let servers = self.servers;
        self.terms.entry(term).or_insert_with(|| Counted {
            first_own: None,
            acknowledged: vec![0; servers],
            committed: 0,
        })
    }

    /// The leader of `term` sends an entry of its own.
    pub(super) fn own_entry(&mut self, term: Term, index: Index) {
        let first = &mut self.counted(term).first_own;
        *first = Some(first.map_or(index, |first| first.min(index)));
    }

    /// `server` tells the leader of `term` that it has its log up to `index`.
    pub(super) fn acknowledges(
        &mut self,
        term: Term,
        leader: usize,
        server: usize,
        index: Index,
        entries: &Entries,
        at: Duration,
    ) -> Result<(), Violation> {
        let others_needed = self.servers / 2;
        let counted = self.counted(term);
        if server == leader || index <= counted.acknowledged[server] {
            return Ok(());
        }
        counted.acknowledged[server] = index;
        let held = held_by(&counted.acknowledged, leader, others_needed);
        let committed = counted.committed;
        if counted.first_own.is_some_and(|first| first <= held) && committed < held {
            counted.committed = held;
            self.commit(term, held, entries, at)?;
        }
        self.majority_max = self.majority_max.max(held);
        Ok(())
    }

    /// Everything up to `index` of the log of the leader of `term` is committed.
    fn commit(
        &mut self,
        term: Term,
        index: Index,
        entries: &Entries,
        at: Duration,
    ) -> Result<(), Violation> {
        let known = self.max;
        if known < index {
            self.max = index;
            let length = usize::try_from(index).unwrap_or(usize::MAX);
            self.log.resize(length, Committed { term: None, by: term, at });
        }
        // Down through what is new, and to what was known before, which must be the same.
        let (mut place, mut at_term) = (index, Some(term));
        let said = self.said;
        while let Some(entry_term) = at_term {
            let committed = &mut self.log[place as usize - 1];
            match committed.term {
                None => committed.term = Some(entry_term),
                Some(first) if first == entry_term && place <= known => break,
                Some(first) if first == entry_term => {}
                Some(_) if said < place => {
                    *committed = Committed { term: Some(entry_term), by: term, at };
                }
                Some(first) => {
                    return Err(Violation::new(
                        Broken::CommittedOverwritten,
                        format!(
                            "the entry of term {first} at index {place}: it was committed in term \
                             {} at {}",
                            committed.by,
                            seconds(committed.at)
                        ),
                        format!(
                            "a majority holds one of term {entry_term} there, and with it the \
                             leader of term {term} commits index {index}, at {}",
                            seconds(at)
                        ),
                    ));
                }
            }
            if place == 1 {
                break;
            }
            at_term = entries.prev_term(place, entry_term);
            place -= 1;
        }
        Ok(())
    }

    /// `leader` says in `term` that everything up to `index` is committed.
    pub(super) fn check_commit_index(
        &mut self,
        leader: usize,
        term: Term,
        index: Index,
        at: Duration,
    ) -> Result<(), Violation> {
        self.said = self.said.max(index.min(self.max));
        broken_if(self.max < index && 1 < self.servers, || {
            let only_old = index <= self.majority_max;
            let holders = self.terms.get(&term).map(|counted| {
                let holds =
                    |server: &usize| *server == leader || index <= counted.acknowledged[*server];
                (0..self.servers).filter(holds).collect::<Vec<_>>()
            });
            let expected = match only_old {
                true => format!(
                    "index {index} not counted as committed: a majority held it, but no entry of \
                     the leader's own term above it"
                ),
                false => format!(
                    "index {index} not counted as committed before a majority of {} servers held \
                     it: in term {term}, {} had acknowledged it or sent it",
                    self.servers,
                    servers(&holders.unwrap_or_else(|| vec![leader]))
                ),
            };
            Violation::new(
                if only_old { Broken::CommitOfOldTerm } else { Broken::CommitWithoutMajority },
                expected,
                format!(
                    "leader {leader} of term {term} sent commit index {index} at {}; up to index \
                     {} can be known to be committed",
                    seconds(at),
                    self.max
                ),
            )
        })
    }

    /// Whether `leader`, which says in `term` that everything up to `index` is committed, counts
    /// itself: it has committed an entry of its own there, and hardly enough others hold it.
    pub(super) fn counts_itself(&self, leader: usize, term: Term, index: Index) -> bool {
        let Some(counted) = self.terms.get(&term) else { return false };
        let others = counted.acknowledged.iter().enumerate();
        let others = others.filter(|(server, held)| *server != leader && index <= **held).count();
        self.term_at(index) == Some(term) && others <= self.servers / 2
    }

    /// The leader of `term` says that its log has this entry: what was committed before its term
    /// is there.
    #[inline]
    pub(super) fn check_complete(
        &self,
        leader: usize,
        term: Term,
        (index, entry_term): (Index, Term),
        at: Duration,
    ) -> Result<(), Violation> {
        if self.said < index {
            return Ok(());
        }
        let place = index.wrapping_sub(1) as usize;
        let Some(committed) = self.log.get(place).filter(|committed| committed.by < term) else {
            return Ok(());
        };
        broken_if(committed.term.is_some_and(|known| known != entry_term), || {
            Violation::new(
                Broken::CommittedMissing,
                format!(
                    "the entry of term {} at index {index} in the log of each leader after term \
                     {}, in which it was committed, at {}",
                    committed.term.unwrap_or_default(),
                    committed.by,
                    seconds(committed.at)
                ),
                format!(
                    "leader {leader} of term {term} has one of term {entry_term} there, as it \
                     sent at {}",
                    seconds(at)
                ),
            )
        })
    }

    /// What is sent with term 0 at an index, though the committed entry there is known: the term
    /// of what a snapshot covers was lost, or that of an entry.
    #[inline]
    pub(super) fn check_term_known(
        &self,
        server: usize,
        (index, term): (Index, Term),
        has_snapshot: bool,
        at: Duration,
    ) -> Result<(), Violation> {
        if 0 < term || index == 0 {
            return Ok(());
        }
        let Some(known) = self.term_at(index) else { return Ok(()) };
        Err(Violation::new(
            if has_snapshot { Broken::SnapshotTerm } else { Broken::EntryTermLost },
            format!("index {index} sent with the term of the entry there, {known}"),
            format!("server {server} sent it with term 0, at {}", seconds(at)),
        ))
    }
}

/// Up to where the leader and so many others hold the log.
fn held_by(acknowledged: &[Index], leader: usize, others: usize) -> Index {
    let others_at_least = |index: Index| {
        let holds = |(server, held): (usize, &Index)| server != leader && index <= *held;
        acknowledged.iter().enumerate().filter(|each| holds(*each)).count()
    };
    let candidates = acknowledged.iter().enumerate().filter(|(server, _)| *server != leader);
    let reached = candidates.map(|(_, index)| *index).filter(|i| others <= others_at_least(*i));
    reached.max().unwrap_or_default()
}
