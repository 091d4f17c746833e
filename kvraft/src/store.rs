//! What is replicated: the map, and who has had what applied (part 3A). Rules K3, K6.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rpc::{Operation, Request};

/// The state of the service after some beginning of the log: the same on every server that has
/// applied as much. All of it goes into a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Store {
    values: BTreeMap<String, String>,
    /// For each client the number of its last write: **one entry a client** (K6). A clerk makes
    /// one operation at a time, so it is not going to repeat an earlier one.
    last_writes: BTreeMap<u64, u64>,
}

impl Store {
    /// Does what a request asks, unless that was done before (K3). What a get has read; of the
    /// others the empty string.
    ///
    /// A get that is repeated is simply read again: it changes nothing, and its client still
    /// waits, so any moment up to now will do.
    pub(crate) fn apply(&mut self, request: Request) -> String {
        let Request { id, operation } = request;
        match operation {
            Operation::Get { key } => self.values.get(&key).cloned().unwrap_or_default(),
            Operation::Put { .. } | Operation::Append { .. }
                if id.number <= self.last_writes.get(&id.client).copied().unwrap_or_default() =>
            {
                String::new() // K3: it was applied before
            }
            Operation::Put { key, value } => {
                self.last_writes.insert(id.client, id.number);
                self.values.insert(key, value);
                String::new()
            }
            Operation::Append { key, value } => {
                self.last_writes.insert(id.client, id.number);
                self.values.entry(key).or_default().push_str(&value);
                String::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::RequestId;

    fn append(client: u64, number: u64, value: &str) -> Request {
        let operation = Operation::Append { key: "k".to_owned(), value: value.to_owned() };
        Request { id: RequestId { client, number }, operation }
    }

    fn get(store: &mut Store) -> String {
        let operation = Operation::Get { key: "k".to_owned() };
        store.apply(Request { id: RequestId { client: 9, number: 1 }, operation })
    }

    #[test]
    fn a_repeated_write_is_applied_once() {
        let mut store = Store::default();
        for request in [append(1, 1, "a"), append(1, 1, "a"), append(2, 1, "b")] {
            store.apply(request);
        }
        assert_eq!(get(&mut store), "ab", "K3: the second is the first again, the third is not");
    }

    #[test]
    fn a_repetition_from_long_ago_is_known_too() {
        let mut store = Store::default();
        for request in [append(1, 1, "a"), append(1, 3, "c"), append(1, 1, "a")] {
            store.apply(request);
        }
        assert_eq!(get(&mut store), "ac", "K3: the network delivers late");
    }

    #[test]
    fn the_table_has_one_entry_a_client() {
        let mut store = Store::default();
        (1..=100).for_each(|number| drop(store.apply(append(1, number, "x"))));
        assert_eq!(store.last_writes, BTreeMap::from([(1, 100)]), "K6");
    }
}
