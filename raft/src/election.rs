//! Elections: the ticker that starts them, and both sides of RequestVote (part 2A).
//!
//! Paper §5.1, §5.2, §5.4.1. Rules E1 to E8, E10, S1, S3, L4, L5.

use labrt::sync::Arc;
use labrt::thread;
use labrt::time::Instant;

use crate::log::EntryId;
use crate::rpc::{RequestVoteArgs, RequestVoteReply, received};
use crate::server::Server;
use crate::state::{RaftState, Role};
use crate::timing;

impl Server {
    /// The ticker: starts an election whenever this server has lost patience. Paper §5.2. Rules
    /// S1, E2.
    pub(crate) fn run_ticker(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.killed {
            // The deadline only ever moves away: whoever waits for it need not be told.
            let deadline = state.election_deadline;
            if Instant::now() < deadline {
                state.wait_until(&self.ticker, deadline);
            } else if state.role() == Role::Leader {
                state.reset_election_deadline(); // It waits for nobody, and looks again later.
            } else {
                let args = state.start_election();
                self.count_votes(&mut state);
                drop(state); // L4
                self.request_votes(args);
                state = self.lock();
            }
        }
    }

    /// Asks all peers for their votes, each in a thread of its own (S3). All of them are sent the
    /// same arguments, built when the election began (L5).
    fn request_votes(self: &Arc<Self>, args: RequestVoteArgs) {
        for peer in (0..self.peers.len()).filter(|&peer| peer != args.candidate_id) {
            let (server, args) = (Arc::clone(self), args.clone());
            thread::spawn(move || server.send_request_vote(peer, &args));
        }
    }

    fn send_request_vote(&self, peer: usize, args: &RequestVoteArgs) {
        if let Some(reply) = received(self.peers[peer].request_vote(args)) {
            self.on_request_vote_reply(peer, args, &reply);
        }
    }

    /// Counts a vote, if it is one of the election that is going on. Paper §5.2. Rules E3, E7, L5,
    /// R1.
    fn on_request_vote_reply(&self, peer: usize, args: &RequestVoteArgs, reply: &RequestVoteReply) {
        let mut state = self.lock();
        state.observe_term(reply.term);
        if state.role() != Role::Candidate || state.current_term != args.term {
            return; // L5, R1: a vote of an election that is over
        }
        if reply.vote_granted {
            state.votes.insert(peer);
            self.count_votes(&mut state);
        }
    }

    /// A candidate with the votes of a majority is leader, and says so at once (E7).
    fn count_votes(&self, state: &mut RaftState) {
        if state.is_majority(state.votes.len()) {
            state.become_leader();
            self.wake_replicator();
        }
    }

    /// Handles RequestVote: gives this term's vote to the first who asks and whose log is good
    /// enough. Figure 2; paper §5.2, §5.4.1. Rules E1, E3, E5, E6, E10, P1.
    pub(crate) fn handle_request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        let mut state = self.lock();
        state.observe_term(args.term);
        let refusal = RequestVoteReply { term: state.current_term, vote_granted: false };

        if args.term < state.current_term {
            return refusal; // E10
        }
        if state.voted_for.is_some_and(|other| other != args.candidate_id) {
            return refusal; // E5
        }
        if !state.is_up_to_date(EntryId { index: args.last_log_index, term: args.last_log_term }) {
            return refusal; // E6
        }

        state.voted_for = Some(args.candidate_id);
        state.persist(); // P1: before the reply leaves
        state.reset_election_deadline(); // E1: a vote granted, never one refused
        RequestVoteReply { term: state.current_term, vote_granted: true }
    }
}

impl RaftState {
    /// Begins an election: a new term, our own vote, a new timeout; gives what to ask the others.
    /// Paper §5.2. Rules E1, E2, E8.
    fn start_election(&mut self) -> RequestVoteArgs {
        self.become_candidate();
        self.reset_election_deadline(); // E1: an election started
        let EntryId { index: last_log_index, term: last_log_term } = self.log.last();
        RequestVoteArgs {
            term: self.current_term,
            candidate_id: self.me,
            last_log_index,
            last_log_term,
        }
    }

    /// Waits again, for a fresh random time (E4). Called on the three occasions of E1 only: a
    /// message from the current leader, a vote granted, an election started; and when a leader,
    /// which did not wait, steps down.
    pub(crate) fn reset_election_deadline(&mut self) {
        self.election_deadline = Instant::now() + timing::election_timeout();
    }

    /// Whether a log that ends with `last` is at least as up to date as ours: the later last term
    /// wins, and of equal terms the longer log. Paper §5.4.1. Rule E6.
    fn is_up_to_date(&self, last: EntryId) -> bool {
        let ours = self.log.last();
        if last.term == ours.term { ours.index <= last.index } else { ours.term < last.term }
    }
}
