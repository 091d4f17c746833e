//! A snapshot belongs to one index, on the wire and where it is saved, and never goes back.
//! Rules N1, N2, N4, N7, P1.

use std::time::Duration;

use super::commits::Commits;
use super::message::SnapshotArgs;
use super::{Index, broken_if};
use crate::harness::{Broken, Violation, seconds};

/// Where the snapshots of a cluster come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// There are none.
    Never,
    /// The battery's own service makes them, and tells the checkers.
    Told,
    /// A service of the submission makes them, and nobody sees when.
    Hidden,
}

/// The snapshots that services made, and those that servers saved.
pub(super) struct Store {
    source: Snapshots,
    /// What was made for which index; the same everywhere.
    made: Vec<(Index, Box<[u8]>)>,
    saved: Vec<Saved>,
}

#[derive(Clone, Copy, Default)]
struct Saved {
    count: u64,
    bytes: usize,
    index: Index,
}

impl Store {
    pub(super) fn new(servers: usize, source: Snapshots) -> Self {
        Self { source, made: Vec::new(), saved: vec![Saved::default(); servers] }
    }

    /// A service has made a snapshot.
    pub(super) fn made(&mut self, index: Index, data: &[u8]) {
        if self.made.iter().all(|(known, _)| *known != index) {
            self.made.push((index, data.into()));
        }
    }

    /// The highest index that a snapshot can cover; `committed` is what can be committed.
    pub(super) fn index_max(&self, committed: Index) -> Index {
        match self.source {
            Snapshots::Never => 0,
            Snapshots::Told => self.made.iter().map(|(index, _)| *index).max().unwrap_or_default(),
            Snapshots::Hidden => committed,
        }
    }

    /// Whether `server` has saved a snapshot.
    pub(super) fn has_snapshot(&self, server: usize) -> bool {
        0 < self.saved[server].bytes
    }

    /// How often `server` has saved.
    pub(super) fn saves(&self, server: usize) -> u64 {
        self.saved[server].count
    }

    /// Whether `server` has not saved this snapshot before. One that is as long as the one before
    /// counts as the same.
    pub(super) fn is_new(&self, server: usize, snapshot: &[u8]) -> bool {
        self.saved[server].bytes != snapshot.len()
    }

    /// `server` saves.
    pub(super) fn saved(
        &mut self,
        server: usize,
        snapshot: &[u8],
        at: Duration,
    ) -> Result<(), Violation> {
        let before = self.saved[server];
        self.saved[server].count += 1;
        if !self.is_new(server, snapshot) {
            return Ok(());
        }
        let found = self.made.iter().find(|(_, data)| **data == *snapshot);
        let index = found.map(|(index, _)| *index);
        self.saved[server].bytes = snapshot.len();
        self.saved[server].index = index.unwrap_or_default();
        broken_if(snapshot.is_empty(), || {
            Violation::new(
                Broken::SnapshotLost,
                format!(
                    "the snapshot of server {server}, of {} bytes, saved again with each new state",
                    before.bytes
                ),
                format!("it saved a state with an empty snapshot, at {}", seconds(at)),
            )
        })?;
        broken_if(index.is_some_and(|index| index < before.index), || {
            Violation::new(
                Broken::SnapshotWentBack,
                format!("server {server} to keep its snapshot up to index {}", before.index),
                format!(
                    "it saved one up to index {} in its place, at {}",
                    index.unwrap_or_default(),
                    seconds(at)
                ),
            )
        })
    }

    /// A leader sends a snapshot.
    pub(super) fn check_sent(
        &self,
        leader: usize,
        args: &SnapshotArgs<'_>,
        commits: Option<&Commits>,
        at: Duration,
    ) -> Result<(), Violation> {
        let SnapshotArgs { last_included_index: index, last_included_term: term, data, .. } = *args;
        let sent = |what: String| {
            format!("leader {leader} sent one up to index {index}{what}, at {}", seconds(at))
        };
        if let Some(known) = commits.and_then(|commits| commits.term_at(index)) {
            broken_if(known != term, || {
                Violation::new(
                    Broken::SnapshotTerm,
                    format!("a snapshot up to index {index} with the term of that entry, {known}"),
                    sent(format!(" with term {term}")),
                )
            })?;
        }
        if self.source != Snapshots::Told {
            return Ok(());
        }
        let Some(data) = data else { return Ok(()) };
        let made = self.made.iter().find(|(known, _)| *known == index);
        broken_if(made.is_none_or(|(_, made)| **made != *data), || {
            let what = match made {
                None => "a snapshot up to an index for which the service made one".to_owned(),
                Some((_, made)) => format!(
                    "the snapshot that the service made for index {index}, of {} bytes",
                    made.len()
                ),
            };
            Violation::new(
                Broken::SnapshotContent,
                what,
                sent(format!(", of {} bytes", data.len())),
            )
        })
    }
}
