//! Writing a history down while clients run.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::history::{History, Operation};

/// Writes a [`History`] down while clients run. Clones write into the same history.
///
/// Every call and every return is given a time of its own, later than all before it, so the order
/// in which they were noted is never lost: a return is noted after the operation returned, a call
/// before it is made, so of two that are noted in this order the first truly came first.
///
/// ```
/// use lab_tests::linearizability::{KvInput, Recorder};
/// # use std::time::Duration;
/// # fn now() -> Duration { Duration::ZERO }
/// let recorder: Recorder<KvInput, String> = Recorder::new();
/// let id = recorder.called(0, KvInput::get("x"), now());
/// // ... the clerk gets "x" ...
/// recorder.returned(id, Some("1".to_owned()), now());
/// assert_eq!(recorder.history().len(), 1);
/// ```
pub struct Recorder<I, O> {
    records: Arc<Mutex<Records<I, O>>>,
}

struct Records<I, O> {
    operations: Vec<Operation<I, O>>,
    /// The time given last.
    last: Option<Duration>,
}

/// Which operation returned. Only of use with the recorder that gave it.
#[derive(Debug)]
#[must_use = "an operation whose return is not noted counts as one that never returned"]
pub struct CallId(usize);

impl<I, O> Recorder<I, O> {
    /// A recorder of a history that is empty so far.
    pub fn new() -> Self {
        Self { records: Arc::new(Mutex::new(Records { operations: Vec::new(), last: None })) }
    }

    /// Notes that `client` is about to make an operation. `now` is the time since any moment that
    /// is the same for all clients.
    ///
    /// Does not wait for other clients, and is no scheduling point.
    pub fn called(&self, client: usize, input: I, now: Duration) -> CallId {
        let mut records = self.records.lock();
        let call = records.time(now);
        records.operations.push(Operation { client, call, returned: None, input, output: None });
        CallId(records.operations.len() - 1)
    }

    /// Notes that an operation has returned, with what (`None` where there is nothing to judge).
    ///
    /// Does not wait for other clients, and is no scheduling point.
    pub fn returned(&self, id: CallId, output: Option<O>, now: Duration) {
        let mut records = self.records.lock();
        let returned = records.time(now);
        // Another recorder's id may lie past the end.
        if let Some(operation) = records.operations.get_mut(id.0) {
            operation.returned = Some(returned);
            operation.output = output;
        }
    }

    /// What was noted up to now. What has not returned yet is in it as never returned.
    pub fn history(&self) -> History<I, O>
    where
        I: Clone,
        O: Clone,
    {
        self.records.lock().operations.iter().cloned().collect()
    }
}

impl<I, O> Records<I, O> {
    fn time(&mut self, now: Duration) -> Duration {
        let time = match self.last {
            Some(last) if now <= last => last + Duration::from_nanos(1),
            _ => now,
        };
        self.last = Some(time);
        time
    }
}

impl<I, O> Clone for Recorder<I, O> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone() }
    }
}

impl<I, O> Default for Recorder<I, O> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_at_one_moment_keep_their_order() {
        let recorder: Recorder<&str, ()> = Recorder::new();
        let first = recorder.called(0, "first", Duration::from_millis(5));
        recorder.returned(first, None, Duration::from_millis(5));
        let _second = recorder.called(0, "second", Duration::from_millis(5));
        let history = recorder.history();
        let [first, second] = history.operations() else { panic!("two operations were noted") };
        assert!(first.call < first.returned.expect("the first has returned"), "{first:?}");
        assert!(first.returned.expect("it has") < second.call, "{first:?} precedes {second:?}");
        assert_eq!(second.returned, None, "the second has not returned");
    }
}
