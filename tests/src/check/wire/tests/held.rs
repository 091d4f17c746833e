//! Whom a server may vote for, given the end of its own log; and what its own candidacy shows.

use super::History;
use crate::harness::Broken;

/// Server 0 leads term 1, and server 1 has acknowledged two entries of it.
fn with_two_entries() -> History {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1]);
    h
}

#[test]
fn a_vote_for_a_longer_or_newer_log_is_accepted() {
    let mut h = with_two_entries();
    h.elect(2, 2, (2, 1), &[1]);
    h.elect(0, 3, (3, 1), &[1]);
    h.is_accepted();
}

#[test]
fn a_vote_for_a_shorter_log_of_the_same_term_is_named() {
    let mut h = with_two_entries();
    h.elect(2, 2, (1, 1), &[1]);
    let found = h.breaks(Broken::VoteForStaleLog);
    assert!(found.expected.contains("reaches index 2 of term 1, acknowledged at"), "{found}");
    assert!(found.seen.contains("whose log ends at index 1 of term 1"), "{found}");
}

#[test]
fn a_vote_for_a_longer_log_of_an_older_term_is_named() {
    let mut h = History::of(3);
    h.elect(0, 2, (0, 0), &[1]);
    h.replicate(0, 2, (0, 0), &[2], 0, &[1]);
    h.elect(2, 3, (9, 1), &[1]);
    h.breaks(Broken::VoteForStaleLog);
}

#[test]
fn a_vote_decided_before_the_acknowledgement_left_is_accepted() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.save(2);
    let asked = h.ask(2, 2, (0, 0));
    h.arrive(asked, 1);
    let entries = h.append(0, 1, (0, 0), &[1], 0);
    h.arrive(entries, 1);
    h.save(1);
    h.accept(entries, 1);
    h.save(1);
    h.vote(asked, 1, true);
    h.is_accepted();
}

#[test]
fn a_log_that_a_later_leader_may_have_cut_is_not_held_against_its_server() {
    let mut h = History::of(5);
    h.elect(0, 2, (0, 0), &[1, 3]);
    h.replicate(0, 2, (0, 0), &[2], 0, &[1]);
    // The leader of term 3 has two entries of term 1, and sends them one by one.
    h.elect(2, 3, (2, 1), &[3, 4]);
    let entries = h.append(2, 3, (0, 0), &[1], 0);
    h.save(4);
    let asked = h.ask(4, 4, (1, 1));
    h.arrive(asked, 1);
    h.arrive(entries, 1);
    h.save(1);
    h.vote(asked, 1, true);
    h.is_accepted();
}

#[test]
fn a_candidate_that_lost_what_it_acknowledged_is_named() {
    let mut h = with_two_entries();
    h.save(1);
    h.ask(1, 2, (1, 1));
    h.breaks(Broken::EntriesLost);
}

#[test]
fn a_candidate_that_lost_it_in_a_crash_is_named() {
    let mut h = with_two_entries();
    h.restart(1);
    h.save(1);
    h.ask(1, 2, (0, 0));
    let found = h.breaks(Broken::EntriesForgotten);
    assert!(found.expected.ends_with("before it crashed"), "{found}");
}

#[test]
fn a_leader_may_lose_in_a_crash_what_it_sent_while_it_saved() {
    let mut h = with_two_entries();
    h.restart(0);
    h.save(0);
    h.ask(0, 2, (0, 0));
    h.is_accepted();
}

#[test]
fn a_leader_that_lost_what_it_sent_without_a_crash_is_named() {
    let mut h = with_two_entries();
    h.save(0);
    h.ask(0, 2, (0, 0));
    h.breaks(Broken::EntriesLost);
}

#[test]
fn a_snapshots_last_term_taken_as_zero_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1]);
    let snapshot = h.install(0, 1, (2, 1), b"two");
    h.arrive(snapshot, 2);
    h.save_with(2, b"two");
    h.installed(snapshot, 2);
    h.save_with(2, b"two");
    h.ask(2, 2, (2, 0));
    h.breaks(Broken::SnapshotTerm);
}

#[test]
fn a_leader_that_lost_in_a_crash_what_it_counted_itself_for_is_named() {
    let mut h = with_two_entries();
    h.append(0, 1, (2, 1), &[], 2);
    h.restart(0);
    h.save(0);
    h.ask(0, 2, (0, 0));
    let found = h.breaks(Broken::EntriesForgotten);
    assert!(found.expected.contains("for which it counted itself"), "{found}");
}

#[test]
fn a_leader_may_lose_in_a_crash_what_enough_others_hold() {
    let mut h = History::of(5);
    h.elect(0, 1, (0, 0), &[1, 2]);
    h.replicate(0, 1, (0, 0), &[1, 1], 0, &[1, 2, 3]);
    h.append(0, 1, (2, 1), &[], 2);
    h.restart(0);
    h.save(0);
    h.ask(0, 2, (0, 0));
    h.is_accepted();
}

#[test]
fn a_vote_of_one_that_forgot_in_a_crash_what_it_acknowledged_is_named() {
    let mut h = with_two_entries();
    h.restart(1);
    h.elect(2, 2, (0, 0), &[1]);
    let found = h.breaks(Broken::VoteAfterCrash);
    assert!(found.expected.ends_with("before it crashed"), "{found}");
}

#[test]
fn a_vote_of_a_leader_that_forgot_in_a_crash_what_it_committed_is_named() {
    let mut h = with_two_entries();
    h.append(0, 1, (2, 1), &[], 2);
    h.restart(0);
    h.elect(2, 2, (0, 0), &[0]);
    h.breaks(Broken::VoteAfterCrash);
}

#[test]
fn a_vote_of_a_leader_that_had_not_counted_itself_yet_is_accepted() {
    let mut h = with_two_entries();
    h.restart(0);
    h.elect(2, 2, (0, 0), &[0]);
    h.is_accepted();
}

#[test]
fn a_log_that_was_read_back_with_other_terms_is_named() {
    let mut h = History::of(5);
    h.elect(0, 2, (1, 1), &[1, 2]);
    h.replicate(0, 2, (0, 0), &[1, 2], 0, &[1]);
    h.restart(1);
    h.save(1);
    h.ask(1, 3, (2, 1));
    h.breaks(Broken::EntryTermLost);
}

#[test]
fn a_log_that_was_read_back_without_terms_is_named() {
    let mut h = with_two_entries();
    h.restart(1);
    h.save(1);
    h.ask(1, 2, (2, 0));
    h.breaks(Broken::EntryTermLost);
}
