//! Both sides of AppendEntries: heartbeats in part 2A, entries in part 2B. Figure 2; paper §5.3,
//! §5.4.2. Rules A1 to A7, C1, C2, C5, C6, R1 to R3, B1 to B4.

use crate::rpc::{AppendEntriesArgs, AppendEntriesReply};
use crate::server::Server;

impl Server {
    // The leader's side: a thread that sends heartbeats (E9), and what is new in the log.

    /// The follower's side.
    pub(crate) fn handle_append_entries(&self, _args: AppendEntriesArgs) -> AppendEntriesReply {
        panic!("not implemented yet: the AppendEntries handler, parts 2A and 2B")
    }
}
