//! Terms never fall, crash or not; replies carry them.

use super::{History, VoteReply};
use crate::harness::Broken;

/// Server 1 has shown term 5 to server 0, its leader.
fn at_term_5() -> History {
    let mut h = History::of(3);
    h.elect(0, 5, (0, 0), &[1]);
    h
}

#[test]
fn a_reply_of_an_earlier_term_may_leave_late() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    let heartbeat = h.append(0, 1, (0, 0), &[], 0);
    h.arrive(heartbeat, 2);
    // Its reply is under way in another thread while it stands for election.
    h.save(2);
    h.save(2);
    h.ask(2, 2, (0, 0));
    h.accept(heartbeat, 2);
    h.is_accepted();
}

#[test]
fn a_reply_of_a_lower_term_than_was_shown_before_is_named() {
    let mut h = at_term_5();
    h.save(2);
    let asked = h.ask(2, 3, (0, 0));
    h.arrive(asked, 1);
    h.reply(asked, 1, &VoteReply { term: 3, vote_granted: false });
    let found = h.breaks(Broken::TermFell);
    assert!(found.expected.starts_with("term 5 or more from server 1"), "{found}");
    assert!(found.seen.starts_with("it showed term 3 with a reply"), "{found}");
}

#[test]
fn a_term_that_a_crash_makes_forgotten_is_named() {
    let mut h = at_term_5();
    h.restart(1);
    h.save(1);
    h.ask(1, 2, (0, 0));
    let found = h.breaks(Broken::TermForgotten);
    assert!(found.expected.ends_with("in an earlier life"), "{found}");
}

#[test]
fn a_restarted_server_in_a_later_term_is_accepted() {
    let mut h = at_term_5();
    h.restart(1);
    h.save(1);
    h.ask(1, 6, (0, 0));
    h.is_accepted();
}

#[test]
fn a_state_that_falls_behind_what_was_shown_is_named() {
    let mut h = at_term_5();
    h.tell(1, 4, false);
    h.breaks(Broken::TermFell);
}

#[test]
fn a_vote_in_a_term_that_was_over_is_named() {
    let mut h = at_term_5();
    h.save(2);
    let asked = h.ask(2, 3, (0, 0));
    h.arrive(asked, 1);
    h.save(1);
    h.reply(asked, 1, &VoteReply { term: 5, vote_granted: true });
    h.breaks(Broken::VoteInOldTerm);
}

#[test]
fn a_refusal_in_a_leaders_own_term_is_accepted() {
    // A leader that sticks refuses a candidate of a later term, and stays in its own.
    let mut h = at_term_5();
    h.save(2);
    let asked = h.ask(2, 6, (0, 0));
    h.arrive(asked, 0);
    h.reply(asked, 0, &VoteReply { term: 5, vote_granted: false });
    h.is_accepted();
}

#[test]
fn a_reply_to_a_leader_in_a_lower_term_is_named() {
    let mut h = at_term_5();
    let heartbeat = h.append(0, 5, (0, 0), &[], 0);
    h.arrive(heartbeat, 2);
    h.save(2);
    h.refuse(heartbeat, 2, 4);
    h.breaks(Broken::TermNotAdopted);
}

#[test]
fn a_term_shown_before_anything_was_saved_is_named() {
    let mut h = History::of(3);
    h.ask(0, 1, (0, 0));
    h.breaks(Broken::UnsavedTerm);
}

#[test]
fn each_term_shown_needs_a_save() {
    let mut h = History::of(3);
    h.save(0);
    h.ask(0, 1, (0, 0));
    h.ask(0, 2, (0, 0));
    h.breaks(Broken::UnsavedTerm);
}
