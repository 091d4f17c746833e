//! Holding single messages back, and letting them go on command.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use labrt_host::oneshot::{Completer, oneshot};
use labrt_host::{Operation, event};
use parking_lot::Mutex;

use crate::delivery::{Call, Reply};
use crate::error::HoldError;
use crate::message::{CallId, HeldMessage, Message};
use crate::shared::Shared;
use crate::tap::{Cause, Stage};

type Predicate = dyn Fn(&Message<'_>) -> bool + Send + Sync;

/// What the network keeps of a hold.
pub(crate) struct Catch {
    predicate: Box<Predicate>,
    caught: Mutex<Caught>,
}

#[derive(Default)]
struct Caught {
    closed: bool,
    messages: BTreeMap<CallId, (HeldMessage, Parked)>,
    waiters: Vec<Waiter>,
    next_waiter: u64,
}

struct Waiter {
    number: u64,
    wanted: usize,
    completer: Completer<()>,
}

/// The rest of a held message's life.
pub(crate) enum Parked {
    Request(Call),
    Reply(Reply),
}

impl Catch {
    pub(crate) fn wants(&self, message: &Message<'_>) -> bool {
        (self.predicate)(message)
    }

    /// Takes a message into custody. Gives it back if the hold has ended meanwhile.
    pub(crate) fn keep(&self, held: HeldMessage, parked: Parked) -> Option<Parked> {
        let ready: Vec<Waiter> = {
            let mut caught = self.caught.lock();
            if caught.closed {
                return Some(parked);
            }
            caught.messages.insert(held.call(), (held, parked));
            let count = caught.messages.len();
            caught.waiters.extract_if(.., |waiter| waiter.wanted <= count).collect()
        };
        ready.into_iter().for_each(|waiter| waiter.completer.complete(()));
        None
    }
}

/// Holds back every message that a predicate wants, until it is released or dropped.
///
/// Made by [`Network::hold`](crate::Network::hold). A held message is spared the losses and
/// delays of the network; its caller waits. Released, it arrives at once and **whatever the
/// switches say by then**: a request goes to the server that stands under the destination's name
/// now, if one does, so it can reach a later incarnation, and a reply goes to the caller even if
/// its server is gone. That is what "a packet that took its time" means.
///
/// Dropping the hold ends it, as [`Hold::end`] does.
pub struct Hold {
    shared: Weak<Shared>,
    catch: Arc<Catch>,
}

impl Hold {
    pub(crate) fn new(shared: &Arc<Shared>, predicate: Box<Predicate>) -> Self {
        let catch = Arc::new(Catch { predicate, caught: Mutex::default() });
        shared.watch.add_catch(Arc::clone(&catch));
        Self { shared: Arc::downgrade(shared), catch }
    }

    /// What is held now, in the order of the calls.
    pub fn list(&self) -> Vec<HeldMessage> {
        self.catch.caught.lock().messages.values().map(|(held, _)| held.clone()).collect()
    }

    /// Waits until `wanted` messages are held, and lists them. On a lab thread only.
    ///
    /// # Errors
    /// [`HoldError::TooFew`] if `limit` passes first.
    #[track_caller]
    pub fn wait(&self, wanted: usize, limit: Duration) -> Result<Vec<HeldMessage>, HoldError> {
        let place = Location::caller();
        let waiting = {
            let mut caught = self.catch.caught.lock();
            let enough = wanted <= caught.messages.len();
            (!enough).then(|| {
                let (completer, completion) = oneshot();
                let number = caught.next_waiter;
                caught.next_waiter += 1;
                caught.waiters.push(Waiter { number, wanted, completer });
                (number, completion)
            })
        };
        if let Some((number, completion)) = waiting {
            let catch = Arc::clone(&self.catch);
            event::after(limit, move || {
                let late = {
                    let waiters = &mut catch.caught.lock().waiters;
                    waiters
                        .iter()
                        .position(|waiter| waiter.number == number)
                        .map(|i| waiters.remove(i))
                };
                drop(late); // The waiter goes on with nothing.
            });
            if completion.wait(Operation::Host, place).is_none() {
                let held = self.catch.caught.lock().messages.len();
                return Err(HoldError::TooFew { held, wanted, limit });
            }
        }
        Ok(self.list())
    }

    /// Lets one message go: it arrives now.
    ///
    /// # Errors
    /// [`HoldError::NotHeld`] if no message of this call is held here.
    pub fn release(&self, call: CallId) -> Result<(), HoldError> {
        let parked = self.take(call)?;
        if let Some(shared) = self.shared.upgrade() {
            shared.release(parked);
        }
        Ok(())
    }

    /// Drops one message: it never arrives, and the caller gets no reply.
    ///
    /// # Errors
    /// [`HoldError::NotHeld`] if no message of this call is held here.
    pub fn drop_message(&self, call: CallId) -> Result<(), HoldError> {
        let parked = self.take(call)?;
        if let Some(shared) = self.shared.upgrade() {
            match &parked {
                Parked::Request(call) => {
                    shared.show_request(Stage::RequestDropped(Cause::OnCommand), call)
                }
                Parked::Reply(reply) => {
                    shared.show_reply(Stage::ReplyDropped(Cause::OnCommand), reply)
                }
            }
        }
        Ok(())
    }

    /// Lets all held messages go, in the order of the calls, and goes on holding new ones.
    pub fn release_all(&self) {
        let messages = std::mem::take(&mut self.catch.caught.lock().messages);
        self.let_go(messages);
    }

    /// Ends the hold: nothing is caught any more, and what is held is let go in the order of the
    /// calls.
    pub fn end(self) {}

    fn take(&self, call: CallId) -> Result<Parked, HoldError> {
        let taken = self.catch.caught.lock().messages.remove(&call);
        taken.map(|(_, parked)| parked).ok_or(HoldError::NotHeld { call: call.0 })
    }

    fn let_go(&self, messages: BTreeMap<CallId, (HeldMessage, Parked)>) {
        // Without a run, or with its thread being killed, nothing can arrive any more.
        let possible = labrt_host::clock().is_some() && !std::thread::panicking();
        if let Some(shared) = self.shared.upgrade().filter(|_| possible) {
            messages.into_values().for_each(|(_, parked)| shared.release(parked));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.watch.remove_catch(&self.catch);
        }
        let messages = {
            let mut caught = self.catch.caught.lock();
            caught.closed = true;
            std::mem::take(&mut caught.messages)
        };
        self.let_go(messages);
    }
}
