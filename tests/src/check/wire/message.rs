//! Reading messages: Figure 2 and Figure 13 by the names of their fields, whatever types a
//! submission has for them.

use labgob::{Elements, Raw};

use super::{Index, Term};

/// A request between servers, as far as it can be read.
#[derive(Clone, Debug)]
pub(super) enum Request<'a> {
    Vote(VoteArgs),
    Append(AppendArgs<'a>),
    Snapshot(SnapshotArgs<'a>),
    /// Asks for a vote and more, or for less than a vote: not a vote of Figure 2.
    PreVote,
    /// None of these.
    Other,
}

/// RequestVote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VoteArgs {
    pub(super) term: Term,
    pub(super) last_log_index: Index,
    pub(super) last_log_term: Term,
}

/// AppendEntries.
#[derive(Clone, Debug)]
pub(super) struct AppendArgs<'a> {
    pub(super) term: Term,
    pub(super) prev_log_index: Index,
    pub(super) prev_log_term: Term,
    pub(super) leader_commit: Index,
    pub(super) entries: Entries<'a>,
}

/// InstallSnapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SnapshotArgs<'a> {
    pub(super) term: Term,
    pub(super) last_included_index: Index,
    pub(super) last_included_term: Term,
    /// `None` if it travels in chunks.
    pub(super) data: Option<&'a [u8]>,
}

/// The entries of a message.
#[derive(Clone, Debug)]
pub(super) struct Entries<'a>(Option<Elements<'a>>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) term: Term,
    pub(super) command: Command<'a>,
}

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// The bytes that were given to `start`.
    Plain(&'a [u8]),
    /// In a type of the submission's own: comparable with its like only.
    Wrapped(&'a [u8]),
}

/// What a reply says, as far as it can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) term: Option<Term>,
    pub(super) vote_granted: Option<bool>,
    pub(super) success: Option<bool>,
}

impl<'a> Request<'a> {
    /// Reads a request by the names of its fields. The method's name tells only whether it is a
    /// round before the vote, since that may look like the vote itself.
    pub(super) fn read(method: &str, bytes: &'a [u8]) -> Self {
        let Some(fields) = Raw::of(bytes).fields() else { return Self::Other };
        let mut found = Found::default();
        fields.for_each(|(name, value)| found.take(name, value));
        found
            .vote(method)
            .or_else(|| found.append())
            .or_else(|| found.snapshot())
            .unwrap_or_else(|| if is_pre_vote(method) { Self::PreVote } else { Self::Other })
    }
}

/// The fields of a message that have names of the paper.
#[derive(Default)]
struct Found<'a> {
    term: Option<Term>,
    candidate: bool,
    last_log_index: Option<Index>,
    last_log_term: Option<Term>,
    prev_log_index: Option<Index>,
    prev_log_term: Option<Term>,
    entries: Option<Raw<'a>>,
    leader_commit: Option<Index>,
    last_included_index: Option<Index>,
    last_included_term: Option<Term>,
    data: Option<&'a [u8]>,
    others: bool,
}

impl<'a> Found<'a> {
    fn take(&mut self, name: &[u8], value: Raw<'a>) {
        match name {
            b"term" => self.term = value.as_u64(),
            b"leader_id" => {}
            b"prev_log_index" => self.prev_log_index = value.as_u64(),
            b"prev_log_term" => self.prev_log_term = value.as_u64(),
            b"entries" => self.entries = Some(value),
            b"leader_commit" => self.leader_commit = value.as_u64(),
            b"candidate_id" => self.candidate = true,
            b"last_log_index" => self.last_log_index = value.as_u64(),
            b"last_log_term" => self.last_log_term = value.as_u64(),
            b"last_included_index" => self.last_included_index = value.as_u64(),
            b"last_included_term" => self.last_included_term = value.as_u64(),
            b"data" => self.data = value.as_bytes(),
            _ => self.others = true,
        }
    }

    fn vote<'b>(&self, method: &str) -> Option<Request<'b>> {
        let args = VoteArgs {
            term: self.term.filter(|_| self.candidate)?,
            last_log_index: self.last_log_index?,
            last_log_term: self.last_log_term?,
        };
        let more = self.others || is_pre_vote(method);
        Some(if more { Request::PreVote } else { Request::Vote(args) })
    }

    fn append(&self) -> Option<Request<'a>> {
        let entries = Entries::read(self.entries?)?;
        Some(Request::Append(AppendArgs {
            term: self.term?,
            prev_log_index: self.prev_log_index?,
            prev_log_term: self.prev_log_term?,
            leader_commit: self.leader_commit?,
            entries,
        }))
    }

    fn snapshot(&self) -> Option<Request<'a>> {
        Some(Request::Snapshot(SnapshotArgs {
            term: self.term?,
            last_included_index: self.last_included_index?,
            last_included_term: self.last_included_term?,
            data: self.data.filter(|_| !self.others),
        }))
    }
}

/// Whether a method is a round before the vote, by its name.
pub(super) fn is_pre_vote(method: &str) -> bool {
    method.to_ascii_lowercase().contains("pre")
}

impl<'a> Entries<'a> {
    fn read(value: Raw<'a>) -> Option<Self> {
        if value.as_bytes().is_some_and(<[u8]>::is_empty) {
            return Some(Self(None));
        }
        value.elements().map(|elements| Self(Some(elements)))
    }
}

/// `None` in place of an entry that cannot be read.
impl<'a> Iterator for Entries<'a> {
    type Item = Option<Entry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        Entry::read(self.0.as_mut()?)
    }
}

impl<'a> Entry<'a> {
    /// The next one; `None` within if it cannot be read.
    fn read(entries: &mut Elements<'a>) -> Option<Option<Self>> {
        let (mut term, mut command): (Option<Term>, Option<Raw<'a>>) = (None, None);
        let whole = entries.next_fields(|name, value| match name {
            b"term" => term = value.as_u64(),
            b"command" => command = Some(value),
            _ => {}
        })?;
        let (Some(term), Some(command), true) = (term, command, whole) else { return Some(None) };
        let command =
            command.as_bytes().map_or(Command::Wrapped(command.encoded()), Command::Plain);
        Some(Some(Self { term, command }))
    }
}

impl Command<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        let (Self::Plain(bytes) | Self::Wrapped(bytes)) = self;
        bytes
    }
}

impl Reply {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut reply = Self::default();
        let Some(fields) = Raw::of(bytes).fields() else { return reply };
        for (name, value) in fields {
            match name {
                b"term" => reply.term = value.as_u64(),
                b"success" => reply.success = value.as_bool(),
                b"vote_granted" => reply.vote_granted = value.as_bool(),
                _ => {}
            }
        }
        reply
    }
}
