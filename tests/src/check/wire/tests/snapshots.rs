//! Snapshots belong to their index, sent or saved.

use super::{History, Snapshots};
use crate::harness::Broken;

/// Server 0 leads term 1, and has a snapshot of the first two entries.
fn with_snapshot() -> History {
    let mut h = History::with(3, Snapshots::Told);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1, 1], 0, &[1]);
    h.make_snapshot(0, 2, b"two");
    h.save_with(0, b"two");
    h
}

#[test]
fn the_snapshot_of_an_index_is_accepted() {
    let mut h = with_snapshot();
    h.install(0, 1, (2, 1), b"two");
    h.make_snapshot(0, 3, b"three");
    h.save_with(0, b"three");
    // Its arguments were made before.
    h.install(0, 1, (2, 1), b"two");
    h.is_accepted();
}

#[test]
fn another_term_than_that_of_the_last_entry_is_named() {
    let mut h = with_snapshot();
    h.install(0, 1, (2, 0), b"two");
    h.breaks(Broken::SnapshotTerm);
}

#[test]
fn a_snapshot_for_another_index_is_named() {
    let mut h = with_snapshot();
    h.install(0, 1, (3, 1), b"two");
    h.breaks(Broken::SnapshotContent);
}

#[test]
fn the_snapshot_of_another_index_is_named() {
    let mut h = with_snapshot();
    h.make_snapshot(0, 3, b"three");
    h.install(0, 1, (3, 1), b"two");
    h.breaks(Broken::SnapshotContent);
}

#[test]
fn a_state_saved_without_the_snapshot_is_named() {
    let mut h = with_snapshot();
    h.save_with(0, b"");
    h.breaks(Broken::SnapshotLost);
}

#[test]
fn an_older_snapshot_saved_over_a_newer_one_is_named() {
    let mut h = with_snapshot();
    h.make_snapshot(0, 3, b"three");
    h.save_with(0, b"three");
    h.save_with(0, b"two");
    h.breaks(Broken::SnapshotWentBack);
}
