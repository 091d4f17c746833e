//! Histories of a key/value service under load, made in the kind of the lab's own tests.

use std::time::Duration;

use lab_tests::linearizability::{History, KvInput, Operation};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

/// What clients do, and how fairly they are served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// How many clients there are; each makes one operation at a time.
    pub(crate) clients: usize,
    /// How many operations are called.
    pub(crate) operations: usize,
    /// Over how many keys, each as likely as the others.
    pub(crate) keys: usize,
    /// How many of a hundred operations are gets.
    pub(crate) gets_percent: u32,
    /// How many are puts; the rest are appends.
    pub(crate) puts_percent: u32,
    /// How many of a hundred operations are served as soon as they come, before all that wait:
    /// the rest of the clients starve, so many operations are under way for long.
    pub(crate) unfair_percent: u32,
}

/// A workload like the classic lab's: 50 clients that append, get and put on ten keys.
pub(crate) const FIFTY_CLIENTS: Workload = Workload {
    clients: 50,
    operations: 2_000,
    keys: 10,
    gets_percent: 40,
    puts_percent: 10,
    unfair_percent: 97,
};

/// What is wrong with a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The last get that could: it missed an append that had returned before it was called.
    StaleRead,
}

/// A fault is among this many operations from the end.
const LATE: usize = 400;

struct Waiting {
    number: usize,
    served: bool,
}

impl Workload {
    /// Runs clients against one copy of the service. The same seed gives the same history.
    pub(crate) fn history(&self, fault: Fault, seed: u64) -> History<KvInput, String> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut operations: Vec<Operation<KvInput, String>> = Vec::new();
        let mut values = vec![String::new(); self.keys];
        let mut waiting: Vec<Option<Waiting>> = (0..self.clients).map(|_| None).collect();
        let mut stale = None;
        let mut time = 0;
        // The clients that were served last are served next.
        let mut favoured: Vec<usize> = Vec::new();

        while operations.len() < self.operations {
            time += 1;
            let at = Duration::from_micros(100 * time);
            let lucky = random.random_range(0..100) < self.unfair_percent;
            let client = match favoured.len() {
                0 => random.random_range(0..self.clients),
                some if lucky => favoured[random.random_range(0..some)],
                _ => random.random_range(0..self.clients),
            };
            if !favoured.contains(&client) {
                favoured.push(client);
                if self.clients.div_ceil(8) < favoured.len() {
                    favoured.remove(0);
                }
            }
            match waiting[client].take() {
                None => {
                    let input = self.input(client, operations.len(), &mut random);
                    waiting[client] = Some(Waiting { number: operations.len(), served: false });
                    let output = None;
                    operations.push(Operation { client, call: at, returned: None, input, output });
                }
                Some(Waiting { number, served: false }) => {
                    operations[number].output = Some(serve(&operations[number].input, &mut values));
                    waiting[client] = Some(Waiting { number, served: true });
                }
                Some(Waiting { number, .. }) => {
                    operations[number].returned = Some(at);
                    if self.operations < operations.len() + LATE {
                        stale = stale_read(&operations, number).or(stale);
                    }
                }
            }
        }
        if fault == Fault::StaleRead {
            let (number, value) = stale.expect("some get follows an append");
            operations[number].output = Some(value);
        }
        operations.into_iter().collect()
    }

    fn input(&self, client: usize, number: usize, random: &mut impl Rng) -> KvInput {
        let key = random.random_range(0..self.keys).to_string();
        let value = format!("x {client} {number} y");
        match random.random_range(0..100) {
            kind if kind < self.gets_percent => KvInput::get(key),
            kind if kind < self.gets_percent + self.puts_percent => KvInput::put(key, value),
            _ => KvInput::append(key, value),
        }
    }
}

fn serve(input: &KvInput, values: &mut [String]) -> String {
    let value = |key: &String| -> usize { key.parse().expect("keys are numbers") };
    match input {
        KvInput::Get { key } => return values[value(key)].clone(),
        KvInput::Put { key, value: new } => values[value(key)].clone_from(new),
        KvInput::Append { key, value: added } => values[value(key)].push_str(added),
    }
    String::new()
}

/// What operation `number`, just returned, would read without the last append, if it is a get and
/// that append had returned before it was called.
fn stale_read(operations: &[Operation<KvInput, String>], number: usize) -> Option<(usize, String)> {
    let get = &operations[number];
    let KvInput::Get { .. } = &get.input else { return None };
    let read = get.output.as_ref().filter(|read| 1 < read.matches('x').count())?;
    let before = &read[..read.rfind('x')?];
    let missed = operations.iter().any(|operation| {
        let returned = operation.returned.is_some_and(|returned| returned < get.call);
        matches!(&operation.input, KvInput::Append { value, .. } if *value == read[before.len()..])
            && returned
    });
    missed.then(|| (number, before.to_owned()))
}
