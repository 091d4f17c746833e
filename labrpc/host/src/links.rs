//! Faults beyond the classic network: latency, duplicates, and the settings of single links.

use crate::error::NetworkError;
use crate::faults::{Duplicates, LinkSettings};
use crate::latency::Delay;
use crate::network::Network;

/// # Latency, duplicates, links
///
/// A link leads from one name to another, one way: it carries the requests that the first sends
/// to the second and the replies that the first gives to the second. The name of an end is its
/// source ([`EndSpec::from`](crate::EndSpec::from)); a server's is the one under which it stands,
/// so a link survives the restart of what it joins.
impl Network {
    /// How long every message is on its way, requests and replies alike, in addition to what the
    /// classic switches add. At first [`Delay::NONE`]. Messages of one link can overtake each
    /// other.
    pub fn set_latency(&self, latency: Delay) {
        self.set(|state| state.faults.latency = latency);
    }

    /// Whether requests arrive twice. At first none do.
    pub fn set_duplicates(&self, duplicates: Option<Duplicates>) {
        self.set(|state| state.faults.duplicates = duplicates);
    }

    /// What is set for the link from `source` to `destination`.
    ///
    /// # Errors
    /// [`NetworkError::UnknownParty`] if one of them was never heard of.
    pub fn link(&self, source: &str, destination: &str) -> Result<LinkSettings, NetworkError> {
        let state = self.shared.state.lock();
        let (source, destination) =
            (state.registry.party(source)?, state.registry.party(destination)?);
        Ok(state.faults.link(source, destination))
    }

    /// Replaces what is set for the link from `source` to `destination`. Calls made before keep
    /// what was drawn for them, except that a reply does not leave over a link that is cut.
    ///
    /// # Errors
    /// [`NetworkError::UnknownParty`] if one of them was never heard of.
    pub fn set_link(
        &self,
        source: &str,
        destination: &str,
        settings: LinkSettings,
    ) -> Result<(), NetworkError> {
        self.change_link(source, destination, |link| *link = settings)
    }

    /// Stops everything that goes from `source` to `destination`; the other way stays open. So
    /// requests that way reach nobody, and requests the other way are handled and never answered.
    ///
    /// # Errors
    /// [`NetworkError::UnknownParty`] if one of them was never heard of.
    pub fn cut(&self, source: &str, destination: &str) -> Result<(), NetworkError> {
        self.change_link(source, destination, |link| link.cut = true)
    }

    /// Takes a [`cut`](Self::cut) back.
    ///
    /// # Errors
    /// [`NetworkError::UnknownParty`] if one of them was never heard of.
    pub fn mend(&self, source: &str, destination: &str) -> Result<(), NetworkError> {
        self.change_link(source, destination, |link| link.cut = false)
    }

    /// Takes back everything that was set for single links.
    pub fn mend_all(&self) {
        self.set(|state| state.faults.clear_links());
    }

    fn change_link(
        &self,
        source: &str,
        destination: &str,
        change: impl FnOnce(&mut LinkSettings),
    ) -> Result<(), NetworkError> {
        self.set(|state| {
            let (source, destination) =
                (state.registry.party(source)?, state.registry.party(destination)?);
            let mut settings = state.faults.link(source, destination);
            change(&mut settings);
            state.faults.set_link(source, destination, settings);
            Ok(())
        })
    }
}
