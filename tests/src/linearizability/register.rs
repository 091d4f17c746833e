//! A single register with read, write and compare-and-set.

use super::model::Model;

/// What is asked of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterInput {
    /// Reads it.
    Read,
    /// Writes it.
    Write(i64),
    /// Writes `new` if it holds `expected`.
    CompareAndSet {
        /// What it must hold.
        expected: i64,
        /// What it then holds.
        new: i64,
    },
}

/// What a register answers. A write has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOutput {
    /// To a read: what it holds, or `None` if nobody has written it.
    Value(Option<i64>),
    /// To a compare-and-set: whether it was written.
    Written(bool),
}

/// The model of one register, that all operations touch.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegisterModel;

impl Model for RegisterModel {
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type Key = &'static str;
    type State = Option<i64>;
    type Step = (RegisterInput, Option<RegisterOutput>);

    fn key(&self, _input: &RegisterInput) -> &'static str {
        "register"
    }

    fn initial(&self) -> Option<i64> {
        None
    }

    fn prepare(&self, input: &RegisterInput, output: Option<&RegisterOutput>) -> Self::Step {
        (*input, output.copied())
    }

    fn is_read(&self, step: &Self::Step) -> bool {
        matches!(
            step,
            (RegisterInput::Read, _)
                | (RegisterInput::CompareAndSet { .. }, Some(RegisterOutput::Written(false)))
        )
    }

    fn apply(&self, state: &Option<i64>, (input, output): &Self::Step) -> Option<Option<i64>> {
        let (after, answer) = match *input {
            RegisterInput::Read => (*state, Some(RegisterOutput::Value(*state))),
            RegisterInput::Write(value) => (Some(value), None),
            RegisterInput::CompareAndSet { expected, new } => {
                let written = *state == Some(expected);
                let after = if written { Some(new) } else { *state };
                (after, Some(RegisterOutput::Written(written)))
            }
        };
        (output.is_none() || answer.is_none() || *output == answer).then_some(after)
    }

    fn describe(&self, input: &RegisterInput, output: Option<&RegisterOutput>) -> String {
        let asked = match input {
            RegisterInput::Read => "read".to_owned(),
            RegisterInput::Write(value) => format!("write {value}"),
            RegisterInput::CompareAndSet { expected, new } => {
                format!("compare-and-set {expected} {new}")
            }
        };
        match output {
            Some(RegisterOutput::Value(value)) => format!("{asked} -> {}", shown(*value)),
            Some(RegisterOutput::Written(true)) => format!("{asked} -> written"),
            Some(RegisterOutput::Written(false)) => format!("{asked} -> not written"),
            None => asked,
        }
    }

    fn value_after(&self, inputs: &[&RegisterInput]) -> String {
        shown(inputs.iter().fold(self.initial(), |state, input| {
            self.apply(&state, &(**input, None)).unwrap_or(state)
        }))
    }

    fn value_read(
        &self,
        _input: &RegisterInput,
        output: Option<&RegisterOutput>,
    ) -> Option<String> {
        match output {
            Some(RegisterOutput::Value(value)) => Some(shown(*value)),
            _ => None,
        }
    }
}

fn shown(value: Option<i64>) -> String {
    value.map_or("nothing".to_owned(), |value| value.to_string())
}
