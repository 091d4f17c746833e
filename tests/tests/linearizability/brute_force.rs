//! Linearizability by its definition: every order of every choice of operations is tried.

use lab_tests::linearizability::{KvInput, Operation, RegisterInput, RegisterOutput};

pub(crate) type KvOperation = Operation<KvInput, String>;
pub(crate) type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/// One copy of a service: does an operation, and says whether it answers what was answered.
pub(crate) trait OneCopy<I, O>: Clone {
    fn does(&mut self, input: &I, output: Option<&O>) -> bool;
}

/// All keys at once, so that taking them one by one is tested too.
#[derive(Clone, Default)]
pub(crate) struct Kv(std::collections::BTreeMap<String, String>);

impl OneCopy<KvInput, String> for Kv {
    fn does(&mut self, input: &KvInput, output: Option<&String>) -> bool {
        match input {
            KvInput::Get { key } => {
                let value = self.0.get(key).cloned().unwrap_or_default();
                output.is_none_or(|output| *output == value)
            }
            KvInput::Put { key, value } => {
                self.0.insert(key.clone(), value.clone());
                true
            }
            KvInput::Append { key, value } => {
                self.0.entry(key.clone()).or_default().push_str(value);
                true
            }
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Register(Option<i64>);

impl OneCopy<RegisterInput, RegisterOutput> for Register {
    fn does(&mut self, input: &RegisterInput, output: Option<&RegisterOutput>) -> bool {
        match (*input, output) {
            (RegisterInput::Read, Some(RegisterOutput::Value(value))) => self.0 == *value,
            (RegisterInput::Read, _) => true,
            (RegisterInput::Write(value), _) => {
                self.0 = Some(value);
                true
            }
            (RegisterInput::CompareAndSet { expected, new }, output) => {
                let written = self.0 == Some(expected);
                if written {
                    self.0 = Some(new);
                }
                match output {
                    Some(RegisterOutput::Written(told)) => *told == written,
                    _ => true,
                }
            }
        }
    }
}

/// Whether some order explains the operations.
pub(crate) fn linearizable<I, O, C: OneCopy<I, O> + Default>(
    operations: &[Operation<I, O>],
) -> bool {
    fits(operations, &mut vec![false; operations.len()], &C::default())
}

fn fits<I, O, C: OneCopy<I, O>>(
    operations: &[Operation<I, O>],
    done: &mut Vec<bool>,
    copy: &C,
) -> bool {
    let waiting = |done: &[bool], operation: usize| {
        !done[operation] && operations[operation].returned.is_some()
    };
    if (0..operations.len()).all(|operation| !waiting(done, operation)) {
        return true;
    }
    (0..operations.len()).any(|number| {
        let operation = &operations[number];
        let too_early = (0..operations.len()).any(|other| {
            let returned = operations[other].returned;
            waiting(done, other) && returned.is_some_and(|returned| returned < operation.call)
        });
        if done[number] || too_early {
            return false;
        }
        let mut copy = copy.clone();
        let output = operation.returned.and(operation.output.as_ref());
        if !copy.does(&operation.input, output) {
            return false;
        }
        done[number] = true;
        let fits = fits(operations, done, &copy);
        done[number] = false;
        fits
    })
}
