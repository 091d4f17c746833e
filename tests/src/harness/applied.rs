//! What each server has delivered, and whether that can be.

use std::sync::Arc;

use labgob::Raw;
use labrt_host::now;
use parking_lot::Mutex;
use serde::Serialize;

use super::broken::Broken;
use super::violation::{Violation, seconds, shown};

/// The bytes of a command.
pub(crate) type Command = Arc<[u8]>;

/// The service of all servers: it remembers what was applied where.
///
/// What a server has applied stays on record when it crashes: a restarted server that applies
/// its log again is held to what was applied before.
pub(crate) struct Applied {
    records: Mutex<Records>,
}

/// Since servers deliver in order, and the same everywhere, each has applied a beginning of one
/// log.
struct Records {
    /// The log: the commands at the indexes from 1, and who applied each first.
    log: Vec<(Command, usize)>,
    /// Up to where each server has applied the log, in this life or an earlier one.
    reached: Vec<u64>,
    /// The number of each server's present life, or of its last one.
    lives: Vec<u32>,
    /// The index delivered last, by each server in that life.
    last_applied: Vec<u64>,
    /// Whether `reached` is about the present life alone.
    forgets_earlier_lives: bool,
}

/// How many servers have applied an index, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) servers: Vec<usize>,
    pub(crate) command: Option<Command>,
}

/// What the service puts into a snapshot: everything it was given.
#[derive(Serialize)]
struct Content<'a> {
    last_included_index: u64,
    /// The commands at the indexes from 1.
    commands: Vec<&'a [u8]>,
}

mod read {
    /// The same, from bytes that need not be what the service made.
    #[derive(serde::Deserialize)]
    pub(super) struct Content {
        pub(super) last_included_index: u64,
        pub(super) commands: Vec<Vec<u8>>,
    }
}

impl Applied {
    pub(crate) fn new(servers: usize) -> Self {
        Self {
            records: Mutex::new(Records {
                log: Vec::new(),
                reached: vec![0; servers],
                lives: vec![0; servers],
                last_applied: vec![0; servers],
                forgets_earlier_lives: false,
            }),
        }
    }

    /// From now on, a server that is started again counts as having applied nothing but its
    /// snapshot.
    pub(crate) fn forget_earlier_lives(&self) {
        self.records.lock().forgets_earlier_lives = true;
    }

    /// A new life of `server` begins, from the snapshot it left if there is one. What an earlier
    /// one delivers from now on is ignored: under the real clock the service of a crashed server
    /// may be about to record what it has taken.
    ///
    /// # Errors
    /// If the snapshot is not one that the service made.
    pub(crate) fn begin_life(
        &self,
        server: usize,
        life: u32,
        snapshot: &[u8],
    ) -> Result<(), Violation> {
        {
            let mut records = self.records.lock();
            records.lives[server] = life;
            records.last_applied[server] = 0;
            if records.forgets_earlier_lives {
                records.reached[server] = 0;
            }
        }
        match snapshot {
            [] => Ok(()),
            _ => self.ingest(server, life, None, snapshot),
        }
    }

    /// `server` delivers a command in its `life`.
    ///
    /// # Errors
    /// If it is not the next one in order, or another was applied there, by whomever.
    pub(crate) fn record(
        &self,
        server: usize,
        life: u32,
        index: u64,
        command: Vec<u8>,
    ) -> Result<(), Violation> {
        let mut records = self.records.lock();
        if records.lives[server] != life {
            return Ok(());
        }
        let expected = records.last_applied[server] + 1;
        if index != expected {
            return Err(Violation::new(
                Broken::OutOfOrder,
                format!("index {expected} from server {server}, after index {}", expected - 1),
                format!("it delivered index {index}, {}, at {}", shown(&command), seconds(now())),
            ));
        }
        match records.at(index) {
            None => records.log.push((command.into(), server)),
            Some((known, _)) if **known == *command => {}
            Some((known, other)) => {
                return Err(Violation::new(
                    Broken::DifferentCommands,
                    format!("{} at index {index}, as server {other} applied it", shown(known)),
                    format!(
                        "server {server} applied {} there, at {}",
                        shown(&command),
                        seconds(now())
                    ),
                ));
            }
        }
        records.last_applied[server] = index;
        records.reached[server] = records.reached[server].max(index);
        Ok(())
    }

    /// `server` delivers a snapshot in its `life`: what it applied is replaced by what is in there.
    ///
    /// # Errors
    /// If it is not one that the service made for `index`, or takes the service back.
    pub(crate) fn install(
        &self,
        server: usize,
        life: u32,
        index: u64,
        data: &[u8],
    ) -> Result<(), Violation> {
        let Some(last_applied) = self.last_applied_in(server, life) else { return Ok(()) };
        if index < last_applied {
            return Err(Violation::new(
                Broken::StaleSnapshot,
                format!("from server {server}, after index {last_applied}, what lies beyond it"),
                format!("it delivered a snapshot that ends at {index}, at {}", seconds(now())),
            ));
        }
        self.ingest(server, life, Some(index), data)
    }

    fn ingest(
        &self,
        server: usize,
        life: u32,
        index: Option<u64>,
        data: &[u8],
    ) -> Result<(), Violation> {
        let wrong = |seen: String| {
            Violation::new(
                Broken::WrongSnapshot,
                format!("a snapshot at server {server} as the service made it"),
                format!("{seen}, at {}", seconds(now())),
            )
        };
        if let Some(end) = self.made_for(data)
            && index.is_none_or(|index| index == end)
        {
            self.records.lock().goes_to(server, life, end);
            return Ok(());
        }
        let content: read::Content = labgob::from_bytes(data)
            .map_err(|error| wrong(format!("its {} bytes cannot be read: {error}", data.len())))?;
        let end = content.last_included_index;
        if let Some(index) = index.filter(|index| *index != end) {
            return Err(wrong(format!(
                "one that the service made for index {end} was delivered for index {index}"
            )));
        }
        let mut records = self.records.lock();
        if records.lives[server] != life {
            return Ok(());
        }
        let applied =
            records.log.iter().take(content.commands.len()).map(|(command, _)| &**command);
        if content.commands.len() as u64 != end || !applied.eq(&content.commands) {
            return Err(wrong(format!(
                "one for index {end} holds {} commands that are not those applied up to there",
                content.commands.len()
            )));
        }
        records.goes_to(server, life, end);
        Ok(())
    }

    /// The index for which the service made this snapshot, if it is one of what was applied.
    fn made_for(&self, data: &[u8]) -> Option<u64> {
        let (_, index) = Raw::of(data).fields()?.next()?;
        let index = index.as_u64().filter(|index| *index <= self.max_index())?;
        (self.snapshot(index) == data).then_some(index)
    }

    /// The service's snapshot of what a server that has come to `index` has applied.
    pub(crate) fn snapshot(&self, index: u64) -> Vec<u8> {
        let records = self.records.lock();
        let log = records.log.iter().take(index as usize);
        let commands = log.map(|(command, _)| &**command).collect();
        labgob::to_bytes(&Content { last_included_index: index, commands })
            .expect("numbers and bytes can be encoded")
    }

    /// The service's snapshot of what was applied up to `index`, and of `commands` after that.
    pub(crate) fn snapshot_with(&self, index: u64, commands: &[Command]) -> Vec<u8> {
        let records = self.records.lock();
        let log = records.log.iter().take(index as usize).map(|(command, _)| command);
        let commands: Vec<_> = log.chain(commands).map(|command| &**command).collect();
        labgob::to_bytes(&Content { last_included_index: commands.len() as u64, commands })
            .expect("numbers and bytes can be encoded")
    }

    /// Who has applied `index`, crashed and disconnected servers included.
    pub(crate) fn committed(&self, index: u64) -> Committed {
        let records = self.records.lock();
        let reached = records.reached.iter().enumerate();
        let servers: Vec<_> =
            reached.filter(|(_, reached)| index <= **reached).map(|(server, _)| server).collect();
        let command = match servers.is_empty() {
            true => None,
            false => records.at(index).map(|(command, _)| command.clone()),
        };
        Committed { servers, command }
    }

    /// The index that `server` delivered last in its present life, or in its last one.
    pub(crate) fn last_applied(&self, server: usize) -> u64 {
        self.records.lock().last_applied[server]
    }

    /// The index that `server` delivered last in its `life`; `None` if a later one has begun.
    pub(crate) fn last_applied_in(&self, server: usize, life: u32) -> Option<u64> {
        let records = self.records.lock();
        (records.lives[server] == life).then(|| records.last_applied[server])
    }

    /// The highest index at which any server delivered a command.
    pub(crate) fn max_index(&self) -> u64 {
        self.records.lock().log.len() as u64
    }
}

impl Records {
    /// `server` has installed a snapshot that ends at `index` in its `life`, if that is not over.
    fn goes_to(&mut self, server: usize, life: u32, index: u64) {
        if self.lives[server] == life {
            self.reached[server] = index;
            self.last_applied[server] = index;
        }
    }

    /// What stands at `index`, and who applied it first.
    fn at(&self, index: u64) -> Option<&(Command, usize)> {
        self.log.get(usize::try_from(index.checked_sub(1)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One server, that has applied indexes 1 and 2 in its first life.
    fn two_applied() -> Applied {
        let applied = Applied::new(1);
        applied.begin_life(0, 1, &[]).expect("an empty snapshot is none");
        for index in 1..=2 {
            applied.record(0, 1, index, vec![7]).expect("in order");
        }
        applied
    }

    #[test]
    fn a_delivery_of_an_earlier_life_is_ignored() {
        let applied = two_applied();
        applied.begin_life(0, 2, &[]).expect("an empty snapshot is none");
        applied.record(0, 1, 3, vec![7]).expect("life 1 is over");
        applied.install(0, 1, 2, &applied.snapshot(2)).expect("life 1 is over");
        assert_eq!(applied.last_applied_in(0, 2), Some(0), "life 2 has delivered nothing yet");
        assert_eq!(applied.max_index(), 2);
    }

    #[test]
    fn what_an_earlier_life_applied_counts_unless_it_is_to_be_forgotten() {
        for (forgets, servers) in [(false, vec![0]), (true, vec![])] {
            let applied = two_applied();
            if forgets {
                applied.forget_earlier_lives();
            }
            applied.begin_life(0, 2, &[]).expect("an empty snapshot is none");
            assert_eq!(applied.committed(2).servers, servers, "forgets: {forgets}");
        }
    }

    #[test]
    fn only_what_the_service_made_of_what_was_applied_is_taken_for_its_snapshot() {
        let applied = two_applied();
        let (own, beyond) = (applied.snapshot(2), applied.snapshot_with(2, &[vec![7].into()]));
        assert_eq!(applied.made_for(&own), Some(2));
        assert_eq!(applied.made_for(&own[..own.len() - 1]), None, "it is cut short");
        assert_eq!(applied.made_for(&beyond), None, "nobody has applied index 3");
        applied.install(0, 1, 2, &own).expect("it was made for index 2");
        for (index, data) in [(3, &own), (3, &beyond)] {
            let wrong = applied.install(0, 1, index, data).expect_err("it cannot be");
            assert_eq!(wrong.broken, Broken::WrongSnapshot);
        }
    }

    #[test]
    fn a_gap_within_a_life_is_named() {
        let applied = two_applied();
        applied.begin_life(0, 2, &[]).expect("an empty snapshot is none");
        let gap = applied.record(0, 2, 3, vec![7]).expect_err("life 2 begins at index 1");
        assert_eq!(gap.broken, Broken::OutOfOrder);
    }
}
