//! What each server has delivered, and whether that can be.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt_host::now;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::violation::{Broken, Violation, seconds, shown};

/// The bytes of a command.
pub(crate) type Command = Arc<[u8]>;

/// The service of all servers: it remembers what was applied where.
///
/// What a server has applied stays on record when it crashes: a restarted server that applies
/// its log again is held to what it applied before.
pub(crate) struct Applied {
    records: Mutex<Records>,
}

struct Records {
    logs: Vec<BTreeMap<u64, Command>>,
    /// The index delivered last, by each server in its present life.
    last_applied: Vec<u64>,
    /// The highest index at which any server delivered a command.
    max_index: u64,
}

/// How many servers have applied an index, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) servers: Vec<usize>,
    pub(crate) command: Option<Command>,
}

/// What the service puts into a snapshot: everything it was given.
#[derive(Serialize, Deserialize)]
struct Content {
    last_included_index: u64,
    /// The commands at the indexes from 1.
    commands: Vec<Vec<u8>>,
}

impl Applied {
    pub(crate) fn new(servers: usize) -> Self {
        Self {
            records: Mutex::new(Records {
                logs: vec![BTreeMap::new(); servers],
                last_applied: vec![0; servers],
                max_index: 0,
            }),
        }
    }

    /// A new life of `server` begins, from the snapshot it left if there is one.
    ///
    /// # Errors
    /// If the snapshot is not one that the service made.
    pub(crate) fn begin_life(&self, server: usize, snapshot: &[u8]) -> Result<(), Violation> {
        self.records.lock().last_applied[server] = 0;
        match snapshot {
            [] => Ok(()),
            _ => self.ingest(server, None, snapshot),
        }
    }

    /// `server` delivers a command.
    ///
    /// # Errors
    /// If it is not the next one in order, or another was applied there, by whomever.
    pub(crate) fn record(
        &self,
        server: usize,
        index: u64,
        command: Vec<u8>,
    ) -> Result<(), Violation> {
        let mut records = self.records.lock();
        let expected = records.last_applied[server] + 1;
        if index != expected {
            return Err(Violation::new(
                Broken::OutOfOrder,
                format!("index {expected} from server {server}, after index {}", expected - 1),
                format!("it delivered index {index}, {}, at {}", shown(&command), seconds(now())),
            ));
        }
        records.check(server, index, &command)?;
        records.logs[server].insert(index, command.into());
        records.last_applied[server] = index;
        records.max_index = records.max_index.max(index);
        Ok(())
    }

    /// `server` delivers a snapshot: what it applied is replaced by what is in there.
    ///
    /// # Errors
    /// If it is not one that the service made for `index`, or takes the service back.
    pub(crate) fn install(&self, server: usize, index: u64, data: &[u8]) -> Result<(), Violation> {
        let last_applied = self.records.lock().last_applied[server];
        if index < last_applied {
            return Err(Violation::new(
                Broken::StaleSnapshot,
                format!("from server {server}, after index {last_applied}, what lies beyond it"),
                format!("it delivered a snapshot that ends at {index}, at {}", seconds(now())),
            ));
        }
        self.ingest(server, Some(index), data)
    }

    fn ingest(&self, server: usize, index: Option<u64>, data: &[u8]) -> Result<(), Violation> {
        let wrong = |seen: String| {
            Violation::new(
                Broken::WrongSnapshot,
                format!("a snapshot at server {server} as the service made it"),
                format!("{seen}, at {}", seconds(now())),
            )
        };
        let content: Content = labgob::from_bytes(data)
            .map_err(|error| wrong(format!("its {} bytes cannot be read: {error}", data.len())))?;
        let end = content.last_included_index;
        if index.is_some_and(|index| index != end) {
            return Err(wrong(format!(
                "one that the service made for index {end} was delivered for index {}",
                index.unwrap_or_default()
            )));
        }
        if content.commands.len() as u64 != end {
            return Err(wrong(format!(
                "one for index {end} holds {} commands",
                content.commands.len()
            )));
        }
        let mut records = self.records.lock();
        for (index, command) in (1..).zip(&content.commands) {
            records.check(server, index, command)?;
        }
        records.logs[server] = (1..).zip(content.commands.into_iter().map(Into::into)).collect();
        records.last_applied[server] = end;
        Ok(())
    }

    /// The service's snapshot of what `server` has applied up to `index`.
    pub(crate) fn snapshot(&self, server: usize, index: u64) -> Vec<u8> {
        let records = self.records.lock();
        let commands: Vec<_> =
            records.logs[server].range(..=index).map(|(_, command)| command.to_vec()).collect();
        labgob::to_bytes(&Content { last_included_index: index, commands })
            .expect("numbers and bytes can be encoded")
    }

    /// Who has applied `index`, crashed and disconnected servers included.
    pub(crate) fn committed(&self, index: u64) -> Committed {
        let records = self.records.lock();
        let mut committed = Committed::default();
        for (server, log) in records.logs.iter().enumerate() {
            if let Some(command) = log.get(&index) {
                committed.servers.push(server);
                committed.command.get_or_insert_with(|| command.clone());
            }
        }
        committed
    }

    /// The index that `server` delivered last in its present life.
    pub(crate) fn last_applied(&self, server: usize) -> u64 {
        self.records.lock().last_applied[server]
    }

    /// The highest index at which any server delivered a command.
    pub(crate) fn max_index(&self) -> u64 {
        self.records.lock().max_index
    }
}

impl Records {
    /// One index, one command, everywhere and for ever.
    fn check(&self, server: usize, index: u64, command: &[u8]) -> Result<(), Violation> {
        for (other, log) in self.logs.iter().enumerate() {
            let Some(theirs) = log.get(&index) else { continue };
            if **theirs != *command {
                return Err(Violation::new(
                    Broken::DifferentCommands,
                    format!("{} at index {index}, as server {other} applied it", shown(theirs)),
                    format!(
                        "server {server} applied {} there, at {}",
                        shown(command),
                        seconds(now())
                    ),
                ));
            }
        }
        Ok(())
    }
}
