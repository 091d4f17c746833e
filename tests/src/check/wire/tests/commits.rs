//! Commit indexes, by counting; later leaders have what was committed.

use super::{History, Snapshots};
use crate::harness::Broken;

#[test]
fn what_a_majority_acknowledged_is_committed() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1]);
    h.append(0, 1, (2, 1), &[], 2);
    h.is_accepted();
}

#[test]
fn what_only_the_leader_holds_is_not_committed() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    let entries = h.append(0, 1, (0, 0), &[1], 0);
    h.arrive(entries, 1);
    h.save(1);
    h.append(0, 1, (1, 1), &[], 1);
    let found = h.breaks(Broken::CommitWithoutMajority);
    assert!(found.seen.starts_with("leader 0 of term 1 sent commit index 1"), "{found}");
}

#[test]
fn two_of_five_are_no_majority() {
    let mut h = History::of(5);
    h.elect(0, 1, (0, 0), &[1, 2]);
    h.replicate(0, 1, (0, 0), &[1], 0, &[1]);
    h.append(0, 1, (1, 1), &[], 1);
    h.breaks(Broken::CommitWithoutMajority);
}

/// Figure 8, up to (c): server 0 leads term 4, and a majority holds the entry of term 2.
fn figure_8() -> History {
    let mut h = History::of(5);
    h.elect(0, 2, (0, 0), &[1, 2]);
    h.replicate(0, 2, (0, 0), &[2], 0, &[1]);
    h.elect(4, 3, (0, 0), &[2, 3]);
    h.append(4, 3, (0, 0), &[3], 0);
    h.elect(0, 4, (1, 2), &[1, 2]);
    h.replicate(0, 4, (0, 0), &[2], 0, &[1, 2]);
    h
}

#[test]
fn an_old_entry_on_a_majority_is_not_committed() {
    let mut h = figure_8();
    h.append(0, 4, (1, 2), &[], 1);
    let found = h.breaks(Broken::CommitOfOldTerm);
    assert!(found.expected.contains("no entry of the leader's own term"), "{found}");
}

#[test]
fn an_old_entry_follows_one_of_the_leaders_own_term() {
    let mut h = figure_8();
    h.replicate(0, 4, (1, 2), &[4], 0, &[1, 2]);
    h.append(0, 4, (2, 4), &[], 2);
    h.is_accepted();
}

/// Server 4 leads a later term, without the entries that a majority held in term 4.
fn a_later_leader(committed: bool) -> History {
    let mut h = figure_8();
    h.replicate(0, 4, (1, 2), &[4], 0, &[1, 2]);
    if committed {
        h.append(0, 4, (2, 4), &[], 2);
    }
    h.elect(4, 6, (1, 3), &[3]);
    // A third vote that none of those who hold the entry could give: that, too, would be named.
    h.judge.votes.received(6, 2, 4);
    h.append(4, 6, (0, 0), &[3], 0);
    h
}

#[test]
fn a_later_leader_without_a_committed_entry_is_named() {
    a_later_leader(true).breaks(Broken::CommittedMissing);
}

/// The leader may have sent it before it was saved, and crashed before it counted itself.
#[test]
fn an_entry_that_no_leader_called_committed_may_be_lost() {
    a_later_leader(false).is_accepted();
}

#[test]
fn entries_of_an_old_leader_may_leave_after_they_were_replaced() {
    let mut h = figure_8();
    h.replicate(0, 4, (1, 2), &[4], 0, &[1, 2]);
    h.append(4, 3, (0, 0), &[3], 0);
    h.is_accepted();
}

#[test]
fn a_snapshot_counts_for_what_it_covers() {
    let mut h = History::with(3, Snapshots::Told);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1]);
    h.make_snapshot(0, 2, b"two");
    let snapshot = h.install(0, 1, (2, 1), b"two");
    h.arrive(snapshot, 2);
    h.save_with(2, b"two");
    h.installed(snapshot, 2);
    h.replicate(0, 1, (2, 1), &[1], 2, &[2]);
    h.append(0, 1, (3, 1), &[], 3);
    h.is_accepted();
}

#[test]
fn entries_behind_a_snapshot_whose_term_is_taken_as_zero_are_named() {
    let mut h = History::with(3, Snapshots::Told);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1]);
    h.make_snapshot(0, 2, b"two");
    h.save_with(0, b"two");
    h.append(0, 1, (2, 0), &[], 2);
    h.breaks(Broken::SnapshotTerm);
}

#[test]
fn nothing_stands_before_the_first_entry_and_its_term_is_zero() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1], 0, &[1]);
    h.append(0, 1, (0, 0), &[], 1);
    h.is_accepted();
}
