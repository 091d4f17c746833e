//! Elections (part 2A): the ticker, and both sides of RequestVote. Figure 2; paper §5.2, §5.4.1.
//! Rules E1 to E12.

use crate::rpc::{RequestVoteArgs, RequestVoteReply};
use crate::server::Server;

impl Server {
    // The ticker: a thread that looks often whether the election timeout has passed without a sign
    // of a leader, sleeps briefly in between (`labrt::thread::sleep`, `labrt::time::Instant`), and
    // starts elections (S1, E2). Timeouts are drawn with `labrt::rand` (E4).

    /// The voter's side.
    pub(crate) fn handle_request_vote(&self, _args: RequestVoteArgs) -> RequestVoteReply {
        panic!("not implemented yet: the RequestVote handler, part 2A")
    }
}
