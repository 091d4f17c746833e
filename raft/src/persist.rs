//! What survives a crash (part 2C; with a snapshot, 2D).
//!
//! Figure 2, "Persistent state"; paper §5.1, §7. Rules P1 to P3, N2, N3, N10.

use labgob::{DecodeError, Decoder, EncodeError, Encoder};

use crate::log::{EntryId, Log};
use crate::state::RaftState;

impl RaftState {
    /// Saves term, vote and log, and with them the snapshot: both at once, and never one without
    /// the other (N2). Called after every change of any of them, with the lock held, so before
    /// anything that depends on the change can leave the server (P1). Does not wait (L4).
    #[track_caller]
    pub(crate) fn persist(&mut self) {
        let state = self.encode().expect("P3: integers, bytes and lists of them can be encoded");
        self.persister.save(&state, &self.snapshot);
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

    /// The persistent part of the state. The base names the index and term for which the snapshot
    /// stands, so it is known of which index the first entry is (N2).
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut encoder = Encoder::new();
        encoder.encode(&self.current_term)?;
        encoder.encode(&self.voted_for)?;
        encoder.encode(&self.log.base())?;
        encoder.encode(self.log.entries())?;
        Ok(encoder.finish())
    }

    /// Reads back what [`encode`](Self::encode) wrote, in the same order (P3).
    fn decode(&mut self, state: &[u8]) -> Result<(), DecodeError> {
        let mut decoder = Decoder::new(state);
        self.current_term = decoder.decode()?;
        self.voted_for = decoder.decode()?;
        let base: EntryId = decoder.decode()?;
        self.log = Log::new(base, decoder.decode()?);
        decoder.finish()
    }
}
