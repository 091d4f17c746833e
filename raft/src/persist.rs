//! What survives a crash (part 2C; with a snapshot, 2D).
//!
//! Figure 2, "Persistent state"; paper §5.1, §7. Rules P1 to P3, N2, N3, N10.

use labgob::{DecodeError, Decoder, EncodeError, Encoder};

use crate::log::{Entry, EntryId, Log};
use crate::state::RaftState;

impl RaftState {
    /// Saves term, vote and log, and with them the snapshot: both at once, and never one without
    /// the other (N2). Called after every change of any of them, with the lock held, so before
    /// anything that depends on the change can leave the server (P1). Does not wait (L4).
    #[track_caller]
    pub(crate) fn persist(&mut self) {
        self.encode().expect("P3: integers and bytes can be encoded");
        self.persister.save(self.encoded.bytes(), &self.snapshot);
        self.saved = self.persistent();
    }

    /// Goes on where the server's earlier life ended; does nothing if it had none. It is a
    /// follower in any case. Rules P2, P3, N3.
    ///
    /// # Panics
    /// If what was saved is not what [`persist`](Self::persist) writes: to go on without it
    /// would be to break promises given to others.
    pub(crate) fn restore(&mut self) {
        let state = self.persister.raft_state();
        if state.is_empty() {
            return; // P2: the first life
        }
        if let Err(error) = self.decode(&state) {
            panic!("P3: the saved state cannot be read back: {error}");
        }
        self.snapshot = self.persister.snapshot();
        // N3: what a snapshot covers was committed. It is delivered before the entries after it.
        self.commit_index = self.log.base().index;
        self.announced_commit = self.commit_index; // The applier looks before it first waits.
        self.saved = self.persistent();
    }

    /// The persistent part of the state: the entries of the log, a `None` that ends them, term,
    /// vote and base. The base names the index and term for which the snapshot stands, so it is
    /// known of which index the first entry is (N2).
    fn encode(&mut self) -> Result<(), EncodeError> {
        let mut encoder = self.encoded.up_to_end_of(&self.log)?;
        encoder.encode(&None::<(u64, Vec<u8>)>)?;
        encoder.encode(&self.current_term)?;
        encoder.encode(&self.voted_for)?;
        encoder.encode(&self.log.base())?;
        self.encoded.bytes = encoder.finish();
        Ok(())
    }

    /// Reads back what [`encode`](Self::encode) wrote, in the same order (P3).
    fn decode(&mut self, state: &[u8]) -> Result<(), DecodeError> {
        let mut decoder = Decoder::new(state);
        let mut entries = Vec::new();
        while let Some((term, command)) = decoder.decode()? {
            entries.push(Entry { term, command });
        }
        self.current_term = decoder.decode()?;
        self.voted_for = decoder.decode()?;
        let base: EntryId = decoder.decode()?;
        self.log = Log::new(base, entries);
        decoder.finish()
    }
}

/// The state as it was saved last, so that a save encodes only what is new. To encode a long log
/// for every new entry would be most of what a server does.
#[derive(Default)]
pub(crate) struct EncodedState {
    base: EntryId,
    /// The entries first: they are what stays.
    bytes: Vec<u8>,
    /// Each entry's term, and where it ends in `bytes`.
    entries: Vec<(u64, usize)>,
}

impl EncodedState {
    /// Becomes the entries of `log`; gives an encoder that goes on behind them.
    fn up_to_end_of(&mut self, log: &Log) -> Result<Encoder, EncodeError> {
        if self.base != log.base() {
            self.base = log.base();
            self.entries.clear();
        }
        // If the last entry is the log's, so are all before it: the Log Matching Property, §5.3.
        while let Some(&(term, _)) = self.entries.last() {
            if self.last_index() <= log.last_index() && log.term_at(self.last_index()) == term {
                break;
            }
            self.entries.pop();
        }
        self.bytes.truncate(self.entries.last().map_or(0, |&(_, end)| end));
        let mut encoder = Encoder::appending_to(std::mem::take(&mut self.bytes));
        for Entry { term, command } in &log.entries()[self.entries.len()..] {
            encoder.encode(&Some((term, command)))?;
            self.entries.push((*term, encoder.as_bytes().len()));
        }
        Ok(encoder)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn last_index(&self) -> u64 {
        self.base.index + self.entries.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use labapi::Persister;
    use labrt::sync::Arc;

    use super::*;

    /// Whatever happens to the log between two saves, what is read back is the log.
    #[test]
    fn what_is_read_back_is_what_was_there() {
        let persister = Arc::new(Persister::default());
        let mut state = RaftState::new(0, 3, Arc::clone(&persister));
        let check = |state: &mut RaftState, what: &str| {
            state.persist();
            let mut restored = RaftState::new(0, 3, Arc::clone(&persister));
            restored.restore();
            assert_eq!(restored.log, state.log, "P3: the log, {what}");
            assert_eq!(restored.persistent(), state.persistent(), "P3: term and vote, {what}");
            assert_eq!(restored.snapshot, state.snapshot, "N2: the snapshot, {what}");
            assert_eq!(restored.commit_index, state.log.base().index, "N3: {what}");
        };
        let entry = |term, byte| Entry { term, command: vec![byte; 3] };
        check(&mut state, "when nothing happened yet");
        state.current_term = 7;
        state.voted_for = Some(2);
        for byte in 1..=5 {
            state.log.append(entry(1, byte));
        }
        check(&mut state, "after appending");
        state.log.truncate_from(3);
        check(&mut state, "after truncating");
        state.log.truncate_from(2);
        for byte in 6..=9 {
            state.log.append(entry(2, byte));
        }
        check(&mut state, "after replacing more than was dropped");
        state.snapshot = vec![1, 2, 3];
        state.log.compact_to(EntryId { index: 3, term: 2 });
        check(&mut state, "after a snapshot");
        state.log.append(entry(7, 10));
        check(&mut state, "after appending behind a snapshot");
        state.log.compact_to(EntryId { index: 20, term: 7 });
        check(&mut state, "after a snapshot of another log");
    }
}
