//! What a host can do wrong with a network.

/// A misuse of the network. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// An end of this name exists already.
    #[error(
        "an end named `{name}` exists already: each incarnation of a server needs ends with fresh names"
    )]
    EndExists {
        /// The name.
        name: String,
    },
    /// No end has this name.
    #[error("no end is named `{name}`; {}", choices("ends", .known))]
    UnknownEnd {
        /// The name asked for.
        name: String,
        /// The ends there are, sorted.
        known: Vec<String>,
    },
    /// No server was ever added under this name.
    #[error("no server named `{name}` was ever added; {}", choices("servers", .known))]
    UnknownServer {
        /// The name asked for.
        name: String,
        /// The servers there are or were, sorted.
        known: Vec<String>,
    },
    /// Neither an end nor a server goes by this name, so no link begins or ends there.
    #[error("no link begins or ends at `{name}`; {}", choices("names", .known))]
    UnknownParty {
        /// The name asked for.
        name: String,
        /// The names that ends and servers go by, sorted.
        known: Vec<String>,
    },
    /// Two services of one server have the same name.
    #[error("a server cannot have two services named `{service}`")]
    ServiceTwice {
        /// The name.
        service: &'static str,
    },
}

/// Why a hold could not do as told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// The message is not held: it never was, or was released or dropped before.
    #[error("no message of call {call} is held here")]
    NotHeld {
        /// The call asked for.
        call: u64,
    },
    /// The messages waited for did not come in time.
    #[error("{held} of {wanted} messages were held within {limit:?}")]
    TooFew {
        /// How many were held when the time was up.
        held: usize,
        /// How many were waited for.
        wanted: usize,
        /// The time limit.
        limit: std::time::Duration,
    },
}

/// At most eight of the names: enough to see a slip of the pen.
fn choices(what: &str, known: &[String]) -> String {
    if known.is_empty() {
        return format!("there are no {what} yet");
    }
    let shown: Vec<_> = known.iter().take(8).map(|name| format!("`{name}`")).collect();
    let more = known.len() - shown.len();
    let rest = if 0 < more { format!(" and {more} more") } else { String::new() };
    format!("there are the {what} {}{rest}", shown.join(", "))
}
