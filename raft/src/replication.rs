//! The leader: sending entries and heartbeats, replies, backing up over conflicts (part 2B).
//!
//! Paper §5.3. Rules S1, S3, E9, R1 to R3, B3, B4, C5, C6, L4, L5.

use labrt::sync::Arc;
use labrt::thread;
use labrt::time::Instant;

use crate::progress::Pace;
use crate::rpc::{AppendEntriesArgs, AppendEntriesReply, Conflict, InstallSnapshotArgs, received};
use crate::server::Server;
use crate::state::{RaftState, Role};
use crate::timing;

/// How many entries a message carries at most.
const MESSAGE_ENTRIES_MAX: u64 = 32;

/// How many entries may be under way to a peer, sent and not acknowledged: some messages' worth.
const UNDER_WAY_ENTRIES_MAX: u64 = 4 * MESSAGE_ENTRIES_MAX;

/// Something to be sent to a peer.
pub(crate) enum Message {
    /// Entries, or a heartbeat; and how often the peer's next index had fallen back before.
    Append { args: AppendEntriesArgs, fall_back_count: u64 },
    /// A snapshot, for a peer that needs what is not in the log any more (N6).
    Snapshot { args: InstallSnapshotArgs },
}

impl Server {
    /// The replicator: as long as this server leads, sends what there is to send, and otherwise a
    /// heartbeat to each peer that has not heard from us for a while. Rules S1, S3, E9, L4.
    pub(crate) fn run_replicator(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.killed {
            let messages = state.next_messages(Instant::now());
            if !messages.is_empty() {
                drop(state); // L4
                for (peer, message) in messages {
                    let server = Arc::clone(&self);
                    thread::spawn(move || server.send(peer, &message)); // S3
                }
                state = self.lock();
            } else if let Some(due) = state.next_heartbeat() {
                state.wait_until(&self.replicator, due);
            } else {
                state.wait(&self.replicator);
            }
        }
    }

    fn send(&self, peer: usize, message: &Message) {
        match message {
            Message::Append { args, fall_back_count } => {
                self.send_append_entries(peer, args, *fall_back_count);
            }
            Message::Snapshot { args } => self.send_install_snapshot(peer, args),
        }
    }

    /// Sends, and handles the reply. That none came needs no action (R3): the next heartbeat
    /// claims what was sent here, and is refused if it was lost.
    fn send_append_entries(&self, peer: usize, args: &AppendEntriesArgs, fall_back_count: u64) {
        if let Some(reply) = received(self.peers[peer].append_entries(args)) {
            self.on_append_entries_reply(peer, args, fall_back_count, &reply);
        }
    }

    /// Learns from a reply how far the peer's log is ours. Paper §5.3. Rules E3, R1, R2, C6, L5.
    fn on_append_entries_reply(
        &self,
        peer: usize,
        args: &AppendEntriesArgs,
        fall_back_count: u64,
        reply: &AppendEntriesReply,
    ) {
        let mut state = self.lock();
        state.observe_term(reply.term); // R2: refused for a newer term, we lead no more
        if state.role() != Role::Leader || state.current_term != args.term {
            return; // R1, L5: next and match index are of another term
        }
        if reply.success {
            state.acknowledge(peer, args.last_index()); // C6: what was sent in this very request
            if state.advance_commit_index() {
                self.wake_applier(&mut state);
            }
        } else if let Some(conflict) = reply.conflict
            && state.progress[peer].fall_back_count == fall_back_count
        {
            state.back_up(peer, args.prev_log_index, conflict);
        }
        if state.has_news_for(peer) {
            self.wake_replicator();
        }
    }
}

impl RaftState {
    /// Everything that is to be sent now, and to whom. Counts as sent from here on.
    fn next_messages(&mut self, now: Instant) -> Vec<(usize, Message)> {
        let mut messages = Vec::new();
        if self.role() == Role::Leader {
            for peer in self.peers() {
                while let Some(message) = self.next_message(peer, now) {
                    messages.push((peer, message));
                }
            }
        }
        messages
    }

    /// When the next heartbeat is due, if this server leads anyone.
    fn next_heartbeat(&self) -> Option<Instant> {
        let due = |peer: usize| self.progress[peer].heartbeat_due;
        if self.role() == Role::Leader { self.peers().map(due).min() } else { None }
    }

    /// What to send to a peer now: a snapshot, entries, or a heartbeat if that is due. Next index
    /// moves at once, so that nothing is sent twice unless it was refused (B4).
    fn next_message(&mut self, peer: usize, now: Instant) -> Option<Message> {
        if !self.has_news_for(peer) && now < self.progress[peer].heartbeat_due {
            return None;
        }
        self.progress[peer].heartbeat_due = now + timing::HEARTBEAT_INTERVAL;

        if self.needs_snapshot(peer) {
            let args = self.install_snapshot_args();
            self.next_index[peer] = args.last_included_index + 1;
            self.progress[peer].pace = Pace::Wait; // N6: not again while it is under way
            return Some(Message::Snapshot { args });
        }
        let count = self.sendable_count(peer);
        let args = self.append_entries_args(peer, count);
        self.next_index[peer] += count;
        if self.progress[peer].pace == Pace::Probe {
            self.progress[peer].pace = Pace::Wait;
        }
        let fall_back_count = self.progress[peer].fall_back_count;
        Some(Message::Append { args, fall_back_count })
    }

    /// The next so many entries for a peer. With none it is a heartbeat, which claims that the
    /// peer has everything that was ever sent to it: it is refused if anything was lost (A1, R3).
    fn append_entries_args(&self, peer: usize, count: u64) -> AppendEntriesArgs {
        // While a snapshot is under way the log may have moved on, beyond next index (N7).
        let prev_log_index = (self.next_index[peer] - 1).max(self.log.base().index);
        AppendEntriesArgs {
            term: self.current_term,
            leader_id: self.me,
            prev_log_index,
            prev_log_term: self.log.term_at(prev_log_index),
            entries: self.log.slice(prev_log_index + 1, count),
            leader_commit: self.commit_index,
        }
    }

    /// Whether there is anything to send to a peer before its next heartbeat.
    pub(crate) fn has_news_for(&self, peer: usize) -> bool {
        self.needs_snapshot(peer) || 0 < self.sendable_count(peer)
    }

    /// Whether a peer needs an entry that was dropped, and has not been sent the snapshot (N6).
    fn needs_snapshot(&self, peer: usize) -> bool {
        self.progress[peer].pace != Pace::Wait && self.next_index[peer] <= self.log.base().index
    }

    /// How many entries may be sent to a peer in one message now.
    fn sendable_count(&self, peer: usize) -> u64 {
        let (next_index, match_index) = (self.next_index[peer], self.match_index[peer]);
        let room = match self.progress[peer].pace {
            Pace::Probe => MESSAGE_ENTRIES_MAX,
            Pace::Wait => 0,
            Pace::Stream => UNDER_WAY_ENTRIES_MAX.saturating_sub(next_index - 1 - match_index),
        };
        let left = self.log.last_index() + 1 - next_index;
        left.min(room).min(MESSAGE_ENTRIES_MAX)
    }

    /// A peer has our log up to and including `index`. Paper §5.3. Rules C5, C6.
    pub(crate) fn acknowledge(&mut self, peer: usize, index: u64) {
        // C6: replies may be old (S4), so never down.
        self.match_index[peer] = self.match_index[peer].max(index);
        self.next_index[peer] = self.next_index[peer].max(self.match_index[peer] + 1);
        if self.next_index[peer] == self.match_index[peer] + 1 {
            self.progress[peer].pace = Pace::Stream; // It has all that was sent.
        }
    }

    /// A peer does not have our entry at `prev_log_index`: goes back to where its log may still
    /// be ours, a term at a time. Paper §5.3, end. Rules B1 to B4.
    fn back_up(&mut self, peer: usize, prev_log_index: u64, conflict: Conflict) {
        if prev_log_index <= self.match_index[peer] {
            return; // S4: an old refusal, the peer has the entry by now
        }
        let resume = match conflict {
            Conflict::TooShort { next_index } => next_index,
            Conflict::Term { term, first_index } => {
                // B3: after our own last entry of that term, if we have one.
                self.log.last_index_of_term(term).map_or(first_index, |index| index + 1)
            }
        };
        // Always further back than what was refused, never back to what the peer has (B3, B4).
        self.next_index[peer] = resume.min(prev_log_index).max(self.match_index[peer] + 1);
        self.progress[peer].pace = Pace::Probe;
        self.progress[peer].fall_back_count += 1;
    }
}
