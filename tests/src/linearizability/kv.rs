//! The lab's key/value service, key by key.

use super::evidence::quoted;
use super::model::Model;

/// What a clerk asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvInput {
    /// Reads the value of a key; a key that nobody has written reads as the empty string.
    Get {
        /// The key.
        key: String,
    },
    /// Replaces the value of a key.
    Put {
        /// The key.
        key: String,
        /// Its new value.
        value: String,
    },
    /// Adds to the end of the value of a key.
    Append {
        /// The key.
        key: String,
        /// What is added.
        value: String,
    },
}

impl KvInput {
    /// A get.
    pub fn get(key: impl Into<String>) -> Self {
        Self::Get { key: key.into() }
    }

    /// A put.
    pub fn put(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Put { key: key.into(), value: value.into() }
    }

    /// An append.
    pub fn append(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Append { key: key.into(), value: value.into() }
    }
}

/// The model of a key/value service with get, put and append. Outputs are what gets read; that
/// of a put or an append is never looked at.
///
/// A value counts by its length and a 122-bit hash of it, so an append of ten bytes to a value of
/// a megabyte costs as much as one to an empty value. Two different values that a run produces by
/// chance are taken for one with a probability below 2^-100.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvModel;

/// A value: its length and hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KvState {
    bytes: u64,
    hash: [u64; 2],
}

/// An operation of [`KvModel`], with its strings hashed.
#[derive(Clone, Debug)]
pub struct KvStep(Step);

#[derive(Clone, Debug)]
enum Step {
    Get(Option<KvState>),
    Put(KvState),
    /// What is added, and its [powers](KvState::powers).
    Append(KvState, [u64; 2]),
}

impl Model for KvModel {
    type Input = KvInput;
    type Output = String;
    type Key = String;
    type State = KvState;
    type Step = KvStep;

    fn key(&self, input: &KvInput) -> String {
        match input {
            KvInput::Get { key } | KvInput::Put { key, .. } | KvInput::Append { key, .. } => {
                key.clone()
            }
        }
    }

    fn initial(&self) -> KvState {
        KvState::default()
    }

    fn prepare(&self, input: &KvInput, output: Option<&String>) -> KvStep {
        KvStep(match input {
            KvInput::Get { .. } => Step::Get(output.map(|value| KvState::of(value))),
            KvInput::Put { value, .. } => Step::Put(KvState::of(value)),
            KvInput::Append { value, .. } => {
                let added = KvState::of(value);
                Step::Append(added, added.powers())
            }
        })
    }

    /// A value that was read mostly begins with the one read before it: only the rest is hashed.
    fn prepare_all<'a>(
        &self,
        operations: impl Iterator<Item = (&'a KvInput, Option<&'a String>)>,
    ) -> Vec<KvStep> {
        let (mut start, mut of_start) = ("", KvState::default());
        let prepare = |(input, output): (&KvInput, Option<&'a String>)| {
            let (KvInput::Get { .. }, Some(value)) = (input, output) else {
                return self.prepare(input, output);
            };
            of_start = match value.strip_prefix(start) {
                Some(rest) => of_start.followed_by(rest),
                None => KvState::of(value),
            };
            start = value;
            KvStep(Step::Get(Some(of_start)))
        };
        operations.map(prepare).collect()
    }

    fn is_read(&self, step: &KvStep) -> bool {
        match &step.0 {
            Step::Get(_) => true,
            Step::Put(_) => false,
            Step::Append(added, _) => added.bytes == 0,
        }
    }

    fn apply(&self, state: &KvState, step: &KvStep) -> Option<KvState> {
        match &step.0 {
            Step::Get(Some(read)) => (read == state).then_some(*state),
            Step::Get(None) => Some(*state),
            Step::Put(value) => Some(*value),
            Step::Append(added, powers) => Some(state.joined(added, powers)),
        }
    }

    fn is_awaited(&self, step: &KvStep) -> bool {
        matches!(step.0, Step::Get(Some(_)))
    }

    /// What is appended stands in every later value, at the same place, until the next put.
    fn keeps_to(&self, state: &KvState, input: &KvInput, answer: &String) -> bool {
        match input {
            KvInput::Append { value, .. } => {
                let rest =
                    usize::try_from(state.bytes).ok().and_then(|at| answer.as_bytes().get(at..));
                rest.is_some_and(|rest| rest.starts_with(value.as_bytes()))
            }
            _ => self.starts(input, answer),
        }
    }

    fn starts(&self, input: &KvInput, answer: &String) -> bool {
        matches!(input, KvInput::Put { value, .. } if answer.starts_with(value.as_str()))
    }

    fn describe(&self, input: &KvInput, output: Option<&String>) -> String {
        match (input, output) {
            (KvInput::Get { .. }, Some(value)) => format!("get -> {}", quoted(value, 0)),
            (KvInput::Get { .. }, None) => "get".to_owned(),
            (KvInput::Put { value, .. }, _) => format!("put {}", quoted(value, 0)),
            (KvInput::Append { value, .. }, _) => format!("append {}", quoted(value, 0)),
        }
    }

    fn value_after(&self, inputs: &[&KvInput]) -> String {
        let mut now = String::new();
        for input in inputs {
            match input {
                KvInput::Get { .. } => {}
                KvInput::Put { value, .. } => now.clone_from(value),
                KvInput::Append { value, .. } => now.push_str(value),
            }
        }
        now
    }

    fn value_read(&self, input: &KvInput, output: Option<&String>) -> Option<String> {
        matches!(input, KvInput::Get { .. }).then(|| output.cloned()).flatten()
    }
}

/// Hashes are polynomials over the bytes, modulo this prime, 2^61 - 1, at two fixed places.
/// Those of two strings give that of their concatenation.
const PRIME: u64 = (1 << 61) - 1;
const BASES: [u64; 2] = [0x0b4c_9d1f_36a7_52e5, 0x1693_f0e8_5bd2_714d];

/// So many bytes are taken in at once: their products do not wait for each other.
const BLOCK_BYTES: usize = 8;

/// The powers of each base, from the zeroth to that of a block.
const POWERS: [[u64; BLOCK_BYTES + 1]; 2] = [powers(BASES[0]), powers(BASES[1])];

impl KvState {
    fn of(value: &str) -> Self {
        Self {
            bytes: value.len() as u64,
            hash: POWERS.map(|powers| {
                let blocks = value.as_bytes().chunks_exact(BLOCK_BYTES);
                let rest = blocks.remainder();
                let whole = blocks.fold(0, |hash, block| {
                    let product = |(byte, power): (&u8, &u64)| {
                        u128::from(*power) * u128::from(u64::from(*byte) + 1)
                    };
                    let sum: u128 =
                        block.iter().zip(powers[..BLOCK_BYTES].iter().rev()).map(product).sum();
                    reduce(u128::from(hash) * u128::from(powers[BLOCK_BYTES]) + sum)
                });
                rest.iter()
                    .fold(whole, |hash, byte| add(multiply(hash, powers[1]), u64::from(*byte) + 1))
            }),
        }
    }

    /// The state of this value with `rest` at its end.
    fn followed_by(&self, rest: &str) -> Self {
        let added = Self::of(rest);
        self.joined(&added, &added.powers())
    }

    fn joined(&self, added: &Self, powers: &[u64; 2]) -> Self {
        Self {
            bytes: self.bytes + added.bytes,
            hash: [0, 1].map(|lane| add(multiply(self.hash[lane], powers[lane]), added.hash[lane])),
        }
    }

    /// What the hash of a value is multiplied by when this one is put at its end.
    fn powers(&self) -> [u64; 2] {
        BASES.map(|base| power(base, self.bytes))
    }
}

const fn powers(base: u64) -> [u64; BLOCK_BYTES + 1] {
    let mut powers = [1; BLOCK_BYTES + 1];
    let mut exponent = 1;
    while exponent <= BLOCK_BYTES {
        powers[exponent] = multiply(powers[exponent - 1], base);
        exponent += 1;
    }
    powers
}

const fn reduce(product: u128) -> u64 {
    // Below 2^124, so two folds leave at most one prime too much.
    let prime = PRIME as u128;
    let once = (product & prime) + (product >> 61);
    let twice = ((once & prime) + (once >> 61)) as u64;
    if twice < PRIME { twice } else { twice - PRIME }
}

const fn multiply(left: u64, right: u64) -> u64 {
    reduce(left as u128 * right as u128)
}

fn add(left: u64, right: u64) -> u64 {
    let sum = left + right;
    if sum < PRIME { sum } else { sum - PRIME }
}

fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut square, mut result) = (base, 1);
    while 0 < exponent {
        if exponent & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(state: KvState, input: KvInput) -> KvState {
        let step = KvModel.prepare(&input, None);
        KvModel.apply(&state, &step).expect("puts and appends are always possible")
    }

    proptest! {
        #[test]
        fn appending_piece_by_piece_gives_the_state_of_the_whole(
            pieces in proptest::collection::vec("\\PC{0,20}", 0..12)
        ) {
            let built = pieces
                .iter()
                .fold(KvModel.initial(), |state, piece| after(state, KvInput::append("k", piece)));
            prop_assert_eq!(built, KvState::of(&pieces.concat()));
            prop_assert_eq!(built, after(KvState::of("old"), KvInput::put("k", pieces.concat())));
        }

        #[test]
        fn different_strings_have_different_states(one in "[ab\0]{0,9}", other in "[ab\0]{0,9}") {
            prop_assert_eq!(one == other, KvState::of(&one) == KvState::of(&other));
        }
    }

    #[test]
    fn values_are_the_same_whether_prepared_together_or_alone() {
        let texts =
            ["x 0 0 y", "x 0 0 yx 1 0 y", "x 0 0 yx 1 0 y", "x 0", "", "z", "ze\u{e9}", "z\u{e9}"];
        let values = texts.map(str::to_owned);
        let get = KvInput::get("k");
        let together = KvModel.prepare_all(values.iter().map(|value| (&get, Some(value))));
        for (step, value) in together.iter().zip(&values) {
            let Step::Get(Some(state)) = step.0 else { panic!("{value:?} became {step:?}") };
            assert_eq!(state, KvState::of(value), "{value:?}");
        }
    }

    #[test]
    fn a_key_that_nobody_wrote_reads_as_the_empty_string() {
        let nothing = KvModel.prepare(&KvInput::get("k"), Some(&String::new()));
        let something = KvModel.prepare(&KvInput::get("k"), Some(&"a".to_owned()));
        let initial = KvModel.initial();
        assert_eq!(KvModel.apply(&initial, &nothing), Some(initial), "it reads as empty");
        assert_eq!(KvModel.apply(&initial, &something), None, "it reads as nothing else");
    }
}
