//! Every server stands for election in term 1, and votes for all who ask.

use std::sync::Arc;

use labapi::{ApplyMsg, Persister};
use labrpc::{ClientEnd, Service};
use labrt::channel::Sender;
use labrt::thread;
use labrt::time::Duration;
use serde::{Deserialize, Serialize};

use super::Behaviour;

#[derive(Serialize, Deserialize)]
pub(crate) struct RequestVoteArgs {
    term: u64,
    candidate_id: usize,
    last_log_index: u64,
    last_log_term: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RequestVoteReply {
    term: u64,
    vote_granted: bool,
}

labrpc::service! {
    /// Asks for votes.
    pub(crate) trait Voter {
        /// A candidate asks for a vote.
        fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply;
    }
    /// Sends to one peer.
    pub(crate) client VoterClient;
}

struct Ballot {
    persister: Arc<Persister>,
    saves: bool,
}

impl Ballot {
    fn save(&self) {
        if self.saves {
            self.persister.save(b"term 1", b"");
        }
    }
}

impl Voter for Ballot {
    fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        self.save();
        RequestVoteReply { term: args.term, vote_granted: true }
    }
}

/// Votes for all who ask (E5); without `SAVES`, it saves none of it (P1).
pub(crate) struct VotesForAll<const SAVES: bool> {
    ballot: Arc<Ballot>,
}

impl<const SAVES: bool> Behaviour for VotesForAll<SAVES> {
    fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        _: Sender<ApplyMsg>,
    ) -> Self {
        let ballot = Arc::new(Ballot { persister, saves: SAVES });
        let own = ballot.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            own.save();
            for peer in peers.into_iter().map(VoterClient::new) {
                thread::spawn(move || {
                    let (last_log_index, last_log_term) = (0, 0);
                    let args = RequestVoteArgs {
                        term: 1,
                        candidate_id: me,
                        last_log_index,
                        last_log_term,
                    };
                    let _ = peer.request_vote(&args);
                });
            }
        });
        Self { ballot }
    }

    fn services(&self) -> Vec<Service> {
        vec![self.ballot.clone().into_service()]
    }
}
