//! Success is founded, and what was acknowledged stays, and is saved.

use super::{History, Snapshots};
use crate::harness::Broken;

/// Server 0 leads term 1, and server 1 has acknowledged three entries.
fn with_three_entries(snapshots: Snapshots) -> History {
    let mut h = History::with(3, snapshots);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1, 1], 0, &[1]);
    h
}

#[test]
fn refusing_what_was_not_yet_acknowledged_is_accepted() {
    let mut h = with_three_entries(Snapshots::Never);
    let far = h.append(0, 1, (5, 1), &[1], 0);
    h.arrive(far, 1);
    h.refuse(far, 1, 1);
    h.is_accepted();
}

#[test]
fn a_refusal_decided_before_the_acknowledgement_left_is_accepted() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    let (second, first) = (h.append(0, 1, (1, 1), &[1], 0), h.append(0, 1, (0, 0), &[1], 0));
    h.arrive(second, 1);
    h.arrive(first, 1);
    h.save(1);
    h.accept(first, 1);
    h.refuse(second, 1, 1);
    h.is_accepted();
}

#[test]
fn an_acknowledged_entry_that_is_gone_is_named() {
    let mut h = with_three_entries(Snapshots::Never);
    let heartbeat = h.append(0, 1, (3, 1), &[], 0);
    h.arrive(heartbeat, 1);
    h.refuse(heartbeat, 1, 1);
    let found = h.breaks(Broken::EntriesLost);
    assert!(
        found.expected.contains("acknowledged to leader 0 of term 1, up to index 3"),
        "{found}"
    );
}

#[test]
fn an_acknowledged_entry_that_is_gone_after_a_crash_is_named() {
    let mut h = with_three_entries(Snapshots::Never);
    h.restart(1);
    let heartbeat = h.append(0, 1, (3, 1), &[], 0);
    h.arrive(heartbeat, 1);
    h.refuse(heartbeat, 1, 1);
    h.breaks(Broken::EntriesForgotten);
}

#[test]
fn refusing_what_a_snapshot_covers_is_accepted() {
    let mut h = with_three_entries(Snapshots::Told);
    h.make_snapshot(1, 2, b"two");
    let old = h.append(0, 1, (1, 1), &[1], 0);
    h.arrive(old, 1);
    h.refuse(old, 1, 1);
    h.is_accepted();
}

#[test]
fn an_acknowledged_suffix_that_a_snapshot_takes_away_is_named() {
    let mut h = with_three_entries(Snapshots::Told);
    h.make_snapshot(0, 2, b"two");
    let snapshot = h.install(0, 1, (2, 1), b"two");
    h.arrive(snapshot, 1);
    h.save_with(1, b"two");
    h.installed(snapshot, 1);
    let heartbeat = h.append(0, 1, (3, 1), &[], 0);
    h.arrive(heartbeat, 1);
    h.refuse(heartbeat, 1, 1);
    h.breaks(Broken::EntriesLost);
}

#[test]
fn a_later_leader_may_find_another_log() {
    let mut h = with_three_entries(Snapshots::Never);
    h.elect(2, 2, (3, 1), &[1]);
    let entries = h.append(2, 2, (3, 1), &[], 0);
    h.arrive(entries, 1);
    h.refuse(entries, 1, 2);
    h.is_accepted();
}

#[test]
fn success_after_an_entry_that_was_never_sent_is_named() {
    let mut h = with_three_entries(Snapshots::Never);
    let heartbeat = h.append(0, 1, (3, 1), &[], 0);
    h.arrive(heartbeat, 2);
    h.save(2);
    h.accept(heartbeat, 2);
    let found = h.breaks(Broken::UnfoundedSuccess);
    assert!(found.expected.contains("what follows index 3 of term 1"), "{found}");
}

#[test]
fn success_after_an_entry_that_a_snapshot_covers_is_accepted() {
    let mut h = with_three_entries(Snapshots::Told);
    h.make_snapshot(0, 3, b"three");
    let snapshot = h.install(0, 1, (3, 1), b"three");
    h.arrive(snapshot, 2);
    h.save_with(2, b"three");
    h.installed(snapshot, 2);
    let heartbeat = h.append(0, 1, (2, 1), &[1], 0);
    h.arrive(heartbeat, 2);
    h.accept(heartbeat, 2);
    h.is_accepted();
}

#[test]
fn success_for_a_leader_whose_term_is_over_is_named() {
    let mut h = with_three_entries(Snapshots::Never);
    h.elect(2, 2, (3, 1), &[1]);
    let old = h.append(0, 1, (3, 1), &[1], 0);
    h.arrive(old, 1);
    h.save(1);
    h.accept(old, 1);
    let found = h.found.take().expect("somebody names it");
    assert_eq!(found.broken, Broken::TermFell, "its reply has the old term: {found}");
}

#[test]
fn entries_acknowledged_before_they_are_saved_are_named() {
    let mut h = with_three_entries(Snapshots::Never);
    let entries = h.append(0, 1, (3, 1), &[1], 0);
    h.arrive(entries, 1);
    h.accept(entries, 1);
    h.breaks(Broken::UnsavedEntries);
}

#[test]
fn entries_saved_for_another_message_are_accepted() {
    let mut h = with_three_entries(Snapshots::Never);
    let (first, again) = (h.append(0, 1, (3, 1), &[1], 0), h.append(0, 1, (3, 1), &[1], 0));
    h.arrive(first, 1);
    h.arrive(again, 1);
    h.save(1);
    h.accept(again, 1);
    h.accept(first, 1);
    let later = h.append(0, 1, (3, 1), &[1], 0);
    h.arrive(later, 1);
    h.accept(later, 1);
    h.is_accepted();
}
