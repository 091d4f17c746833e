//! What survives a crash (part 2C; with a snapshot, part 2D). Figure 2, "Persistent state"; paper
//! §5.1. Rules P1 to P3, N2, N10.
//!
//! Several values go into one buffer, and come out in the same order:
//!
//! ```text
//! let mut encoder = labgob::Encoder::new();
//! encoder.encode(&first)?;
//! encoder.encode(&second)?;
//! let bytes = encoder.finish();
//!
//! let mut decoder = labgob::Decoder::new(&bytes);
//! let first = decoder.decode()?;
//! let second = decoder.decode()?;
//! decoder.finish()?; // nothing is left over
//! ```

use crate::state::RaftState;

impl RaftState {
    /// Saves what must survive, with `Persister::save`. Called with the lock held, after every
    /// change and before anything that depends on it leaves the server (P1).
    pub(crate) fn persist(&self) {
        panic!("not implemented yet: persist, part 2C")
    }

    /// Goes on where the server's earlier life ended; does nothing if it had none (P2, P3).
    pub(crate) fn restore(&mut self) {
        panic!("not implemented yet: restore, part 2C")
    }
}
