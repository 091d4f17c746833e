//! Who waits for which operation (part 3A). Rules K2, K4.

use labrt::channel::{Receiver, Sender, unbounded};

use crate::rpc::{Reply, RequestId};

/// The handlers that wait for an operation to be applied.
///
/// They are found by the request that they wait for, never by its index in the log: an index may
/// be returned by `start` more than once, and another operation may be applied there (K4). Several
/// may wait for the same request, if a clerk or the network has repeated it.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: Vec<Waiter>,
    last_ticket: u64,
}

struct Waiter {
    request: RequestId,
    ticket: u64,
    answer: Sender<Reply>,
}

/// What a handler waits with.
pub(crate) struct Ticket {
    number: u64,
    /// Gives the answer. Closed if there will be none from this server.
    pub(crate) answer: Receiver<Reply>,
}

impl Waiters {
    /// One more waits for `request`.
    pub(crate) fn add(&mut self, request: RequestId) -> Ticket {
        let (sender, answer) = unbounded();
        self.last_ticket += 1;
        self.waiting.push(Waiter { request, ticket: self.last_ticket, answer: sender });
        Ticket { number: self.last_ticket, answer }
    }

    /// `request` was applied: answers all that wait for it (K2).
    pub(crate) fn answer(&mut self, request: RequestId, reply: &Reply) {
        for waiter in self.waiting.extract_if(.., |waiter| waiter.request == request) {
            let _ = waiter.answer.send(reply.clone()); // It may have just given up.
        }
    }

    /// One of them waits no more.
    pub(crate) fn remove(&mut self, ticket: &Ticket) {
        self.waiting.retain(|waiter| waiter.ticket != ticket.number);
    }

    /// Nothing more will be applied here: all of them have to ask elsewhere (K2).
    pub(crate) fn dismiss_all(&mut self) {
        self.waiting.clear();
    }
}
