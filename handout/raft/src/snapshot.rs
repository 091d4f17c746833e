//! Dropping the log's beginning, and both sides of InstallSnapshot (part 2D). Figure 13; paper §7.
//! Rules N1 to N10.

use crate::rpc::{InstallSnapshotArgs, InstallSnapshotReply};
use crate::server::Server;

impl Server {
    /// The follower's side.
    pub(crate) fn handle_install_snapshot(
        &self,
        _args: InstallSnapshotArgs,
    ) -> InstallSnapshotReply {
        panic!("not implemented yet: the InstallSnapshot handler, part 2D")
    }
}
