//! The client (part 3A). Rules K3, K7.

use labrpc::{ClientEnd, RpcError};
use labrt::rand;
use labrt::thread;

use crate::rpc::{KvClient, Operation, Reply, Request, RequestId};
use crate::timing;

/// A client of the service. See [`labapi::KvClerk`] for what its methods promise.
#[derive(Debug)]
pub struct Clerk {
    servers: Vec<KvClient>,
    /// Who answered last: most likely the leader still (K7).
    leader: usize,
    /// The number of the last request. A random client number keeps clerks apart.
    last: RequestId,
}

impl labapi::KvClerk for Clerk {
    fn make(servers: Vec<ClientEnd>) -> Self {
        Self {
            servers: servers.into_iter().map(KvClient::new).collect(),
            leader: 0,
            last: RequestId { client: rand::random(), number: 0 },
        }
    }

    fn get(&mut self, key: &str) -> String {
        self.operate(Operation::Get { key: key.to_owned() })
    }

    fn put(&mut self, key: &str, value: &str) {
        self.operate(Operation::Put { key: key.to_owned(), value: value.to_owned() });
    }

    fn append(&mut self, key: &str, value: &str) {
        self.operate(Operation::Append { key: key.to_owned(), value: value.to_owned() });
    }
}

impl Clerk {
    /// Has an operation applied: asks one server after the other, beginning with the one that
    /// answered last, until one has answered (K7). All of them are sent the same number, since any
    /// of them may have been the one whose answer was lost (K3).
    fn operate(&mut self, operation: Operation) -> String {
        self.last.number += 1;
        let request = Request { id: self.last, operation };
        loop {
            for _ in 0..self.servers.len() {
                match self.servers[self.leader].operate(&request) {
                    Ok(Reply::Applied { value }) => return value,
                    Ok(Reply::Retry) | Err(RpcError::NoReply) => {
                        self.leader = (self.leader + 1) % self.servers.len();
                    }
                    Err(mistake) => panic!("{mistake}"),
                }
            }
            thread::sleep(timing::ROUND_PAUSE); // Nobody leads; an election takes its time.
        }
    }
}
