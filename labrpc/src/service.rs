//! What a server registers with the network: named methods that take and give bytes.

use std::fmt;
use std::sync::Arc;

use crate::error::DispatchError;

type Dispatch = dyn Fn(&str, &[u8]) -> Result<Vec<u8>, DispatchError> + Send + Sync;

/// A server's methods under one name, callable with bytes.
///
/// Made by the `into_service` of a trait from [`service!`](crate::service!), out of an `Arc` of
/// whatever implements the trait; it keeps that value alive. Cloning is cheap and gives another
/// handle to the same value.
#[derive(Clone)]
pub struct Service {
    name: &'static str,
    methods: &'static [&'static str],
    dispatch: Arc<Dispatch>,
}

impl Service {
    /// For [`service!`](crate::service!).
    #[doc(hidden)]
    pub fn __new(
        name: &'static str,
        methods: &'static [&'static str],
        dispatch: impl Fn(&str, &[u8]) -> Result<Vec<u8>, DispatchError> + Send + Sync + 'static,
    ) -> Self {
        Self { name, methods, dispatch: Arc::new(dispatch) }
    }

    /// The name of the service: that of its trait.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The names of its methods, in the order of the trait.
    pub fn methods(&self) -> &'static [&'static str] {
        self.methods
    }

    /// Runs the handler of `method` with encoded arguments and gives its encoded reply. Takes as
    /// long as the handler takes. Handlers run at the same time if this is called at the same
    /// time; each gets arguments of its own.
    ///
    /// # Errors
    /// No such method, or bytes that are not its arguments: mistakes in the program, since
    /// clients are made from the same list of methods.
    pub fn dispatch(&self, method: &str, args: &[u8]) -> Result<Vec<u8>, DispatchError> {
        (self.dispatch)(method, args)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}
