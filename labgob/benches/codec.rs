//! What a message costs: encoding, decoding, and reading it without its type, beside plain
//! `rmp-serde` with the same choices (structs as maps, `u8` sequences as bytes).
//!
//! `cargo bench -p labgob`

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

fn main() {
    divan::main();
}

#[derive(Clone, Serialize, Deserialize)]
struct RequestVoteArgs {
    term: u64,
    candidate_id: usize,
    last_log_index: u64,
    last_log_term: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct AppendEntriesArgs {
    term: u64,
    leader_id: usize,
    prev_log_index: u64,
    prev_log_term: u64,
    entries: Vec<Entry>,
    leader_commit: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
struct InstallSnapshotArgs {
    term: u64,
    data: Vec<u8>,
}

/// A message to measure, by a name for the table.
trait Message: Serialize + DeserializeOwned {
    fn example() -> Self;
}

impl Message for RequestVoteArgs {
    fn example() -> Self {
        Self { term: 7, candidate_id: 2, last_log_index: 1_000, last_log_term: 6 }
    }
}

impl Message for AppendEntriesArgs {
    fn example() -> Self {
        Self {
            term: 7,
            leader_id: 2,
            prev_log_index: 1_000,
            prev_log_term: 6,
            entries: vec![Entry { term: 7, command: vec![42; 32] }; 4],
            leader_commit: 1_000,
        }
    }
}

impl Message for InstallSnapshotArgs {
    fn example() -> Self {
        Self { term: 7, data: vec![42; 16 * 1024] }
    }
}

fn plain_bytes<M: Message>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    let mut serializer = rmp_serde::Serializer::new(&mut bytes)
        .with_struct_map()
        .with_bytes(rmp_serde::config::BytesMode::ForceAll);
    message.serialize(&mut serializer).expect("rmp-serde encodes the example");
    bytes
}

#[divan::bench(types = [RequestVoteArgs, AppendEntriesArgs, InstallSnapshotArgs])]
fn encode<M: Message>(bencher: Bencher<'_, '_>) {
    let message = M::example();
    bencher
        .counter(BytesCount::new(labgob::to_bytes(&message).expect("encodes").len()))
        .bench_local(|| labgob::to_bytes(black_box(&message)).expect("encodes"));
}

#[divan::bench(types = [RequestVoteArgs, AppendEntriesArgs, InstallSnapshotArgs])]
fn encode_rmp_serde<M: Message>(bencher: Bencher<'_, '_>) {
    let message = M::example();
    bencher
        .counter(BytesCount::new(plain_bytes(&message).len()))
        .bench_local(|| plain_bytes(black_box(&message)));
}

#[divan::bench(types = [RequestVoteArgs, AppendEntriesArgs, InstallSnapshotArgs])]
fn decode<M: Message>(bencher: Bencher<'_, '_>) {
    let bytes = labgob::to_bytes(&M::example()).expect("encodes");
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| labgob::from_bytes::<M>(black_box(&bytes)).expect("decodes"));
}

#[divan::bench(types = [RequestVoteArgs, AppendEntriesArgs, InstallSnapshotArgs])]
fn decode_rmp_serde<M: Message>(bencher: Bencher<'_, '_>) {
    let bytes = plain_bytes(&M::example());
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| rmp_serde::from_slice::<M>(black_box(&bytes)).expect("decodes"));
}

#[divan::bench(types = [RequestVoteArgs, AppendEntriesArgs, InstallSnapshotArgs])]
fn inspect<M: Message>(bencher: Bencher<'_, '_>) {
    let bytes = labgob::to_bytes(&M::example()).expect("encodes");
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let value = labgob::Value::parse(black_box(&bytes)).expect("parses");
        value.field("term").and_then(|term| term.as_u64()).expect("has a term")
    });
}
