//! One vote a term, a majority for each leader, one leader a term.

use serde::Serialize;

use super::{AppendArgs, History, VoteArgs};
use crate::harness::Broken;

#[test]
fn an_election_and_its_heartbeats_are_accepted() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.append(0, 1, (0, 0), &[], 0);
    h.tell(0, 1, true);
    h.is_accepted();
}

#[test]
fn a_vote_granted_again_to_the_same_candidate_is_accepted() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1, 1, 2]);
    h.is_accepted();
}

#[test]
fn two_candidates_with_the_vote_of_one_server_are_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[2]);
    h.elect(1, 1, (0, 0), &[2]);
    let found = h.breaks(Broken::TwoVotes);
    assert_eq!(found.expected, "one vote of server 2 in term 1: it gave it to server 0 at 0.005 s");
    assert_eq!(found.seen, "it gave it to server 1 in that term too, at 0.011 s");
}

#[test]
fn a_candidate_that_votes_for_another_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[]);
    let asked = h.ask(0, 1, (0, 0));
    h.elect(1, 1, (0, 0), &[]);
    h.ask(1, 1, (0, 0));
    h.arrive(asked, 1);
    h.save(1);
    h.vote(asked, 1, true);
    h.breaks(Broken::TwoVotes);
}

#[test]
fn a_vote_that_a_crash_makes_forgotten_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[2]);
    h.restart(2);
    h.elect(1, 1, (0, 0), &[2]);
    h.breaks(Broken::VoteForgotten);
}

#[test]
fn a_vote_that_was_not_saved_is_named() {
    let mut h = History::of(3);
    h.save(0);
    h.save(1);
    let asked = h.ask(0, 1, (0, 0));
    h.arrive(asked, 1);
    h.vote(asked, 1, true);
    h.breaks(Broken::UnsavedVote);
}

#[test]
fn a_vote_saved_for_an_earlier_request_of_the_same_candidacy_is_accepted() {
    let mut h = History::of(3);
    h.save(0);
    let (first, again) = (h.ask(0, 1, (0, 0)), h.ask(0, 1, (0, 0)));
    h.arrive(first, 1);
    h.save(1);
    h.arrive(again, 1);
    h.vote(again, 1, true);
    h.vote(first, 1, true);
    h.is_accepted();
}

#[test]
fn a_leader_with_half_of_the_votes_is_named() {
    let mut h = History::of(4);
    h.elect(0, 1, (0, 0), &[1]);
    h.append(0, 1, (0, 0), &[], 0);
    let found = h.breaks(Broken::LeaderWithoutVotes);
    assert_eq!(found.expected, "votes of 3 servers of 4 for server 0 before it leads term 1");
    assert!(found.seen.ends_with("with those of servers 0 and 1"), "{found}");
}

#[test]
fn a_vote_that_is_still_under_way_does_not_count() {
    let mut h = History::of(3);
    h.save(0);
    h.ask_and_vote(0, 1, (0, 0), 1);
    h.tell(0, 1, true);
    h.breaks(Broken::LeaderWithoutVotes);
}

#[test]
fn a_vote_of_an_earlier_term_does_not_count() {
    let mut h = History::of(3);
    h.save(0);
    let voted = h.ask_and_vote(0, 1, (0, 0), 1);
    h.save(0);
    h.ask(0, 2, (0, 0));
    h.deliver(voted);
    h.append(0, 2, (0, 0), &[], 0);
    h.breaks(Broken::LeaderWithoutVotes);
}

#[test]
fn two_leaders_of_one_term_are_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.append(0, 1, (0, 0), &[], 0);
    h.append(2, 1, (0, 0), &[], 0);
    // It has not even saved; but that it sends as a leader is judged by who leads.
    h.save(2);
    let found = h.found.take().expect("somebody names it");
    assert!(matches!(found.broken, Broken::TwoLeaders | Broken::UnsavedTerm), "{found}");

    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.append(0, 1, (0, 0), &[], 0);
    h.save(2);
    h.append(2, 1, (0, 0), &[], 0);
    h.breaks(Broken::TwoLeaders);
}

#[test]
fn heartbeats_that_leave_after_a_later_candidacy_are_accepted() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.save(0);
    h.ask(0, 2, (0, 0));
    h.append(0, 1, (0, 0), &[], 0);
    h.is_accepted();
}

#[test]
fn a_server_that_goes_on_leading_after_a_restart_is_named() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.append(0, 1, (0, 0), &[], 0);
    h.restart(0);
    h.append(0, 1, (0, 0), &[], 0);
    h.breaks(Broken::LeadsAfterRestart);
}

#[derive(Serialize)]
struct PreVoteArgs {
    term: u64,
    candidate_id: usize,
    last_log_index: u64,
    last_log_term: u64,
    pre_vote: bool,
}

#[test]
fn a_round_before_the_vote_is_not_judged() {
    let mut h = History::of(3);
    for candidate_id in [0, 1] {
        let args = PreVoteArgs {
            term: 1,
            candidate_id,
            last_log_index: 0,
            last_log_term: 0,
            pre_vote: true,
        };
        let asked = h.send(candidate_id, "request_vote", 1, &args);
        h.arrive(asked, 2);
        h.vote(asked, 2, true);
        h.deliver(asked);
    }
    // Its votes cannot be told from the round before them, so its leader is not asked for any.
    h.save(0);
    h.append(0, 1, (0, 0), &[], 0);
    h.is_accepted();
}

#[test]
fn a_round_before_the_vote_with_a_method_of_its_own_leaves_votes_judged() {
    let mut h = History::of(3);
    for candidate_id in [0, 1] {
        let args = VoteArgs { term: 1, candidate_id, last_log_index: 0, last_log_term: 0 };
        let asked = h.send(candidate_id, "pre_vote", 1, &args);
        h.arrive(asked, 2);
        h.vote(asked, 2, true);
        h.deliver(asked);
    }
    h.save(0);
    h.ask(0, 1, (0, 0));
    h.append(0, 1, (0, 0), &[], 0);
    h.breaks(Broken::LeaderWithoutVotes);
}

#[test]
fn leaders_are_not_asked_for_votes_that_nobody_can_read() {
    let mut h = History::of(3);
    h.save(0);
    let args = AppendArgs {
        term: 1,
        leader_id: 0,
        prev_log_index: 0,
        prev_log_term: 0,
        entries: Vec::new(),
        leader_commit: 0,
    };
    h.send(0, "append_entries", 1, &args);
    h.is_accepted();
}
