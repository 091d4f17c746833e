//! What all clients asked and were told, and when.

use std::time::Duration;

use parking_lot::Mutex;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KvInput {
    Get { key: String },
    Put { key: String, value: String },
    Append { key: String, value: String },
}

pub(crate) struct Recorder {
    operations: Mutex<Vec<(usize, KvInput, Duration, Option<(Duration, Option<String>)>)>>,
}

pub(crate) struct CallId(usize);

impl Recorder {
    pub(crate) fn new() -> Self {
        Self { operations: Mutex::default() }
    }
    pub(crate) fn called(&self, client: usize, input: KvInput, now: Duration) -> CallId {
        let mut operations = self.operations.lock();
        operations.push((client, input, now, None));
        CallId(operations.len() - 1)
    }

    pub(crate) fn returned(&self, id: CallId, output: Option<String>, now: Duration) {
        self.operations.lock()[id.0].3 = Some((now, output));
    }
}
