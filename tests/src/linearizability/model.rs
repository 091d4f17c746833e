//! What a service does, told as a state and a step.

use std::fmt::Display;
use std::hash::Hash;

/// A service as one copy would behave that does one operation at a time.
///
/// The search tries operations in millions of orders. So `prepare` is called once for each
/// operation and turns it into whatever makes `apply` cheap, and states should be small: hashes
/// and lengths in the place of long strings.
pub trait Model {
    /// What is asked.
    type Input;
    /// What is answered.
    type Output;
    /// The part of the service that an operation touches. Operations on different keys must not
    /// see each other: each key's are then judged apart, which is what makes long histories
    /// possible (P-compositionality).
    type Key: Ord + Display;
    /// The state of one key.
    type State: Clone + Eq + Hash;
    /// An operation, prepared.
    type Step;

    /// The key that an operation touches.
    fn key(&self, input: &Self::Input) -> Self::Key;

    /// The state of a key that nobody has written.
    fn initial(&self) -> Self::State;

    /// Prepares an operation. An output of `None` means that any answer is accepted.
    fn prepare(&self, input: &Self::Input, output: Option<&Self::Output>) -> Self::Step;

    /// Prepares all operations of a key, in the order in which they were called. For models that
    /// learn something from one for the next.
    fn prepare_all<'a>(
        &self,
        operations: impl Iterator<Item = (&'a Self::Input, Option<&'a Self::Output>)>,
    ) -> Vec<Self::Step>
    where
        Self::Input: 'a,
        Self::Output: 'a,
    {
        operations.map(|(input, output)| self.prepare(input, output)).collect()
    }

    /// Whether the operation, with this answer, leaves every state as it was. The search does
    /// such an operation as soon as it can, and never takes that back.
    fn is_read(&self, step: &Self::Step) -> bool;

    /// The state after the operation, or `None` if in this state it would not have been answered
    /// what it was.
    fn apply(&self, state: &Self::State, step: &Self::Step) -> Option<Self::State>;

    /// Whether the search may look ahead to this operation: it is a read, and
    /// [`keeps_to`](Self::keeps_to) and [`starts`](Self::starts) can tell from what it was
    /// answered which others come before it. Only for models of which every operation that is no
    /// read is possible in every state.
    fn is_awaited(&self, _step: &Self::Step) -> bool {
        false
    }

    /// Whether a read that comes later may be answered so, if `input` is done in this state and
    /// nothing that [`starts`](Self::starts) the answer comes between. `true` is always right;
    /// `false` saves the search a dead end.
    fn keeps_to(&self, _state: &Self::State, _input: &Self::Input, _answer: &Self::Output) -> bool {
        true
    }

    /// Whether a read that comes later may be answered so, once `input` was done, whatever the
    /// state before it was. `true` is always right.
    fn starts(&self, _input: &Self::Input, _answer: &Self::Output) -> bool {
        true
    }

    /// The operation in a few words, for people: `append "a"`. What was read belongs to it.
    fn describe(&self, input: &Self::Input, output: Option<&Self::Output>) -> String;

    /// What a read would answer after these operations, for people.
    fn value_after(&self, inputs: &[&Self::Input]) -> String;

    /// What was read, in the form of [`value_after`](Self::value_after); `None` if nothing was.
    fn value_read(&self, input: &Self::Input, output: Option<&Self::Output>) -> Option<String>;
}
