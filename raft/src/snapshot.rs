//! Snapshots: dropping the beginning of the log, and both sides of InstallSnapshot (part 2D).
//!
//! Paper §7, Figure 13 without chunks. Rules N1 to N10.

use crate::log::EntryId;
use crate::rpc::{InstallSnapshotArgs, InstallSnapshotReply, received};
use crate::server::Server;
use crate::state::{RaftState, Role};

impl Server {
    /// Sends the snapshot, and handles the reply. That none came needs no action (R3): heartbeats
    /// go on, and the first that arrives is refused, which makes the leader send it again (N6).
    pub(crate) fn send_install_snapshot(&self, peer: usize, args: &InstallSnapshotArgs) {
        if let Some(reply) = received(self.peers[peer].install_snapshot(args)) {
            self.on_install_snapshot_reply(peer, args, &reply);
        }
    }

    /// The peer has everything that the snapshot covers, now or long since. Rules E3, R1, C6, N6.
    fn on_install_snapshot_reply(
        &self,
        peer: usize,
        args: &InstallSnapshotArgs,
        reply: &InstallSnapshotReply,
    ) {
        let mut state = self.lock();
        state.observe_term(reply.term);
        if state.role() != Role::Leader || state.current_term != args.term {
            return; // R1, L5
        }
        state.acknowledge(peer, args.last_included_index);
        if state.has_news_for(peer) {
            self.wake_replicator();
        }
    }

    /// Handles InstallSnapshot: takes over a snapshot that is ahead of all that this server knows
    /// to be committed. Figure 13. Rules N2, N4, N5, N8, E1, E10, P1.
    pub(crate) fn handle_install_snapshot(
        &self,
        args: InstallSnapshotArgs,
    ) -> InstallSnapshotReply {
        let mut state = self.lock();
        state.observe_term(args.term);
        let reply = InstallSnapshotReply { term: state.current_term };

        if args.term < state.current_term {
            return reply; // E10
        }
        state.follow_leader(args.term);
        if args.last_included_index <= state.commit_index {
            return reply; // N4: what it covers is here, and delivered or about to be
        }

        let base = EntryId { index: args.last_included_index, term: args.last_included_term };
        state.log.compact_to(base); // N5: what follows that very entry stays
        state.snapshot = args.data;
        state.commit_index = base.index;
        state.persist(); // N2, P1: log and snapshot at once, before the reply leaves
        self.wake_applier(&mut state); // N8: the applier delivers it, in order
        reply
    }
}

impl RaftState {
    /// The service has a snapshot of everything up to and including `index`: drops that part of
    /// the log. Paper §7. Rules N1, N2, N9, N10.
    pub(crate) fn take_snapshot(&mut self, index: u64, data: Vec<u8>) {
        if index <= self.log.base().index {
            return; // N9: dropped already, by a snapshot that covers no less
        }
        assert!(index <= self.commit_index, "K8: a snapshot of {index}, which is not committed");
        self.log.compact_to(EntryId { index, term: self.log.term_at(index) }); // N1
        self.snapshot = data;
        self.persist(); // N2, N10
    }

    /// What to send to a peer that needs dropped entries. Figure 13. Rule N6.
    pub(crate) fn install_snapshot_args(&self) -> InstallSnapshotArgs {
        let EntryId { index: last_included_index, term: last_included_term } = self.log.base();
        InstallSnapshotArgs {
            term: self.current_term,
            leader_id: self.me,
            last_included_index,
            last_included_term,
            data: self.snapshot.clone(),
        }
    }
}
