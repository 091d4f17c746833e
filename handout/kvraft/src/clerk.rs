//! The client (part 3A). Rules K3, K7.

use labrpc::ClientEnd;

use crate::rpc::KvClient;

/// A client of the service. See [`labapi::KvClerk`] for what its methods promise.
#[derive(Debug)]
pub struct Clerk {
    /// The way to each server, in an order of its own.
    servers: Vec<KvClient>,
    // 3A: who answered last (K7); what tells this clerk's requests apart (K3).
}

impl labapi::KvClerk for Clerk {
    fn make(servers: Vec<ClientEnd>) -> Self {
        Self { servers: servers.into_iter().map(KvClient::new).collect() }
    }

    fn get(&mut self, _key: &str) -> String {
        panic!("not implemented yet: Clerk::get, part 3A")
    }

    fn put(&mut self, _key: &str, _value: &str) {
        panic!("not implemented yet: Clerk::put, part 3A")
    }

    fn append(&mut self, _key: &str, _value: &str) {
        panic!("not implemented yet: Clerk::append, part 3A")
    }
}
