//! What stands under a name in the network: services, and the machine their handlers run on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use labrpc::{MethodName, Service};
use labrt_host::Machine;

use crate::error::NetworkError;

/// One incarnation of a server: its services, the machine that their handlers run on, and how
/// many requests were dispatched to it.
#[derive(Debug)]
pub struct Server {
    machine: Machine,
    services: Vec<Service>,
}

impl Server {
    /// A server whose handlers run on `machine`, each request in a lab thread of its own.
    ///
    /// # Errors
    /// [`NetworkError::ServiceTwice`] if two services have the same name.
    pub fn new(
        machine: &Machine,
        services: impl IntoIterator<Item = Service>,
    ) -> Result<Self, NetworkError> {
        let services: Vec<Service> = services.into_iter().collect();
        for (i, service) in services.iter().enumerate() {
            if services[..i].iter().any(|other| other.name() == service.name()) {
                return Err(NetworkError::ServiceTwice { service: service.name() });
            }
        }
        Ok(Self { machine: machine.clone(), services })
    }

    /// The machine that its handlers run on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }
}

/// A server that was added to a network. Two of them are the same only if they are the same object: a
/// restarted server is another one under the same name.
pub(crate) struct Installed {
    pub(crate) machine: Machine,
    services: Vec<Service>,
    dispatched: AtomicU64,
    /// Set by the crash of the machine, before anything on it unwinds.
    revoked: AtomicBool,
}

impl Installed {
    pub(crate) fn new(server: Server) -> Self {
        let revoked = AtomicBool::new(server.machine.is_crashed());
        Self {
            machine: server.machine,
            services: server.services,
            dispatched: AtomicU64::new(0),
            revoked,
        }
    }

    pub(crate) fn service(&self, method: MethodName) -> Option<&Service> {
        self.services.iter().find(|service| service.name() == method.service)
    }

    pub(crate) fn offers(&self, method: MethodName) -> bool {
        self.service(method).is_some_and(|service| service.methods().contains(&method.method))
    }

    /// What the server offers, for messages: one line a service.
    pub(crate) fn offer(&self) -> String {
        let lines: Vec<_> = self
            .services
            .iter()
            .map(|service| format!("`{}` with {}", service.name(), service.methods().join(", ")))
            .collect();
        if lines.is_empty() { "no service at all".to_owned() } else { lines.join("; ") }
    }

    pub(crate) fn count(&self) {
        self.dispatched.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dispatched(&self) -> u64 {
        self.dispatched.load(Ordering::Relaxed)
    }

    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::SeqCst)
    }
}
