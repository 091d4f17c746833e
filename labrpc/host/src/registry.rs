//! Who there is: ends, servers, and which end leads where. Names are looked up when something is
//! set, numbers when something is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::NetworkError;
use crate::server::Installed;

/// A [`labrt_host::Machine`], by number.
pub(crate) type MachineId = u32;

/// A name, shared.
pub(crate) type Name = Arc<str>;

/// A name that messages come from or go to: a server, or whoever uses an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartyId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EndId(u32);

struct Party {
    name: Name,
    server: Option<Arc<Installed>>,
    /// Whether a server ever stood here.
    served: bool,
}

pub(crate) struct End {
    pub(crate) name: Name,
    pub(crate) source: PartyId,
    pub(crate) destination: Option<PartyId>,
    pub(crate) enabled: bool,
    pub(crate) machine: Option<MachineId>,
    /// The machine it belongs to has crashed: what it sends goes nowhere.
    pub(crate) revoked: bool,
}

#[derive(Default)]
pub(crate) struct Registry {
    parties: Vec<Party>,
    party_by_name: BTreeMap<Name, PartyId>,
    ends: Vec<End>,
    end_by_name: BTreeMap<Name, EndId>,
    /// Servers that no name leads to any more, kept while a request may still use them: the last
    /// handle must not be dropped by a timer event, since student code may stand in a `Drop`.
    retired: Vec<Arc<Installed>>,
}

impl Registry {
    pub(crate) fn add_end(
        &mut self,
        name: &str,
        source: &str,
        machine: Option<MachineId>,
    ) -> Result<EndId, NetworkError> {
        if self.end_by_name.contains_key(name) {
            return Err(NetworkError::EndExists { name: name.to_owned() });
        }
        let id = EndId(self.ends.len() as u32);
        let name: Name = name.into();
        let source = self.intern(source);
        self.ends.push(End {
            name: name.clone(),
            source,
            destination: None,
            enabled: false,
            machine,
            revoked: false,
        });
        self.end_by_name.insert(name, id);
        Ok(id)
    }

    /// Forgets the name; calls on the end go on as on a disabled one.
    pub(crate) fn delete_end(&mut self, name: &str) -> Result<(), NetworkError> {
        let id = self.end(name)?;
        self.end_by_name.remove(name);
        let end = self.get_end_mut(id);
        (end.enabled, end.destination) = (false, None);
        Ok(())
    }

    pub(crate) fn end(&self, name: &str) -> Result<EndId, NetworkError> {
        self.end_by_name.get(name).copied().ok_or_else(|| NetworkError::UnknownEnd {
            name: name.to_owned(),
            known: self.end_by_name.keys().map(|name| name.to_string()).collect(),
        })
    }

    pub(crate) fn get_end(&self, id: EndId) -> &End {
        &self.ends[id.0 as usize]
    }

    pub(crate) fn get_end_mut(&mut self, id: EndId) -> &mut End {
        &mut self.ends[id.0 as usize]
    }

    /// The number of a name, given to it now if it has none.
    pub(crate) fn intern(&mut self, name: &str) -> PartyId {
        if let Some(&id) = self.party_by_name.get(name) {
            return id;
        }
        let id = PartyId(self.parties.len() as u32);
        let name: Name = name.into();
        self.parties.push(Party { name: name.clone(), server: None, served: false });
        self.party_by_name.insert(name, id);
        id
    }

    pub(crate) fn party(&self, name: &str) -> Result<PartyId, NetworkError> {
        self.party_by_name.get(name).copied().ok_or_else(|| NetworkError::UnknownParty {
            name: name.to_owned(),
            known: self.party_by_name.keys().map(|name| name.to_string()).collect(),
        })
    }

    pub(crate) fn name(&self, id: PartyId) -> &Name {
        &self.parties[id.0 as usize].name
    }

    /// The server that stands under a name now.
    pub(crate) fn server(&self, id: PartyId) -> Option<&Arc<Installed>> {
        self.parties[id.0 as usize].server.as_ref()
    }

    /// A name under which a server stands or once stood.
    pub(crate) fn server_name(&self, name: &str) -> Result<PartyId, NetworkError> {
        match self.party_by_name.get(name) {
            Some(&id) if self.parties[id.0 as usize].served => Ok(id),
            _ => Err(NetworkError::UnknownServer {
                name: name.to_owned(),
                known: self
                    .parties
                    .iter()
                    .filter(|party| party.served)
                    .map(|party| party.name.to_string())
                    .collect::<std::collections::BTreeSet<_>>()
                    .into_iter()
                    .collect(),
            }),
        }
    }

    /// Puts a server under a name, in place of the one before. One whose machine has crashed
    /// already is down from the start.
    pub(crate) fn install(&mut self, name: &str, server: Arc<Installed>) {
        let id = self.intern(name);
        let party = &mut self.parties[id.0 as usize];
        party.served = true;
        let (now, gone) =
            if server.is_revoked() { (None, Some(server)) } else { (Some(server), None) };
        let before = std::mem::replace(&mut party.server, now);
        self.retired.extend(before.into_iter().chain(gone));
    }

    pub(crate) fn remove(&mut self, id: PartyId) {
        let before = self.parties[id.0 as usize].server.take();
        self.retired.extend(before);
    }

    /// A machine has crashed: its ends send nothing more, and its servers are gone.
    pub(crate) fn revoke(&mut self, machine: MachineId) {
        for end in &mut self.ends {
            end.revoked |= end.machine == Some(machine);
        }
        for party in &mut self.parties {
            if party.server.as_ref().is_some_and(|server| server.machine.id() == machine) {
                self.retired.extend(party.server.take());
            }
        }
        for server in &self.retired {
            if server.machine.id() == machine {
                server.revoke();
            }
        }
    }

    /// Takes the retired servers that no request uses any more, for the caller to drop outside
    /// the lock.
    pub(crate) fn take_unused(&mut self) -> Vec<Arc<Installed>> {
        self.retired.extract_if(.., |server| Arc::strong_count(server) == 1).collect()
    }
}
