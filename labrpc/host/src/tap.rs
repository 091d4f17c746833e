//! Being shown every message.

use std::time::Duration;

use crate::message::Message;

/// Is shown every message of a network, at each stage of its life.
///
/// Called by whatever thread moves the message, before the stage has any effect: a request is
/// shown as sent before anybody can receive it, and its reply before the caller goes on. So what
/// depends on a message is always shown after it. Under the real clock several threads may call
/// at once.
///
/// It must not wait, must not use labrt, and must not use the network.
///
/// Any `Fn(&Event)` is a tap.
pub trait Tap: Send + Sync {
    /// A message has reached a stage.
    fn event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Tap for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// What a tap is shown.
#[derive(Debug)]
pub struct Event<'a> {
    /// What happened to the message.
    pub stage: Stage,
    /// The message: of the stages named after replies, the reply.
    pub message: Message<'a>,
    /// When, since the start of the run.
    pub at: Duration,
}

/// The stages of a message's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A caller has made a call. Every call begins with this, also one that reaches nobody.
    RequestSent,
    /// A hold has caught the request.
    RequestHeld,
    /// The request has arrived; the handler begins.
    RequestDispatched,
    /// The request has arrived a second time; the handler begins again.
    DuplicateDispatched,
    /// The request will never arrive.
    RequestDropped(Cause),
    /// The handler has returned. What it returned has left the server.
    ReplySent,
    /// A hold has caught the reply.
    ReplyHeld,
    /// The reply has arrived; the caller goes on.
    ReplyDelivered,
    /// The reply will never arrive.
    ReplyDropped(Cause),
}

/// Why a message never arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The end is disabled, unconnected or cut off, or no server stands under the name.
    Unreachable,
    /// Lost by an unreliable network or link.
    Lost,
    /// Its link was cut when it was to leave.
    Cut,
    /// The end was disabled, or the server replaced, while the handler ran. The caller may have
    /// been told earlier, by the look that the network takes every 100 ms.
    CallDead,
    /// The machine that it came from or went to has crashed.
    Crashed,
    /// The reply to a duplicate, which nobody waits for.
    Duplicate,
    /// A hold was told to drop it.
    OnCommand,
}
