//! One index and term, one entry; leaders only append.

use super::{AppendArgs, Entry, History, command};
use crate::harness::Broken;

fn leader() -> History {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h
}

#[test]
fn entries_sent_again_and_in_any_order_are_accepted() {
    let mut h = leader();
    h.append(0, 1, (2, 1), &[1], 0);
    h.append(0, 1, (0, 0), &[1, 1, 1], 0);
    h.append(0, 1, (1, 1), &[1], 0);
    h.append(0, 1, (0, 0), &[], 0);
    h.is_accepted();
}

#[test]
fn two_commands_as_one_entry_are_named() {
    let mut h = leader();
    h.append(0, 1, (0, 0), &[1], 0);
    let args = AppendArgs {
        term: 1,
        leader_id: 0,
        prev_log_index: 0,
        prev_log_term: 0,
        entries: vec![Entry { term: 1, command: b"other".to_vec() }],
        leader_commit: 0,
    };
    h.send(0, "append_entries", 1, &args);
    let found = h.breaks(Broken::EntriesDiffer);
    assert!(found.expected.contains("server 0 sent `1 of term 1`"), "{found}");
    assert!(found.seen.contains("sent `other`"), "{found}");
}

#[test]
fn one_entry_after_two_different_pasts_is_named() {
    let mut h = History::of(3);
    h.elect(0, 3, (1, 1), &[1]);
    h.append(0, 3, (1, 1), &[3], 0);
    h.elect(1, 4, (2, 3), &[2]);
    h.append(1, 4, (1, 2), &[3], 0);
    h.breaks(Broken::EntriesDiffer);
}

#[test]
fn a_later_leader_may_replace_entries() {
    let mut h = leader();
    h.append(0, 1, (0, 0), &[1, 1], 0);
    h.elect(2, 2, (0, 0), &[1]);
    h.append(2, 2, (0, 0), &[2, 2], 0);
    // What the old leader sent may leave late.
    h.append(0, 1, (1, 1), &[1], 0);
    h.is_accepted();
}

#[test]
fn a_leader_that_rewrites_its_log_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.append(0, 1, (0, 0), &[1, 1], 0);
    h.elect(2, 3, (0, 0), &[1]);
    h.append(2, 3, (0, 0), &[2, 3], 0);
    h.append(2, 3, (0, 0), &[1], 0);
    h.breaks(Broken::LeaderRewroteLog);
}

#[test]
fn a_command_that_stands_where_start_said_is_accepted() {
    let mut h = leader();
    h.append(0, 1, (0, 0), &[1], 0);
    h.started(0, (1, 1), &command(1, 1));
    h.is_accepted();
}

#[test]
fn a_command_that_stands_elsewhere_is_named() {
    let mut h = leader();
    h.append(0, 1, (0, 0), &[1], 0);
    h.started(0, (1, 1), b"mine");
    h.breaks(Broken::StartMisplaced);
}
