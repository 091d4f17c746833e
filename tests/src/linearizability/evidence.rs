//! Why a history is not linearizable: for a student to read, and for a picture.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::history::Operation;
use super::model::Model;

/// Why no order explains the operations of one key.
///
/// Everything that returned before [`blocked`](Self::blocked) did fits into one order, which is
/// given; as soon as `blocked` has to be in it too, none does. Only operations called before
/// `blocked` returned are told, as no later one can matter.
///
/// As text it is a few lines; serialized, with all operations, times and places, it is what a
/// picture can be drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The key.
    pub key: String,
    /// The operations of this key that were called before `blocked` returned, by time of call.
    pub operations: Vec<EvidenceOperation>,
    /// An order of all that returned before `blocked` did, as indices into `operations`. Of
    /// those found, one that comes closest to what `blocked` was answered, without more
    /// operations than that takes.
    pub order: Vec<usize>,
    /// The operation that no order has a place for, as an index into `operations`.
    pub blocked: usize,
    /// What the value could have been when `blocked` returned, in some of the orders that get so
    /// far. Four at most, the closest to the answer first; the first is that after `order`.
    pub values: Vec<String>,
    /// What `blocked` read, in the same form, if it is a read.
    pub answer: Option<String>,
}

/// One operation of an [`Evidence`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceOperation {
    /// Who made it.
    pub client: usize,
    /// When it was called, in nanoseconds.
    pub call_ns: u64,
    /// When it returned, in nanoseconds; `None` if it never did.
    pub return_ns: Option<u64>,
    /// What was asked and answered.
    pub text: String,
    /// Its place in [`Evidence::order`], from 0; `None` if it is not in it.
    pub place: Option<usize>,
}

impl Evidence {
    /// `blocked` and each of `orders` are indices into `operations`.
    pub(super) fn new<M: Model>(
        model: &M,
        key: &M::Key,
        operations: &[&Operation<M::Input, M::Output>],
        blocked: usize,
        orders: &[Vec<usize>],
    ) -> Self {
        let answer = model.value_read(&operations[blocked].input, operations[blocked].answer());
        let mut orders: Vec<(&Vec<usize>, String)> = orders
            .iter()
            .map(|order| {
                let inputs: Vec<_> =
                    order.iter().map(|number| &operations[*number].input).collect();
                (order, model.value_after(&inputs))
            })
            .collect();
        let alike = |value: &str| answer.as_ref().map_or(0, |answer| common_prefix(answer, value));
        orders.sort_by_key(|(order, value)| (Reverse(alike(value)), order.len()));
        let order = orders.first().map(|(order, _)| order.to_vec()).unwrap_or_default();

        let until = operations[blocked].returned.unwrap_or(Duration::MAX);
        let mut shown: Vec<usize> =
            (0..operations.len()).filter(|number| operations[*number].call <= until).collect();
        shown.sort_by_key(|number| (operations[*number].call, *number));
        let mut index = vec![0; operations.len()];
        for (at, number) in shown.iter().enumerate() {
            index[*number] = at;
        }

        let told = |number: &usize| {
            let operation = operations[*number];
            EvidenceOperation {
                client: operation.client,
                call_ns: nanoseconds(operation.call),
                return_ns: operation.returned.map(nanoseconds),
                text: model.describe(&operation.input, operation.answer()),
                place: None,
            }
        };
        let mut told: Vec<EvidenceOperation> = shown.iter().map(told).collect();
        for (place, number) in order.iter().enumerate() {
            told[index[*number]].place = Some(place);
        }

        Self {
            key: key.to_string(),
            operations: told,
            order: order.iter().map(|number| index[*number]).collect(),
            blocked: index[blocked],
            values: orders.into_iter().map(|(_, value)| value).take(VALUES_MAX).collect(),
            answer,
        }
    }

    /// The operations that are in no place and had been called: they may take effect before
    /// `blocked` or after it, and neither helps.
    pub fn open(&self) -> impl Iterator<Item = &EvidenceOperation> {
        let others = self.operations.iter().enumerate();
        others
            .filter(|(at, operation)| *at != self.blocked && operation.place.is_none())
            .map(|(_, operation)| operation)
    }
}

const VALUES_MAX: usize = 4;
/// How many operations of each kind the text shows.
const LINES_MAX: usize = 5;
/// How much of a value the text shows.
const VALUE_CHARS_MAX: usize = 60;

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocked = &self.operations[self.blocked];
        writeln!(f, "key {:?}: not linearizable, no order has a place for", self.key)?;
        let (answer, values) = self.readable_values();
        match answer {
            Some(answer) => line(f, "this", blocked, &format!("read -> {answer}"))?,
            None => line(f, "this", blocked, &blocked.text)?,
        }
        writeln!(f, "        because by then the value was {}", values.join(", or "))?;

        let last = self.order.len().saturating_sub(LINES_MAX);
        if 0 < last {
            writeln!(f, "before  {last} operations that fit, and then in this order")?;
        }
        for (at, index) in self.order[last..].iter().enumerate() {
            let operation = &self.operations[*index];
            let label = if at == 0 && last == 0 { "before" } else { "" };
            line(f, label, operation, &operation.text)?;
        }
        let open: Vec<_> = self.open().collect();
        for (at, operation) in open.iter().take(LINES_MAX).enumerate() {
            line(f, if at == 0 { "open" } else { "" }, operation, &operation.text)?;
        }
        if LINES_MAX < open.len() {
            writeln!(f, "        and {} more that were under way", open.len() - LINES_MAX)?;
        }
        write!(
            f,
            "means   each operation takes effect at one moment between its call and its return; \
             what\n        never returned, at any moment after its call, or never"
        )
    }
}

impl Evidence {
    /// What was read and what might have been, cut so that what differs is seen.
    fn readable_values(&self) -> (Option<String>, Vec<String>) {
        let alike = match &self.answer {
            Some(answer) => {
                let common = |value: &String| common_prefix(answer, value);
                self.values.iter().map(common).min().unwrap_or(0)
            }
            None => 0,
        };
        let answer = self.answer.as_ref().map(|answer| quoted(answer, alike));
        (answer, self.values.iter().map(|value| quoted(value, alike)).collect())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    operation: &EvidenceOperation,
    text: &str,
) -> fmt::Result {
    let returned = match operation.return_ns {
        Some(at) => format!(".. {}", seconds(at)),
        None => ".. never returned".to_owned(),
    };
    writeln!(
        f,
        "{label:<7} client {:<3} {} {returned}  {text}",
        operation.client,
        seconds(operation.call_ns)
    )
}

fn seconds(nanoseconds: u64) -> String {
    format!("{:.6} s", nanoseconds as f64 / 1e9)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The bytes that two strings have in common, from the start, up to a whole character.
fn common_prefix(left: &str, right: &str) -> usize {
    let same = left.chars().zip(right.chars()).take_while(|(left, right)| left == right);
    same.map(|(char, _)| char.len_utf8()).sum()
}

/// A value in quotes. Of a long one, what stands around byte `around`, and how much was left out.
pub(super) fn quoted(value: &str, around: usize) -> String {
    if value.chars().count() <= VALUE_CHARS_MAX {
        return format!("{value:?}");
    }
    let mut from = around.saturating_sub(VALUE_CHARS_MAX / 3).min(value.len());
    while !value.is_char_boundary(from) {
        from -= 1;
    }
    let part: String = value[from..].chars().take(VALUE_CHARS_MAX).collect();
    let left = value.len() - from - part.len();
    let before = if 0 < from { format!("({from} bytes) ..") } else { String::new() };
    let after = if 0 < left { format!(".. ({left} bytes)") } else { String::new() };
    format!("{before}{part:?}{after}")
}
