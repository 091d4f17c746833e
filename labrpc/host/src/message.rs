//! A message on its way, readable by field name.

use std::cell::OnceCell;
use std::fmt;
use std::time::Duration;

use labgob::Value;
use labrpc::MethodName;

use crate::registry::{EndId, MachineId, Name, PartyId};
use crate::shared::Shared;

/// Numbers the calls of a network, from 1, in the order in which they were made. A request, its
/// duplicate and its reply bear the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the caller to the server, with the arguments.
    Request,
    /// From the server to the caller.
    Reply,
}

/// What identifies a call, by numbers.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) id: CallId,
    pub(crate) end: EndId,
    pub(crate) method: MethodName,
    pub(crate) source: PartyId,
    /// `None`: the end was never connected.
    pub(crate) destination: Option<PartyId>,
    /// The machine that the end belongs to.
    pub(crate) machine: Option<MachineId>,
}

/// Who sends what to whom, without the content.
#[derive(Clone)]
pub(crate) struct Envelope {
    pub(crate) head: Head,
    /// The machine whose server the request has reached.
    pub(crate) reached: Option<MachineId>,
    pub(crate) end: Name,
    /// Who calls, and who is called; of a reply, the latter is the sender.
    pub(crate) caller: Name,
    pub(crate) called: Name,
}

impl Envelope {
    fn resolve(head: Head, reached: Option<MachineId>, shared: &Shared) -> Self {
        let registry = &shared.state.lock().registry;
        Self {
            head,
            reached,
            end: registry.get_end(head.end).name.clone(),
            caller: registry.name(head.source).clone(),
            called: head.destination.map_or_else(|| "".into(), |to| registry.name(to).clone()),
        }
    }
}

/// A message on its way: who sends what to whom.
///
/// The content is decoded when it is first asked for, without any type of the program: labgob
/// writes the names of fields.
pub struct Message<'a> {
    head: Head,
    reached: Option<MachineId>,
    names: Names<'a>,
    request: Content<'a>,
    reply: Option<Content<'a>>,
}

/// Names are looked up when somebody asks: whoever is content with numbers pays for none.
enum Names<'a> {
    Known(&'a Envelope),
    Sought(&'a Shared, OnceCell<Envelope>),
}

/// Bytes, and their value once somebody has asked.
struct Content<'a> {
    bytes: &'a [u8],
    value: OnceCell<Option<Value<'a>>>,
}

impl<'a> Content<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, value: OnceCell::new() }
    }

    fn value(&self) -> Option<&Value<'a>> {
        self.value.get_or_init(|| Value::parse(self.bytes).ok()).as_ref()
    }
}

impl<'a> Message<'a> {
    pub(crate) fn new(
        head: Head,
        reached: Option<MachineId>,
        shared: &'a Shared,
        request: &'a [u8],
        reply: Option<&'a [u8]>,
    ) -> Self {
        Self {
            head,
            reached,
            names: Names::Sought(shared, OnceCell::new()),
            request: Content::new(request),
            reply: reply.map(Content::new),
        }
    }

    fn envelope(&self) -> &Envelope {
        match &self.names {
            Names::Known(envelope) => envelope,
            Names::Sought(shared, envelope) => {
                envelope.get_or_init(|| Envelope::resolve(self.head, self.reached, shared))
            }
        }
    }

    /// The call that it belongs to.
    pub fn call(&self) -> CallId {
        self.head.id
    }

    /// The number of the machine that the caller's end belongs to, if it belongs to one. Tells one
    /// life of a server from the next.
    pub fn caller_machine(&self) -> Option<u32> {
        self.head.machine
    }

    /// The number of the machine that handles the request, from its dispatch on.
    pub fn called_machine(&self) -> Option<u32> {
        self.reached
    }

    /// Whether it is a request or a reply.
    pub fn direction(&self) -> Direction {
        match self.reply {
            None => Direction::Request,
            Some(_) => Direction::Reply,
        }
    }

    /// The method called.
    pub fn method(&self) -> MethodName {
        self.head.method
    }

    /// The name of the end that the call was made on.
    pub fn end(&self) -> &str {
        &self.envelope().end
    }

    /// Who sent it: of a request the source of the end, of a reply the server's name.
    pub fn sender(&self) -> &str {
        match self.direction() {
            Direction::Request => &self.envelope().caller,
            Direction::Reply => &self.envelope().called,
        }
    }

    /// Whom it is for. Empty if the end was never connected.
    pub fn receiver(&self) -> &str {
        match self.direction() {
            Direction::Request => &self.envelope().called,
            Direction::Reply => &self.envelope().caller,
        }
    }

    /// Its bytes, as labgob wrote them.
    pub fn bytes(&self) -> &'a [u8] {
        self.content().bytes
    }

    /// Its content. `None` if the bytes are not one labgob value, which a stub never sends.
    pub fn value(&self) -> Option<&Value<'a>> {
        self.content().value()
    }

    /// One field of its content, by the name it has in the message's struct. `None` if there is
    /// no such field.
    pub fn field(&self, name: &str) -> Option<&Value<'a>> {
        self.value()?.field(name)
    }

    /// The content of the request: of this message, or of the one that it replies to.
    pub fn request_value(&self) -> Option<&Value<'a>> {
        self.request.value()
    }

    /// One field of the request: of this message, or of the one that it replies to. Hence "the
    /// vote granted in term 3": the term asked about stands in the request.
    pub fn request_field(&self, name: &str) -> Option<&Value<'a>> {
        self.request_value()?.field(name)
    }

    /// A copy with bytes of its own.
    pub(crate) fn to_held(&self) -> HeldMessage {
        HeldMessage {
            envelope: self.envelope().clone(),
            request: self.request.bytes.to_vec(),
            reply: self.reply.as_ref().map(|reply| reply.bytes.to_vec()),
            since: labrt_host::now(),
        }
    }

    fn content(&self) -> &Content<'a> {
        self.reply.as_ref().unwrap_or(&self.request)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.direction() {
            Direction::Request => "request",
            Direction::Reply => "reply",
        };
        let (call, method) = (self.call(), self.method());
        write!(f, "call {call} {what} {method} `{}` -> `{}` ", self.sender(), self.receiver())?;
        match self.value() {
            Some(value) => write!(f, "{value:?}"),
            None => write!(f, "{} bytes", self.bytes().len()),
        }
    }
}

/// A message that a [`Hold`](crate::Hold) keeps back.
#[derive(Clone)]
pub struct HeldMessage {
    envelope: Envelope,
    request: Vec<u8>,
    reply: Option<Vec<u8>>,
    since: Duration,
}

impl HeldMessage {
    /// The call that it belongs to: what releasing it takes.
    pub fn call(&self) -> CallId {
        self.envelope.head.id
    }

    /// The message, to be read.
    pub fn message(&self) -> Message<'_> {
        Message {
            head: self.envelope.head,
            reached: self.envelope.reached,
            names: Names::Known(&self.envelope),
            request: Content::new(&self.request),
            reply: self.reply.as_deref().map(Content::new),
        }
    }

    /// Since when it is held, from the start of the run.
    pub fn since(&self) -> Duration {
        self.since
    }
}

impl fmt::Debug for HeldMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, held since {:?}", self.message(), self.since)
    }
}
