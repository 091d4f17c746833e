//! What clients did, and when.

use std::time::Duration;

/// One operation of one client, as the client saw it.
#[derive(Clone, Debug)]
pub struct Operation<I, O> {
    /// Who made it; only shown, never judged: one client may have several under way at once.
    pub client: usize,
    /// When it was called.
    pub call: Duration,
    /// When it returned. `None`: it never did; it may have taken effect at any time after
    /// its call, or not at all.
    pub returned: Option<Duration>,
    /// What was asked.
    pub input: I,
    /// What was answered. `None`: nothing that could be judged, any answer is accepted.
    /// What stands here is not looked at if the operation never returned.
    pub output: Option<O>,
}

impl<I, O> Operation<I, O> {
    /// The answer, if the operation returned with one.
    pub(super) fn answer(&self) -> Option<&O> {
        self.returned.and(self.output.as_ref())
    }
}

/// Operations of any number of clients, in any order.
///
/// An operation precedes another if it returned at an earlier time than the other was called.
/// Two that touch at one moment count as concurrent: their order is not known. [`Recorder`]
/// therefore gives every call and every return a time of its own.
///
/// [`Recorder`]: super::Recorder
#[derive(Clone, Debug)]
pub struct History<I, O> {
    operations: Vec<Operation<I, O>>,
}

impl<I, O> History<I, O> {
    /// A history without operations.
    pub fn new() -> Self {
        Self { operations: Vec::new() }
    }

    /// Adds an operation.
    ///
    /// # Panics
    /// If it returned before it was called.
    pub fn push(&mut self, operation: Operation<I, O>) {
        if let Some(returned) = operation.returned {
            assert!(
                operation.call <= returned,
                "an operation of client {} was called at {:?} and returned at {returned:?}; give \
                 both times from one clock",
                operation.client,
                operation.call
            );
        }
        self.operations.push(operation);
    }

    /// The operations, in the order in which they were added.
    pub fn operations(&self) -> &[Operation<I, O>] {
        &self.operations
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

impl<I, O> Default for History<I, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, O> FromIterator<Operation<I, O>> for History<I, O> {
    fn from_iter<T: IntoIterator<Item = Operation<I, O>>>(operations: T) -> Self {
        let mut history = Self::new();
        for operation in operations {
            history.push(operation);
        }
        history
    }
}
