//! The calls whose handlers are running, and when each would be found dead.
//!
//! The classic network looks at each of them every 100 ms: is the end still enabled, does the
//! same server still stand under the name? If not, the call fails, though the handler goes on.
//! Here nobody looks until a switch is thrown: then the affected calls get one event each, at
//! the moment when the next look would have been.

use std::sync::Arc;
use std::time::Duration;

use labrt_host::oneshot::Completer;

use crate::registry::{EndId, PartyId, Registry};
use crate::server::Installed;

/// How often the classic network looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A call whose handler runs.
pub(crate) struct Entry {
    pub(crate) completer: Completer<Vec<u8>>,
    pub(crate) end: EndId,
    pub(crate) destination: PartyId,
    pub(crate) server: Arc<Installed>,
    /// When the handler began.
    pub(crate) began: Duration,
}

impl Entry {
    /// Whether the caller can no longer be reached, or the server is no longer the one it called.
    pub(crate) fn is_dead(&self, registry: &Registry) -> bool {
        let end = registry.get_end(self.end);
        let same =
            registry.server(self.destination).is_some_and(|now| Arc::ptr_eq(now, &self.server));
        !end.enabled || end.revoked || !same
    }
}

/// The first look after `now` at a call whose handler began at `began`.
fn first_look_after(began: Duration, now: Duration) -> Duration {
    let looks = now.saturating_sub(began).as_nanos() / LOOK_EVERY.as_nanos() + 1;
    began + LOOK_EVERY * u32::try_from(looks).unwrap_or(u32::MAX)
}

/// Names one entry, also after its slot was used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    slot: u32,
    generation: u32,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    entry: Option<Entry>,
    /// The look already asked for.
    look_at: Option<Duration>,
}

#[derive(Default)]
pub(crate) struct InFlight {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl InFlight {
    pub(crate) fn insert(&mut self, entry: Entry) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        let place = &mut self.slots[slot as usize];
        place.entry = Some(entry);
        place.look_at = None;
        Key { slot, generation: place.generation }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Entry> {
        let slot = &self.slots[key.slot as usize];
        slot.entry.as_ref().filter(|_| slot.generation == key.generation)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Entry> {
        let slot = &mut self.slots[key.slot as usize];
        if slot.generation != key.generation {
            return None;
        }
        let entry = slot.entry.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.slot);
        Some(entry)
    }

    /// The looks that have become due because a switch was thrown: whom to look at, and when.
    pub(crate) fn looks(&mut self, registry: &Registry, now: Duration) -> Vec<(Key, Duration)> {
        let mut looks = Vec::new();
        for (number, slot) in self.slots.iter_mut().enumerate() {
            let Some(entry) = &slot.entry else { continue };
            let at = first_look_after(entry.began, now);
            if slot.look_at != Some(at) && entry.is_dead(registry) {
                slot.look_at = Some(at);
                looks.push((Key { slot: number as u32, generation: slot.generation }, at));
            }
        }
        looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_look(began_ms: u64, now_ms: u64) -> u64 {
        let next = first_look_after(Duration::from_millis(began_ms), Duration::from_millis(now_ms));
        next.as_millis() as u64
    }

    #[test]
    fn looks_are_taken_at_multiples_of_100_ms_after_the_beginning() {
        assert_eq!(next_look(7, 7), 107, "the first is after 100 ms, not at once");
        assert_eq!(next_look(7, 106), 107);
        assert_eq!(
            next_look(7, 107),
            207,
            "the look at this very moment was taken before the switch"
        );
        assert_eq!(next_look(7, 1_000_006), 1_000_007);
    }

    #[test]
    fn one_look_is_asked_for_however_many_switches_are_thrown() {
        let outcome = labrt_host::run(&labrt_host::RunConfig::virtual_time(1), || {
            let mut registry = Registry::default();
            let end = registry.add_end("a", "a", None).expect("a fresh name");
            let machine = labrt_host::Machine::new("m");
            let server = crate::Server::new(&machine, []).expect("no service");
            let (completer, _) = labrt_host::oneshot::oneshot();
            let mut in_flight = InFlight::default();
            in_flight.insert(Entry {
                completer,
                end,
                destination: registry.intern("nobody"),
                server: Arc::new(Installed::new(server)),
                began: Duration::ZERO,
            });
            let mut looks = |ms| in_flight.looks(&registry, Duration::from_millis(ms)).len();
            (looks(10), looks(20), looks(110))
        });
        assert_eq!(outcome.unwrap(), (1, 0, 1), "one for each moment");
    }
}
