//! What is applied was given, and could be known to be committed.

use super::{History, command};
use crate::harness::Broken;

/// Server 0 leads term 1; all hold two entries, of which the followers do not know yet that they
/// are committed.
fn committed() -> History {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    for index in [1, 2] {
        h.start(0, &command(index, 1));
    }
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1, 2]);
    h
}

#[test]
fn what_is_committed_is_applied() {
    let mut h = committed();
    h.apply(0, 1, &command(1, 1));
    h.apply(0, 2, &command(2, 1));
    let heartbeat = h.append(0, 1, (2, 1), &[], 2);
    h.arrive(heartbeat, 1);
    // It may apply before its reply leaves.
    h.apply(1, 1, &command(1, 1));
    h.accept(heartbeat, 1);
    h.apply(1, 2, &command(2, 1));
    h.is_accepted();
}

#[test]
fn a_commit_index_told_for_less_than_is_held_counts_for_all_that_is_held() {
    let mut h = committed();
    let heartbeat = h.append(0, 1, (1, 1), &[], 2);
    h.arrive(heartbeat, 1);
    h.accept(heartbeat, 1);
    // The leader of this very term has vouched for index 2 before.
    h.apply(1, 2, &command(2, 1));
    h.is_accepted();
}

#[test]
fn applying_before_a_majority_holds_it_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.start(0, &command(1, 1));
    h.append(0, 1, (0, 0), &[1], 0);
    h.apply(0, 1, &command(1, 1));
    h.breaks(Broken::AppliedUncommitted);
}

#[test]
fn applying_before_the_leader_says_that_it_is_committed_is_named() {
    let mut h = committed();
    h.apply(1, 1, &command(1, 1));
    h.breaks(Broken::AppliedUncommitted);
}

#[test]
fn a_commit_index_beyond_what_the_message_vouches_for_is_named() {
    let mut h = committed();
    h.elect(2, 2, (2, 1), &[1]);
    h.replicate(2, 2, (2, 1), &[2], 0, &[0]);
    let heartbeat = h.append(2, 2, (1, 1), &[], 3);
    h.arrive(heartbeat, 1);
    h.accept(heartbeat, 1);
    h.apply(1, 2, &command(2, 1));
    let found = h.breaks(Broken::AppliedUnverified);
    assert!(found.seen.contains("a leader told it commit index 3"), "{found}");
}

#[test]
fn a_commit_index_out_of_a_refused_message_is_named() {
    let mut h = committed();
    let heartbeat = h.append(0, 1, (2, 1), &[], 2);
    h.elect(2, 2, (2, 1), &[1]);
    h.arrive(heartbeat, 1);
    h.refuse(heartbeat, 1, 2);
    h.apply(1, 1, &command(1, 1));
    h.breaks(Broken::AppliedUnverified);
}

#[test]
fn a_command_that_was_never_given_is_named() {
    let mut h = committed();
    h.apply(0, 1, b"not that");
    h.breaks(Broken::AppliedFromNowhere);
}

#[test]
fn a_command_that_only_others_were_given_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.start(0, &command(1, 1));
    h.replicate(0, 1, (0, 0), &[1], 0, &[1]);
    h.apply(2, 1, &command(1, 1));
    h.breaks(Broken::AppliedFromNowhere);
}
