//! The life of one call.
//!
//! `send` plans it, `dispatch` hands the request to the destination's machine, `handle` runs
//! there, `returned` judges whether the call is still alive, `deliver` wakes the caller. Without
//! delays each step calls the next one directly: the request goes from the caller's thread to
//! the handler's, the reply from there to the caller, and no third thread has a part in it.

use std::sync::Arc;
use std::time::Duration;

use labrpc::{MethodName, Place};
use labrt_host::event;
use labrt_host::oneshot::Completer;

use crate::faults::Plan;
use crate::hold::{Catch, Parked};
use crate::in_flight::{Entry, Key};
use crate::message::{Head, HeldMessage, Message};
use crate::registry::{EndId, MachineId, PartyId};
use crate::server::Installed;
use crate::shared::{Shared, State};
use crate::tap::{Cause, Event, Stage};

/// A request that will reach its server.
pub(crate) struct Call {
    head: Head,
    destination: PartyId,
    server: Arc<Installed>,
    request: Vec<u8>,
    completer: Completer<Vec<u8>>,
    plan: Plan,
}

/// A reply that will reach its caller.
pub(crate) struct Reply {
    head: Head,
    server: Arc<Installed>,
    request: Vec<u8>,
    reply: Vec<u8>,
    completer: Completer<Vec<u8>>,
}

/// Where a call goes, decided when it is made.
enum Route {
    Reaches(PartyId, Arc<Installed>, Plan),
    /// The caller hears nothing, after a while.
    Nobody(Duration),
    /// The server is there, and has no such method.
    NotOffered(Arc<Installed>, String),
}

impl State {
    fn route(&mut self, head: &Head) -> Route {
        let Self { registry, faults, random, .. } = self;
        let open = registry.get_end(head.end).enabled;
        let destination = head.destination.filter(|&to| open && !faults.is_cut(head.source, to));
        let reached = destination.and_then(|to| Some((to, registry.server(to)?)));
        match reached {
            None => Route::Nobody(faults.no_answer_after(random)),
            Some((to, server)) if !server.offers(head.method) => {
                Route::NotOffered(Arc::clone(server), registry.name(to).to_string())
            }
            Some((to, server)) => {
                Route::Reaches(to, Arc::clone(server), faults.plan(head.source, to, random))
            }
        }
    }
}

impl Shared {
    /// A call begins. What happens to `completer` ends it; dropping it means "no reply".
    pub(crate) fn send(
        self: &Arc<Self>,
        end: EndId,
        method: MethodName,
        request: Vec<u8>,
        completer: Completer<Vec<u8>>,
        place: Place,
    ) {
        let mut state = self.state.lock();
        let from = state.registry.get_end(end);
        if state.cleaned_up || from.revoked {
            return;
        }
        let (source, destination, machine) = (from.source, from.destination, from.machine);
        self.counts.request(request.len());
        let head = Head { id: state.next_call(), end, method, source, destination, machine };
        let route = state.route(&head);
        drop(state);

        self.show(Stage::RequestSent, &head, None, &request, None);
        match route {
            Route::Nobody(after) => {
                self.show(Stage::RequestDropped(Cause::Unreachable), &head, None, &request, None);
                no_reply(after, completer);
            }
            Route::NotOffered(server, name) => not_offered(method, &server, &name, place),
            Route::Reaches(destination, server, plan) => {
                let call = Call { head, destination, server, request, completer, plan };
                if let Some(call) = self.hold_request(call) {
                    self.travel(call);
                }
            }
        }
    }

    /// The request's way to the server.
    fn travel(self: &Arc<Self>, call: Call) {
        let delay = call.plan.request_delay;
        if call.plan.request_lost {
            self.show_request(Stage::RequestDropped(Cause::Lost), &call);
            no_reply(delay, call.completer);
        } else if delay.is_zero() {
            self.dispatch(call);
        } else {
            let shared = Arc::clone(self);
            event::after(delay, move || shared.arrive(call));
        }
    }

    /// The request was under way for a while. Is there still somebody who has sent it?
    fn arrive(self: &Arc<Self>, call: Call) {
        let sender_crashed = self.state.lock().registry.get_end(call.head.end).revoked;
        if sender_crashed && self.crash_loses_messages() {
            self.show_request(Stage::RequestDropped(Cause::Crashed), &call);
        } else {
            self.dispatch(call);
        }
    }

    /// The request has arrived: its handler begins, on the server's machine.
    fn dispatch(self: &Arc<Self>, call: Call) {
        let Call { head, destination, server, request, completer, plan } = call;
        let mut state = self.state.lock();
        if server.is_revoked() {
            drop(state);
            self.show(Stage::RequestDropped(Cause::Crashed), &head, None, &request, None);
            return;
        }
        server.count();
        let began = labrt_host::now();
        let key = state.in_flight.insert(Entry {
            completer,
            end: head.end,
            destination,
            server: Arc::clone(&server),
            began,
        });
        drop(state);

        let reached = Some(server.machine.id());
        self.show(Stage::RequestDispatched, &head, reached, &request, None);
        let duplicate = plan.duplicate_after.map(|after| (after, request.clone()));
        let (shared, machine) = (Arc::clone(self), server.machine.clone());
        machine.dispatch(head.method.method, move || {
            let reply = handle(&server, head.method, &request);
            shared.returned(key, head, &plan, (server, request, reply));
        });
        if let Some((after, request)) = duplicate {
            self.duplicate(after, head, destination, request);
        }
    }

    /// The handler has returned, on its machine.
    fn returned(
        self: &Arc<Self>,
        key: Key,
        head: Head,
        plan: &Plan,
        handled: (Arc<Installed>, Vec<u8>, Vec<u8>),
    ) {
        let (server, request, reply) = handled;
        let mut state = self.state.lock();
        let entry = state.in_flight.remove(key);
        let dead = entry.as_ref().is_none_or(|entry| entry.is_dead(&state.registry));
        let no_way_back =
            head.destination.is_some_and(|from| state.faults.is_cut(from, head.source));
        let given_up_after = match no_way_back && !dead {
            true => {
                let State { faults, random, .. } = &mut *state;
                Some(faults.no_answer_after(random))
            }
            false => None,
        };
        drop(state);

        if server.is_revoked() {
            return; // The machine crashed before the reply left.
        }
        let reached = Some(server.machine.id());
        self.show(Stage::ReplySent, &head, reached, &request, Some(&reply));
        let Some(Entry { completer, .. }) = entry.filter(|_| !dead) else {
            let stage = Stage::ReplyDropped(Cause::CallDead);
            self.show(stage, &head, reached, &request, Some(&reply));
            return;
        };
        if let Some(after) = given_up_after {
            let stage = Stage::ReplyDropped(Cause::Cut);
            self.show(stage, &head, reached, &request, Some(&reply));
            return no_reply(after, completer);
        }
        let reply = Reply { head, server, request, reply, completer };
        let Some(reply) = self.hold_reply(reply) else { return };
        if plan.reply_lost {
            self.show_reply(Stage::ReplyDropped(Cause::Lost), &reply);
        } else if plan.reply_delay.is_zero() {
            self.deliver_last(reply);
        } else {
            let shared = Arc::clone(self);
            event::after(plan.reply_delay, move || {
                if reply.server.is_revoked() && shared.crash_loses_messages() {
                    shared.show_reply(Stage::ReplyDropped(Cause::Crashed), &reply);
                } else {
                    shared.deliver(reply);
                }
            });
        }
    }

    /// The reply has arrived: the caller goes on.
    fn deliver(&self, reply: Reply) {
        self.counts.reply(reply.reply.len());
        self.show_reply(Stage::ReplyDelivered, &reply);
        reply.completer.complete(reply.reply);
    }

    /// The same, as the last thing that the handler's thread does: a pooled thread is then ready
    /// for the next request before the caller can make it.
    fn deliver_last(&self, reply: Reply) {
        self.counts.reply(reply.reply.len());
        self.show_reply(Stage::ReplyDelivered, &reply);
        reply.completer.complete_last(reply.reply);
    }

    /// The request will arrive once more; nobody waits for the reply to that.
    fn duplicate(self: &Arc<Self>, after: Duration, head: Head, to: PartyId, request: Vec<u8>) {
        let shared = Arc::clone(self);
        let arrive = move || {
            let server = {
                let state = shared.state.lock();
                let end = state.registry.get_end(head.end);
                let lost = end.revoked && shared.crash_loses_messages();
                let open =
                    (end.enabled || end.revoked) && !lost && !state.faults.is_cut(head.source, to);
                state
                    .registry
                    .server(to)
                    .filter(|server| open && server.offers(head.method))
                    .cloned()
            };
            let Some(server) = server else { return };
            server.count();
            let reached = Some(server.machine.id());
            shared.show(Stage::DuplicateDispatched, &head, reached, &request, None);
            let machine = server.machine.clone();
            machine.dispatch(head.method.method, move || {
                let reply = handle(&server, head.method, &request);
                if !server.is_revoked() {
                    shared.show(Stage::ReplySent, &head, reached, &request, Some(&reply));
                    shared.show(
                        Stage::ReplyDropped(Cause::Duplicate),
                        &head,
                        reached,
                        &request,
                        Some(&reply),
                    );
                }
            });
        };
        if after.is_zero() { arrive() } else { event::after(after, arrive) }
    }

    /// The classic look at a call whose handler is running: is it still alive?
    pub(crate) fn look(&self, key: Key) {
        let dead = {
            let mut state = self.state.lock();
            let dead = state.in_flight.get(key).is_some_and(|entry| entry.is_dead(&state.registry));
            if dead { state.in_flight.remove(key) } else { None }
        };
        drop(dead); // The caller goes on without a reply.
    }

    /// Lets a held message go.
    pub(crate) fn release(self: &Arc<Self>, parked: Parked) {
        match parked {
            Parked::Reply(reply) => self.deliver(reply),
            Parked::Request(mut call) => {
                let server = self.state.lock().registry.server(call.destination).cloned();
                match server.filter(|server| server.offers(call.head.method)) {
                    None => self.show_request(Stage::RequestDropped(Cause::Unreachable), &call),
                    Some(server) => {
                        call.server = server;
                        self.dispatch(call);
                    }
                }
            }
        }
    }

    /// Gives the call back if no hold wants its request.
    fn hold_request(&self, call: Call) -> Option<Call> {
        let Some(catch) = self.catch(&call.head, None, &call.request, None) else {
            return Some(call);
        };
        match catch.0.keep(catch.1, Parked::Request(call)) {
            Some(Parked::Request(call)) => Some(call),
            _ => None,
        }
    }

    /// Gives the reply back if no hold wants it.
    fn hold_reply(&self, reply: Reply) -> Option<Reply> {
        let reached = Some(reply.server.machine.id());
        let catch = self.catch(&reply.head, reached, &reply.request, Some(&reply.reply));
        let Some(catch) = catch else { return Some(reply) };
        match catch.0.keep(catch.1, Parked::Reply(reply)) {
            Some(Parked::Reply(reply)) => Some(reply),
            _ => None,
        }
    }

    /// The hold that wants a message, and what it is to keep.
    fn catch(
        &self,
        head: &Head,
        reached: Option<MachineId>,
        request: &[u8],
        reply: Option<&[u8]>,
    ) -> Option<(Arc<Catch>, HeldMessage)> {
        if !self.watch.is_holding() {
            return None;
        }
        let message = Message::new(*head, reached, self, request, reply);
        let catch = self.watch.catch(&message)?;
        let stage = if reply.is_some() { Stage::ReplyHeld } else { Stage::RequestHeld };
        let held = message.to_held();
        self.watch.show(&Event { stage, message, at: labrt_host::now() });
        Some((catch, held))
    }

    pub(crate) fn show_request(&self, stage: Stage, call: &Call) {
        self.show(stage, &call.head, None, &call.request, None);
    }

    pub(crate) fn show_reply(&self, stage: Stage, reply: &Reply) {
        let reached = Some(reply.server.machine.id());
        self.show(stage, &reply.head, reached, &reply.request, Some(&reply.reply));
    }

    fn show(
        &self,
        stage: Stage,
        head: &Head,
        reached: Option<MachineId>,
        request: &[u8],
        reply: Option<&[u8]>,
    ) {
        if self.watch.is_active() {
            let message = Message::new(*head, reached, self, request, reply);
            self.watch.show(&Event { stage, message, at: labrt_host::now() });
        }
    }
}

/// Runs the handler. What goes wrong is a mistake in the program, and ends the run.
fn handle(server: &Installed, method: MethodName, request: &[u8]) -> Vec<u8> {
    let result = match server.service(method) {
        Some(service) => service.dispatch(method.method, request),
        None => labrt_host::fail(format!(
            "RPC {method} was dispatched to a server that offers {}",
            server.offer()
        )),
    };
    result.unwrap_or_else(|error| {
        labrt_host::fail(format!("RPC {method} could not be handled: {error}"))
    })
}

/// The caller goes on without a reply, after a while.
fn no_reply(after: Duration, completer: Completer<Vec<u8>>) {
    if !after.is_zero() {
        event::after(after, move || drop(completer));
    }
}

fn not_offered(method: MethodName, server: &Installed, name: &str, place: Place) -> ! {
    labrt_host::fail(format!(
        "RPC {method} was called at {place}, and server `{name}` has no such method\n\
         it offers {}\n\
         means   every service that is called has to be registered with the network by the server",
        server.offer(),
    ))
}
