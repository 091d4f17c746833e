//! Snapshots (part 3B). Rules K3, K8.

// When the saved Raft state (`Persister::raft_state_bytes`) nears the limit, the apply loop encodes
// what it holds and gives it to `Raft::snapshot`; a snapshot that is delivered, or that was saved
// when the server starts, replaces all of it.
