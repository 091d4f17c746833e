//! The network as its host holds it: who there is, and the switches.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use labrpc::{ClientEnd, MethodName, Place, Transport};
use labrt_host::oneshot::oneshot;
use labrt_host::{Machine, Operation};

use crate::error::NetworkError;
use crate::hold::Hold;
use crate::message::Message;
use crate::registry::{EndId, MachineId};
use crate::server::{Installed, Server};
use crate::shared::{Shared, State};
use crate::tap::Tap;

/// A network inside one run: ends, servers, and everything that can happen between them.
///
/// A handle; cloning gives another one to the same network. The network ends with its last
/// handle: ends do not keep it alive, and calls on them get no reply from then on.
///
/// Fresh, it is reliable and adds no delay at all. Every random choice comes from the run's
/// stream `network`, in the order of the calls.
///
/// Its methods do not wait and may be called from any lab thread, and from events.
#[derive(Clone)]
pub struct Network {
    pub(crate) shared: Arc<Shared>,
}

/// What [`Network::make_end`] makes: a name, and whose end it is.
///
/// ```no_run
/// # let machine = labrt_host::Machine::new("server 0");
/// # let network = labrpc_host::Network::new();
/// use labrpc_host::EndSpec;
/// network.make_end("client 3 -> server 0")?;
/// network.make_end(EndSpec::new("server 0 -> server 1, life 2").on(&machine))?;
/// # Ok::<(), labrpc_host::NetworkError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EndSpec {
    name: String,
    source: Option<String>,
    machine: Option<Machine>,
}

impl EndSpec {
    /// An end of this name. Messages from it bear the same name as their sender.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), source: None, machine: None }
    }

    /// Messages from it bear this name as their sender, and its links begin there: usually the
    /// name under which the server that uses it stands.
    pub fn from(self, source: impl Into<String>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// It belongs to `machine`: when that crashes, nothing leaves it any more. Unless
    /// [`from`](Self::from) says otherwise, its source is the machine's name.
    pub fn on(self, machine: &Machine) -> Self {
        Self { machine: Some(machine.clone()), ..self }
    }
}

impl<S: Into<String>> From<S> for EndSpec {
    fn from(name: S) -> Self {
        Self::new(name)
    }
}

impl Network {
    /// A network without ends and servers.
    ///
    /// # Panics
    /// Outside a run.
    #[allow(clippy::new_without_default)] // It needs a run.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared::new()) }
    }

    /// Makes a sending end, disabled and not connected.
    ///
    /// # Errors
    /// [`NetworkError::EndExists`] if the name is taken.
    pub fn make_end(&self, end: impl Into<EndSpec>) -> Result<ClientEnd, NetworkError> {
        let EndSpec { name, source, machine } = end.into();
        let source = source.or_else(|| machine.as_ref().map(Machine::name));
        let source = source.as_deref().unwrap_or(&name);
        let id = self.shared.switch(|state| {
            state.registry.add_end(&name, source, machine.as_ref().map(Machine::id))
        })?;
        if let Some(machine) = machine {
            self.revoke_at_crash(&machine);
        }
        self.drop_unused();
        Ok(ClientEnd::new(Arc::new(End { network: Arc::downgrade(&self.shared), id })))
    }

    /// Forgets an end. Calls on it go on as on a disabled one; the name can be used again.
    ///
    /// # Errors
    /// [`NetworkError::UnknownEnd`].
    pub fn delete_end(&self, end: &str) -> Result<(), NetworkError> {
        self.shared.switch(|state| state.registry.delete_end(end))
    }

    /// Sets the server that an end leads to. It need not be there yet.
    ///
    /// # Errors
    /// [`NetworkError::UnknownEnd`].
    pub fn connect(&self, end: &str, server: &str) -> Result<(), NetworkError> {
        self.shared.switch(|state| {
            let id = state.registry.end(end)?;
            let destination = state.registry.intern(server);
            state.registry.get_end_mut(id).destination = Some(destination);
            Ok(())
        })
    }

    /// Turns an end on or off. A call made on a disabled end gets no reply, and enabling it
    /// later does not rescue the call. A call whose handler is running when its end is disabled
    /// loses its reply: the caller hears at the next multiple of 100 ms after the handler began,
    /// if the end is disabled then, and otherwise when the handler returns, if it is then.
    ///
    /// # Errors
    /// [`NetworkError::UnknownEnd`].
    pub fn enable(&self, end: &str, enabled: bool) -> Result<(), NetworkError> {
        self.shared.switch(|state| {
            let id = state.registry.end(end)?;
            state.registry.get_end_mut(id).enabled = enabled;
            Ok(())
        })
    }

    /// Puts a server under a name, in place of the one before. Calls that the earlier one is
    /// handling lose their replies, as with [`enable`](Self::enable). When the machine crashes,
    /// the server is gone as by [`delete_server`](Self::delete_server), before anything on the
    /// machine unwinds; with a machine that has crashed already, it is gone from the start.
    pub fn add_server(&self, name: &str, server: Server) {
        let machine = server.machine().clone();
        let installed = Arc::new(Installed::new(server));
        self.shared.switch(|state| state.registry.install(name, installed));
        self.revoke_at_crash(&machine);
        self.drop_unused();
    }

    /// Takes the server away from a name. Calls to the name reach nobody until another one is
    /// added; calls that it is handling lose their replies, as with [`enable`](Self::enable).
    ///
    /// # Errors
    /// [`NetworkError::UnknownServer`] if no server ever stood there. It may be gone already.
    pub fn delete_server(&self, name: &str) -> Result<(), NetworkError> {
        self.shared.switch(|state| {
            let id = state.registry.server_name(name)?;
            state.registry.remove(id);
            Ok(())
        })?;
        self.drop_unused();
        Ok(())
    }

    /// How many requests were dispatched to the server that stands under a name now. Lost
    /// requests and those on disabled ends do not count; duplicates do. 0 if it is gone.
    ///
    /// # Errors
    /// [`NetworkError::UnknownServer`] if no server ever stood there.
    pub fn server_count(&self, name: &str) -> Result<u64, NetworkError> {
        let state = self.shared.state.lock();
        let id = state.registry.server_name(name)?;
        Ok(state.registry.server(id).map_or(0, |server| server.dispatched()))
    }

    /// How many calls were made so far, whatever became of them.
    pub fn total_count(&self) -> u64 {
        self.shared.counts.calls()
    }

    /// How many bytes of encoded arguments were sent and of encoded replies were delivered so
    /// far. Arguments count for every call; a reply counts when it arrives.
    pub fn total_bytes(&self) -> u64 {
        self.shared.counts.bytes()
    }

    /// Ends the network: calls made from now on get no reply, at once. Requests already under
    /// way are still handled and answered.
    pub fn cleanup(&self) {
        self.shared.state.lock().cleaned_up = true;
    }

    /// Whether requests wait up to 26 ms, and a tenth of the requests and then a tenth of the
    /// replies are lost: with `false` they do. A call keeps what was set when it was made, here
    /// and with the other switches.
    pub fn set_reliable(&self, reliable: bool) {
        self.set(|state| state.faults.reliable = reliable);
    }

    /// Whether the network is reliable.
    pub fn is_reliable(&self) -> bool {
        self.shared.state.lock().faults.reliable
    }

    /// Whether a call that reaches nobody fails after up to 7 s instead of up to 100 ms.
    pub fn set_long_delays(&self, long_delays: bool) {
        self.set(|state| state.faults.long_delays = long_delays);
    }

    /// Whether long delays are on.
    pub fn is_long_delays(&self) -> bool {
        self.shared.state.lock().faults.long_delays
    }

    /// Whether two thirds of the replies arrive 200 to 2199 ms late, most of them in the earlier
    /// half of that. Requests are not delayed by this.
    pub fn set_long_reordering(&self, long_reordering: bool) {
        self.set(|state| state.faults.long_reordering = long_reordering);
    }

    /// Whether long reordering is on.
    pub fn is_long_reordering(&self) -> bool {
        self.shared.state.lock().faults.long_reordering
    }

    /// What a machine has sent before it crashed, and what is still under way then: `false`, as
    /// it is at first, loses it with the machine. With `true` it arrives, as from a real wire.
    /// What a [hold](Self::hold) releases arrives in any case.
    pub fn set_crashed_traffic_arrives(&self, arrives: bool) {
        self.shared.crashed_traffic_arrives.store(arrives, Ordering::Relaxed);
    }

    /// Shows every message from now on to `tap`, for the rest of the network's life.
    pub fn tap(&self, tap: impl Tap + 'static) {
        self.shared.watch.add_tap(Arc::new(tap));
    }

    /// Holds back every message from now on that `predicate` wants. Requests that reach nobody
    /// are not asked about, nor are duplicates.
    ///
    /// The predicate runs on whatever thread moves the message; it must not wait, must not use
    /// labrt, and must not use the network.
    ///
    /// ```no_run
    /// # let network = labrpc_host::Network::new();
    /// use labrpc_host::Direction;
    /// use std::time::Duration;
    /// let votes = network.hold(|message| {
    ///     message.direction() == Direction::Reply && message.field("vote_granted").is_some()
    /// });
    /// let held = votes.wait(1, Duration::from_secs(5))?;
    /// votes.release(held[0].call())?;
    /// # Ok::<(), labrpc_host::HoldError>(())
    /// ```
    #[must_use = "dropping the hold ends it"]
    pub fn hold(&self, predicate: impl Fn(&Message<'_>) -> bool + Send + Sync + 'static) -> Hold {
        Hold::new(&self.shared, Box::new(predicate))
    }

    /// Makes a call on an end with encoded arguments, and waits for the encoded reply: how the
    /// host sends again what it has seen, or what it has made up. `None` if no reply came. On a
    /// lab thread only.
    ///
    /// # Errors
    /// [`NetworkError::UnknownEnd`].
    #[track_caller]
    pub fn call(
        &self,
        end: &str,
        method: MethodName,
        request: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, NetworkError> {
        let id = self.shared.state.lock().registry.end(end)?;
        let place = Location::caller();
        let (completer, completion) = oneshot();
        self.shared.send(id, method, request, completer, place);
        Ok(completion.wait(Operation::Rpc, place))
    }

    /// Changes what only calls made later can feel.
    pub(crate) fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.shared.state.lock())
    }

    fn revoke_at_crash(&self, machine: &Machine) {
        let id = machine.id();
        let new = self.set(|state| {
            let new = !state.hooked.contains(&id);
            if new {
                state.hooked.push(id);
            }
            new
        });
        if new {
            let network = Arc::downgrade(&self.shared);
            machine.on_crash(move || revoke(&network, id));
        }
    }

    fn drop_unused(&self) {
        // Outside the lock, since a `Drop` of a submission may use the network; and by the machine,
        // since nobody alive may see one of a crashed server.
        for server in self.set(|state| state.registry.take_unused()) {
            let machine = server.machine.clone();
            machine.discard(server);
        }
    }
}

/// A machine has crashed: nothing that it has on the network has an effect any more.
fn revoke(network: &Weak<Shared>, machine: MachineId) {
    if let Some(shared) = network.upgrade() {
        shared.switch(|state| state.registry.revoke(machine));
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("total_count", &self.total_count())
            .field("total_bytes", &self.total_bytes())
            .finish_non_exhaustive()
    }
}

/// What a `ClientEnd` of this network stands on.
struct End {
    /// Weak, since servers hold ends, and the network holds servers.
    network: Weak<Shared>,
    id: EndId,
}

impl Transport for End {
    fn call(&self, method: MethodName, args: Vec<u8>, place: Place) -> Option<Vec<u8>> {
        let network = self.network.upgrade()?;
        let (completer, completion) = oneshot();
        network.send(self.id, method, args, completer, place);
        drop(network);
        completion.wait(Operation::Rpc, place)
    }
}
