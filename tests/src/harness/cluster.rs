//! The servers of a cluster, whatever they serve: their lives, their links, and chance.

use std::sync::Arc;

use labapi::{Persister, State};
use labrpc::ClientEnd;
use labrpc_host::{Delay, Network};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Clock, Stalls, clock, now, random};
use parking_lot::Mutex;
use rand::RngExt;
use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::rngs::ChaCha8Rng;

use super::claims::Claims;
use super::referee::{LastSeen, Referee, Standing};
use super::server::{Life, Made, Place, end_name};
use crate::check::wire::{Checkers, Snapshots};

/// What the network between the servers is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    /// No message is lost; each arrives as soon as the machine, or the model of one, allows.
    Reliable,
    /// Requests wait up to 26 ms; a tenth of the requests and a tenth of the replies are lost.
    Unreliable,
}

/// The servers of a test, each an `S`, and what only clusters of this kind have. A handle: clones
/// are the same cluster.
pub(crate) struct ClusterOf<S: ?Sized, K> {
    pub(super) shared: Arc<Shared<S, K>>,
}

impl<S: ?Sized, K> Clone for ClusterOf<S, K> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

pub(super) struct Shared<S: ?Sized, K> {
    pub(super) kind: K,
    pub(super) checkers: Checkers,
    pub(super) referee: Arc<Referee>,
    network: Network,
    claims: Claims,
    random: Mutex<ChaCha8Rng>,
    slots: Mutex<Vec<Slot<S>>>,
}

/// Where a server stands, in whatever life.
struct Slot<S: ?Sized> {
    life: Option<Arc<Life<S>>>,
    /// The number of the present life, or of the last one; the first is 1.
    lives: u32,
    /// What the last life left, while there is no present one.
    saved: Persister,
}

impl<S: ?Sized> Slot<S> {
    fn empty() -> Self {
        Self { life: None, lives: 0, saved: Persister::default() }
    }
}

/// A network in which messages take `latency` under the virtual clock. The real clock needs no
/// such model: there, threads take their time.
pub(super) fn network(net: Net, latency: Delay) -> Network {
    let network = Network::new();
    network.set_reliable(net == Net::Reliable);
    if clock() == Some(Clock::Virtual) {
        network.set_latency(latency);
    }
    network
}

impl<S: ?Sized + Send + Sync + 'static, K> ClusterOf<S, K> {
    /// So many servers, none of which has begun its first life.
    pub(super) fn of(
        kind: K,
        servers: usize,
        network: Network,
        snapshots: Snapshots,
        referee: Arc<Referee>,
    ) -> Self {
        referee.note(|notes| notes.servers = vec![LastSeen::default(); servers]);
        let checkers = Checkers::attach(&network, servers, snapshots, referee.clone());
        referee.ask_checkers(&checkers);
        let (claims, random) = (Claims::default(), Mutex::new(random::stream("scenario")));
        let slots = Mutex::new((0..servers).map(|_| Slot::empty()).collect());
        let shared = Shared { kind, checkers, referee, network, claims, random, slots };
        Self { shared: Arc::new(shared) }
    }

    /// How many servers there are, whatever became of them.
    pub(crate) fn len(&self) -> usize {
        self.shared.slots.lock().len()
    }

    /// The numbers of all servers.
    pub(crate) fn all(&self) -> std::ops::Range<usize> {
        0..self.len()
    }

    /// All of them, in a list.
    pub(crate) fn everyone(&self) -> Vec<usize> {
        self.all().collect()
    }

    pub(crate) fn network(&self) -> &Network {
        &self.shared.network
    }

    pub(crate) fn referee(&self) -> &Referee {
        &self.shared.referee
    }

    /// What happens from now on is not judged.
    pub(crate) fn close_checkers(&self) {
        self.shared.checkers.close();
    }

    /// `server` said this of itself.
    pub(super) fn observe(&self, server: usize, state: State) {
        self.shared.claims.observe(self.referee(), server, state);
    }

    /// Ends the threads of `server`, which is cut off, at once, and keeps what it has saved. Does
    /// nothing to one that is down.
    pub(super) fn end_life(&self, server: usize) {
        let (life, number) = {
            let slot = &mut self.shared.slots.lock()[server];
            (slot.life.take(), slot.lives)
        };
        let Some(life) = life else { return };
        let saved = life.crash();
        self.shared.slots.lock()[server].saved = saved;
        for to in self.all() {
            self.expect(self.network().delete_end(&end_name(server, to, number)));
        }
        self.referee().see(server, |seen| seen.standing = Standing::Crashed);
    }

    /// Starts `server`, which is down, from what its last life saved; it is not connected.
    /// `prepare` is told the number of the new life and what it begins with, and gives what makes
    /// the server on its machine.
    pub(super) fn begin_life<M>(&self, server: usize, prepare: impl FnOnce(u32, &Persister) -> M)
    where
        M: FnOnce(Vec<ClientEnd>, Arc<Persister>) -> Made<S> + Send + 'static,
    {
        let (saved, life) = {
            let slot = &mut self.shared.slots.lock()[server];
            slot.lives += 1;
            (slot.saved.copy(), slot.lives)
        };
        self.referee().see(server, |seen| {
            *seen = LastSeen { standing: Standing::CutOff, ..LastSeen::default() };
        });
        let make = prepare(life, &saved);
        let place = Place { me: server, servers: self.len(), life };
        let looks = self.shared.referee.looks().clone();
        let life = Life::begin(place, self.network(), &self.shared.checkers, saved, looks, make);
        self.shared.slots.lock()[server].life = Some(Arc::new(life));
    }

    /// The present life of `server`.
    pub(super) fn life(&self, server: usize) -> Option<Arc<Life<S>>> {
        self.shared.slots.lock()[server].life.clone()
    }

    pub(crate) fn is_up(&self, server: usize) -> bool {
        self.shared.slots.lock()[server].life.is_some()
    }

    /// Enables or disables all ends between two groups, both ways.
    pub(super) fn link(&self, group: &[usize], others: &[usize], enabled: bool) {
        for &one in group {
            for &other in others {
                self.enable(one, other, enabled);
                self.enable(other, one, enabled);
            }
        }
    }

    fn enable(&self, from: usize, to: usize, enabled: bool) {
        let life = {
            let slot = &self.shared.slots.lock()[from];
            slot.life.is_some().then_some(slot.lives)
        };
        if let Some(life) = life {
            self.expect(self.network().enable(&end_name(from, to, life), enabled));
        }
    }

    /// A misuse of the network by the harness is a mistake of the harness.
    pub(super) fn expect<T>(&self, result: Result<T, labrpc_host::NetworkError>) -> T {
        result.unwrap_or_else(|error| panic!("the harness misused the network: {error}"))
    }

    /// Has every server that is up do this, one after the other.
    pub(super) fn tell_all(&self, what: &'static str, order: fn(&S)) {
        for life in self.all().filter_map(|server| self.life(server)) {
            life.ask(what, order);
        }
    }

    /// The largest size, in bytes, of what any server has saved, crashed ones included; with the
    /// server.
    pub(crate) fn saved_bytes_max(&self, of: impl Fn(&Persister) -> usize) -> (usize, usize) {
        let slots = self.shared.slots.lock();
        let sizes = slots.iter().map(|slot| match &slot.life {
            Some(life) => of(life.persister()),
            None => of(&slot.saved),
        });
        sizes.enumerate().map(|(server, bytes)| (bytes, server)).max().unwrap_or_default()
    }

    /// The threads of `server` are stalled from now on, in its present life, or no more. Virtual
    /// clock only: under the real one nothing happens.
    pub(crate) fn stall(&self, server: usize, stalls: Option<Stalls>) {
        if let Some(life) = self.life(server) {
            life.machine().stall(stalls);
        }
    }

    /// The same, for all servers.
    pub(crate) fn stall_all(&self, stalls: Option<Stalls>) {
        self.all().for_each(|server| self.stall(server, stalls));
    }

    /// Lets the cluster go on alone.
    pub(crate) fn sleep_ms(&self, millis: u64) {
        let due = now() + Duration::from_millis(millis);
        thread::sleep(Duration::from_millis(millis));
        self.shared.referee.looks().waited(due, now());
    }

    /// A number of `range`, which the seed decides.
    pub(crate) fn random<T: SampleUniform>(&self, range: impl SampleRange<T>) -> T {
        self.with_random(|random| random.random_range(range))
    }

    /// Draws from what the seed decides.
    pub(crate) fn with_random<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.shared.random.lock())
    }

    /// Whether something happens that does so `of_1000` times in a thousand.
    pub(crate) fn chance(&self, of_1000: u32) -> bool {
        self.random(0..1000) < of_1000
    }
}
