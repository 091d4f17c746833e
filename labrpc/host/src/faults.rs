//! What may happen to a message, and the plan drawn for each call.
//!
//! Everything random about a call is drawn when it is made, under one lock, in the order of the
//! calls: so one seed gives one history, whatever happens to the calls later.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::latency::Delay;
use crate::registry::PartyId;

/// Unreliable network: a request waits at most this many milliseconds (27 values, from 0).
const SHORT_DELAY_MS: u64 = 26;
/// Unreliable network: of 1000 requests, and of 1000 replies, this many are lost.
const LOST_PER_MILLE: u32 = 100;
/// A call that reaches no server is given up after at most this many milliseconds.
const NO_ANSWER_MS: u64 = 99;
/// The same with long delays on.
const NO_ANSWER_LONG_MS: u64 = 6999;
/// Long reordering: 600 of 900 replies are late,
const REORDERED: u32 = 600;
const REORDERED_OF: u32 = 900;
/// by 200 ms and a number of milliseconds below another one below 2000.
const REORDERED_MIN_MS: u64 = 200;
const REORDERED_SPREAD_MS: u64 = 2000;

/// What the link from one party to another does to the messages that go that way: requests of
/// the first to the second, and replies of the first to calls made by the second.
///
/// In addition to what the whole network does: a message is lost if either says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkSettings {
    /// Nothing passes. A request finds its server unreachable; a reply never arrives, and the
    /// caller hears so as late as if the server had been unreachable.
    pub cut: bool,
    /// How many of 1000 messages are lost.
    pub loss_per_mille: u32,
    /// How long messages are on their way, instead of the network's latency.
    pub latency: Option<Delay>,
    /// Whether requests arrive twice, instead of the network's setting.
    pub duplicates: Option<Duplicates>,
}

/// Requests that are delivered a second time. The handler runs again; its second reply is
/// discarded. A duplicate goes to whatever server stands under the destination's name when it
/// arrives, so one that is late enough reaches a later incarnation; it is lost if the end is
/// disabled or the link cut by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// How many of 1000 delivered requests.
    pub per_mille: u32,
    /// How long after the first delivery. [`Delay::NONE`]: at once.
    pub delay: Delay,
}

/// The network-wide switches and the settings of single links.
pub(crate) struct Faults {
    pub(crate) reliable: bool,
    pub(crate) long_delays: bool,
    pub(crate) long_reordering: bool,
    pub(crate) latency: Delay,
    pub(crate) duplicates: Option<Duplicates>,
    links: BTreeMap<(PartyId, PartyId), LinkSettings>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            reliable: true,
            long_delays: false,
            long_reordering: false,
            latency: Delay::NONE,
            duplicates: None,
            links: BTreeMap::new(),
        }
    }
}

/// What becomes of a request that reaches its server, drawn in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The request arrives, or is lost, after this.
    pub(crate) request_delay: Duration,
    pub(crate) request_lost: bool,
    /// The request arrives again, this long after it has arrived.
    pub(crate) duplicate_after: Option<Duration>,
    pub(crate) reply_lost: bool,
    /// The reply arrives this long after the handler has returned.
    pub(crate) reply_delay: Duration,
}

impl Faults {
    /// How long a call that reaches no server waits for its failure.
    pub(crate) fn no_answer_after(&self, random: &mut ChaCha8Rng) -> Duration {
        let longest = if self.long_delays { NO_ANSWER_LONG_MS } else { NO_ANSWER_MS };
        Duration::from_millis(random.random_range(0..=longest))
    }

    /// Draws what becomes of a call from `source` to the server `destination`.
    pub(crate) fn plan(
        &self,
        source: PartyId,
        destination: PartyId,
        random: &mut ChaCha8Rng,
    ) -> Plan {
        let (there, back) = match self.links.is_empty() {
            true => (None, None),
            false => {
                (self.links.get(&(source, destination)), self.links.get(&(destination, source)))
            }
        };
        let mut plan = Plan {
            request_delay: self.latency(there).sample(random),
            request_lost: loses(there, random),
            duplicate_after: None,
            reply_lost: loses(back, random),
            reply_delay: self.latency(back).sample(random),
        };
        if !self.reliable {
            plan.request_delay += Duration::from_millis(random.random_range(0..=SHORT_DELAY_MS));
            plan.request_lost |= one_of(LOST_PER_MILLE, 1000, random);
            plan.reply_lost |= one_of(LOST_PER_MILLE, 1000, random);
        }
        if self.long_reordering && one_of(REORDERED, REORDERED_OF, random) {
            let below = random.random_range(0..REORDERED_SPREAD_MS);
            plan.reply_delay +=
                Duration::from_millis(REORDERED_MIN_MS + random.random_range(0..=below));
        }
        let duplicates = there.and_then(|link| link.duplicates).or(self.duplicates);
        if let Some(Duplicates { per_mille, delay }) = duplicates
            && one_of(per_mille, 1000, random)
        {
            plan.duplicate_after = Some(delay.sample(random));
        }
        plan
    }

    /// Whether messages from `source` to `destination` are stopped.
    pub(crate) fn is_cut(&self, source: PartyId, destination: PartyId) -> bool {
        !self.links.is_empty()
            && self.links.get(&(source, destination)).is_some_and(|link| link.cut)
    }

    pub(crate) fn link(&self, source: PartyId, destination: PartyId) -> LinkSettings {
        self.links.get(&(source, destination)).cloned().unwrap_or_default()
    }

    pub(crate) fn set_link(
        &mut self,
        source: PartyId,
        destination: PartyId,
        settings: LinkSettings,
    ) {
        match settings == LinkSettings::default() {
            true => self.links.remove(&(source, destination)),
            false => self.links.insert((source, destination), settings),
        };
    }

    pub(crate) fn clear_links(&mut self) {
        self.links.clear();
    }

    fn latency(&self, link: Option<&LinkSettings>) -> Delay {
        link.and_then(|link| link.latency).unwrap_or(self.latency)
    }
}

fn loses(link: Option<&LinkSettings>, random: &mut ChaCha8Rng) -> bool {
    link.is_some_and(|link| one_of(link.loss_per_mille, 1000, random))
}

/// True in `hits` of `of` cases; takes nothing from the stream if there is nothing to decide.
fn one_of(hits: u32, of: u32, random: &mut ChaCha8Rng) -> bool {
    match hits {
        0 => false,
        hits if of <= hits => true,
        hits => random.random_range(0..of) < hits,
    }
}
