//! Writing down the requests of a cluster, to send them again.

use std::sync::Arc;

use labgob::Value;
use labrpc::MethodName;
use labrpc_host::{Event, Stage};
use parking_lot::Mutex;

use super::aim::{Kind, called, caller, is_plain_vote, kind};
use super::rafts::Cluster;

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) method: MethodName,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Request {
    /// A number in it.
    pub(crate) fn number(&self, field: &str) -> Option<u64> {
        Value::parse(&self.bytes).ok()?.field(field)?.as_u64()
    }

    /// Whether it carries a snapshot that can be read alone.
    pub(crate) fn is_whole_snapshot(&self) -> bool {
        let value = Value::parse(&self.bytes).ok();
        let data = value.as_ref().and_then(|value| value.field("data")?.as_bytes());
        data.is_some_and(|data| {
            Value::parse(data).is_ok_and(|content| content.field("commands").is_some())
        })
    }

    /// Whether it asks for a vote, and says nothing beyond Figure 2.
    pub(crate) fn is_plain_vote(&self) -> bool {
        Value::parse(&self.bytes).is_ok_and(|value| is_plain_vote(&value))
    }

    /// The term of the entry that it carries for `index`.
    pub(crate) fn entry_term(&self, index: u64) -> Option<u64> {
        let value = Value::parse(&self.bytes).ok()?;
        let offset = index.checked_sub(value.field("prev_log_index")?.as_u64()? + 1)?;
        let entry = value.field("entries")?.as_seq()?.get(usize::try_from(offset).ok()?)?;
        entry.field("term")?.as_u64()
    }

    /// How many entries it carries.
    pub(crate) fn entry_count(&self) -> usize {
        let value = Value::parse(&self.bytes).ok();
        let entries = value.as_ref().and_then(|value| value.field("entries")?.as_seq());
        entries.map_or(0, <[_]>::len)
    }
}

/// The requests that were sent since it was made, in order.
#[derive(Clone, Default)]
pub(crate) struct Wiretap {
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Wiretap {
    pub(crate) fn on(cluster: &Cluster) -> Self {
        let tap = Self::default();
        let requests = tap.requests.clone();
        cluster.network().tap(move |event: &Event<'_>| {
            let message = &event.message;
            let (Stage::RequestSent, Some(kind)) = (event.stage, kind(message)) else { return };
            if let (Some(from), Some(to)) = (caller(message), called(message)) {
                let (method, bytes) = (message.method(), message.bytes().to_vec());
                requests.lock().push(Request { kind, method, from, to, bytes });
            }
        });
        tap
    }

    /// All requests that `wanted` picks.
    pub(crate) fn requests(&self, wanted: impl Fn(&Request) -> bool) -> Vec<Request> {
        self.requests.lock().iter().filter(|request| wanted(request)).cloned().collect()
    }

    /// The last request that `wanted` picks.
    pub(crate) fn last(&self, wanted: impl Fn(&Request) -> bool) -> Option<Request> {
        self.requests.lock().iter().rfind(|request| wanted(request)).cloned()
    }

    /// The highest term for which `server` has asked for votes: in which it has stood, then. What
    /// says more than Figure 2 may only ask whether it would be worth while.
    pub(crate) fn last_candidacy(&self, server: usize) -> Option<u64> {
        let requests = self.requests.lock();
        let own = requests.iter().filter(|r| r.from == server && r.is_plain_vote());
        own.filter_map(|request| request.number("term")).max()
    }
}
