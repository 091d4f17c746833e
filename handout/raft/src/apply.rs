//! Delivering what is committed (part 2B; snapshots in part 2D). Rules S2, C3, C4, L4, N3, N8.

// The applier: one thread, woken by a condition variable when the commit index has moved. It takes
// what is to be delivered under the lock, gives the lock back, and only then sends
// `ApplyMsg::Command` or `ApplyMsg::Snapshot`.
