//! A client: a clerk on a machine of its own, with the ends that lead to the servers.

use std::sync::atomic::Ordering;

use labrpc::ClientEnd;
use labrpc_host::{EndSpec, LinkSettings};
use labrt_host::{Machine, now};
use rand::seq::SliceRandom;

use super::cluster::KvCluster;
use super::submission::Clerk;
use crate::harness::server_name;
use crate::linearizability::KvInput;

/// A client of the service. Every operation is recorded, and waits until it is done.
pub(crate) struct Client {
    number: usize,
    machine: Machine,
    /// Away during an operation only.
    clerk: Option<Box<dyn Clerk>>,
    cluster: KvCluster,
}

impl KvCluster {
    /// A new client that reaches the servers of `to`. Its clerk is given an end for every server,
    /// in random order.
    pub(crate) fn client(&self, to: &[usize]) -> Client {
        let number = self.shared.kind.client_count.fetch_add(1, Ordering::Relaxed);
        let machine = Machine::new(name(number));
        let mut ends: Vec<ClientEnd> =
            self.all().map(|server| self.make_end(number, &machine, server)).collect();
        self.with_random(|random| ends.shuffle(random));
        let make_clerk = self.shared.kind.submission.make_clerk;
        let clerk = machine.call("make", move || make_clerk(ends));
        let clerk = clerk.expect("nobody crashes a client");
        self.connect_client(number, to);
        Client { number, machine, clerk: Some(clerk), cluster: self.clone() }
    }

    /// Lets client `number` reach the servers of `to`, and no others.
    pub(crate) fn connect_client(&self, number: usize, to: &[usize]) {
        for server in self.all() {
            let end = end_name(number, server);
            self.expect(self.network().enable(&end, to.contains(&server)));
        }
    }

    fn make_end(&self, client: usize, machine: &Machine, server: usize) -> ClientEnd {
        let network = self.network();
        let (from, to) = (name(client), server_name(server));
        let end = self.expect(network.make_end(EndSpec::new(end_name(client, server)).on(machine)));
        self.expect(network.connect(&end_name(client, server), &to));
        if let Some(latency) = self.shared.kind.client_latency {
            let link = LinkSettings { latency: Some(latency), ..LinkSettings::default() };
            self.expect(network.set_link(&from, &to, link.clone()));
            self.expect(network.set_link(&to, &from, link));
        }
        end
    }
}

impl Client {
    /// Its number, by which messages and the recorded history name it.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// What `key` holds.
    pub(crate) fn get(&mut self, key: &str) -> String {
        let asked = KvInput::Get { key: key.to_owned() };
        let key = key.to_owned();
        self.operate(asked, move |clerk| Some(clerk.get(&key))).unwrap_or_default()
    }

    /// Has `key` hold `value`.
    pub(crate) fn put(&mut self, key: &str, value: &str) {
        let asked = KvInput::Put { key: key.to_owned(), value: value.to_owned() };
        let (key, value) = (key.to_owned(), value.to_owned());
        self.operate(asked, move |clerk| {
            clerk.put(&key, &value);
            None
        });
    }

    /// Adds `value` to the end of what `key` holds.
    pub(crate) fn append(&mut self, key: &str, value: &str) {
        let asked = KvInput::Append { key: key.to_owned(), value: value.to_owned() };
        let (key, value) = (key.to_owned(), value.to_owned());
        self.operate(asked, move |clerk| {
            clerk.append(&key, &value);
            None
        });
    }

    fn operate(
        &mut self,
        asked: KvInput,
        operation: impl FnOnce(&mut dyn Clerk) -> Option<String> + Send + 'static,
    ) -> Option<String> {
        let mut clerk = self.clerk.take().expect("a client does one operation at a time");
        let kv = &self.cluster.shared.kind;
        let id = kv.recorder.called(self.number, asked, now());
        let answer = self.machine.call("operation", move || {
            let read = operation(&mut *clerk);
            (clerk, read)
        });
        let (clerk, read) = answer.expect("nobody crashes a client");
        kv.recorder.returned(id, read.clone(), now());
        kv.operation_count.fetch_add(1, Ordering::Relaxed);
        self.clerk = Some(clerk);
        read
    }
}

/// The name of a client's machine, and of the sender of its requests.
pub(super) fn name(client: usize) -> String {
    format!("client {client}")
}

/// The name of the end through which a client sends to a server, in whatever life of that.
fn end_name(client: usize, server: usize) -> String {
    format!("client {client} -> server {server}")
}
