//! Clients that are kept from asking again, messages that are lost, kept or hurried on purpose, and
//! requests that are counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use labrpc_host::{Delay, Direction, Event, Hold, LinkSettings, Message, Stage};
use labrt::thread;
use labrt::time::Duration;
use parking_lot::Mutex;

use super::client::name;
use super::cluster::KvCluster;

impl KvCluster {
    /// Keeps what client `number` sends, until the hold ends, except for the first request that
    /// reaches a server. The flag tells when that has left.
    pub(crate) fn pause_after_first_request(&self, number: usize) -> (Hold, Arc<AtomicBool>) {
        let client = name(number);
        let passed = Arc::new(AtomicBool::new(false));
        let (first_passed, from_client) = (passed.clone(), move |message: &Message<'_>| {
            message.direction() == Direction::Request && message.sender() == client
        });
        let hold = self.network().hold(move |message| {
            from_client(message) && first_passed.swap(true, Ordering::Relaxed)
        });
        (hold, passed)
    }

    /// Keeps what client `number` is answered from now on, until the hold ends.
    pub(crate) fn pause_replies(&self, number: usize) -> Hold {
        let client = name(number);
        self.network().hold(move |message| {
            message.direction() == Direction::Reply && message.receiver() == client
        })
    }

    /// Keeps the entries and heartbeats that `server` sends as leader from now on, until the hold
    /// ends.
    pub(crate) fn pause_entries(&self, server: usize) -> Hold {
        let server = crate::harness::server_name(server);
        self.network().hold(move |message| {
            message.direction() == Direction::Request
                && message.sender() == server
                && message.field("entries").is_some()
        })
    }

    /// Messages between two servers take no time from now on.
    pub(crate) fn hurry(&self, one: usize, other: usize) {
        let at_once = LinkSettings { latency: Some(Delay::NONE), ..LinkSettings::default() };
        for (from, to) in [(one, other), (other, one)] {
            let (from, to) = (crate::harness::server_name(from), crate::harness::server_name(to));
            self.expect(self.network().set_link(&from, &to, at_once.clone()));
        }
    }

    /// How many requests all clients send from now on.
    pub(crate) fn count_requests(&self) -> Arc<AtomicU64> {
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        self.network().tap(move |event: &Event<'_>| {
            if event.stage == Stage::RequestSent && event.message.sender().starts_with("client") {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        count
    }

    /// From now on the first, third, fifth, ... reply of each server to each client is lost.
    pub(crate) fn lose_every_other_reply(&self) {
        let counts: Mutex<BTreeMap<(String, String), u32>> = Mutex::default();
        let lost = self.network().hold(move |message: &Message<'_>| {
            let to_client = message.receiver().starts_with("client");
            to_client && message.direction() == Direction::Reply && {
                let link = (message.sender().to_owned(), message.receiver().to_owned());
                let mut counts = counts.lock();
                let count = counts.entry(link).or_default();
                *count += 1;
                *count % 2 == 1
            }
        });
        thread::spawn(move || {
            loop {
                // A time without any reply is no mistake.
                let _ = lost.wait(1, Duration::from_secs(1));
                for message in lost.list() {
                    let _ = lost.drop_message(message.call());
                }
            }
        });
    }
}
