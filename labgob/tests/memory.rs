//! No input, however it lies, makes decoding allocate more than a small multiple of its size.
//!
//! Goal: the bounds that the crate's documentation states. Method: an allocator that counts, for
//! each thread, the bytes that live, and the most that ever did.

#![allow(dead_code, reason = "what is decoded is dropped")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    LIVE.set(LIVE.get() + change);
    MOST.set(MOST.get().max(LIVE.get()));
}

// SAFETY: every call is passed on to the system's allocator as it came; counting touches only
// thread-locals that neither allocate nor have a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract of `dealloc`, and `alloc` was the system's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize); // the old and the new block may both live
        // SAFETY: the caller keeps the contract of `realloc`, and `alloc` was the system's.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        count(-(layout.size() as isize));
        moved
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that lived at once while `run` ran.
fn most_bytes<T>(run: impl FnOnce() -> T) -> usize {
    let before = LIVE.get();
    MOST.set(before);
    drop(run());
    usize::try_from(MOST.get() - before).expect("the most is at least what was there before")
}

/// An error with its texts, and the first few elements of each open list.
const CONSTANT_BYTES: usize = 2_048;

fn assert_bounded<'a, T>(input: &'a [u8], multiple: usize, decode: impl FnOnce(&'a [u8]) -> T) {
    let most = most_bytes(|| decode(input));
    let limit = multiple * input.len() + CONSTANT_BYTES;
    assert!(
        most <= limit,
        "{most} bytes for {} bytes of input as {}, more than {multiple} times as much",
        input.len(),
        std::any::type_name::<T>(),
    );
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

#[derive(Debug, Deserialize)]
enum Tree {
    Leaf,
    List(Vec<Tree>),
    Named { left: Option<Box<Tree>> },
}

#[derive(Debug, Deserialize)]
struct Deep(Vec<Deep>);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    List(Vec<Untagged>),
    Map(HashMap<u64, Untagged>),
}

fn assert_all_bounded(input: &[u8]) {
    // A `Value` is 32 bytes, and each stands for a byte of its own.
    assert_bounded(input, 32, labgob::Value::parse);
    // Lists: the size of an element for each byte.
    assert_bounded(input, 8, labgob::from_bytes::<Vec<u64>>);
    assert_bounded(input, 24, labgob::from_bytes::<Vec<Vec<Vec<u64>>>>);
    assert_bounded(input, 24, labgob::from_bytes::<Vec<String>>);
    assert_bounded(input, 24, labgob::from_bytes::<Deep>);
    assert_bounded(input, 32, labgob::from_bytes::<Vec<Entry>>);
    assert_bounded(input, 32, labgob::from_bytes::<Tree>);
    assert_bounded(input, 1, labgob::from_bytes::<Vec<u8>>);
    assert_bounded(input, 1, labgob::from_bytes::<String>);
    // Hash tables keep empty slots and the old table while they grow.
    assert_bounded(input, 64, labgob::from_bytes::<HashMap<u64, u64>>);
    // serde's own buffer, and what is made from it.
    assert_bounded(input, 256, labgob::from_bytes::<Untagged>);
}

/// Lengths that lie alone, and nested so that each alone could be true.
#[test]
fn lengths_that_lie_allocate_nothing() {
    for length in [0_u32, 1, 1_000, 1 << 20, u32::MAX] {
        let length = length.to_be_bytes();
        for marker in [0xdd, 0xdf, 0xc6, 0xdb, 0xc9] {
            for tail in [0, 10, 1_000] {
                let header = [&[marker][..], &length].concat();
                assert_all_bounded(&[&header[..], &vec![0; tail]].concat());
                assert_all_bounded(&[&[0x81, 0xc3], &header[..], &vec![1; tail]].concat());
                assert_all_bounded(&[&header.repeat(20)[..], &vec![1; tail]].concat());
            }
        }
    }
    let levels = 100;
    for tail in [0, 1_000, 100_000] {
        let mut nested = Vec::new();
        for level in 0..levels {
            let after = (levels - level - 1) * 5 + tail;
            nested.push(0xdd);
            nested.extend(u32::try_from(after).expect("fits").to_be_bytes());
        }
        nested.resize(nested.len() + tail, 1);
        assert_all_bounded(&nested);
    }
}

/// The largest values that so many bytes can be: the bounds hold where nothing lies.
#[test]
fn honest_lengths_allocate_what_was_promised() {
    for count in [0_u64, 1, 100, 10_000] {
        let encoded = |value: &dyn Fn() -> Vec<u8>| assert_all_bounded(&value());
        encoded(&|| labgob::to_bytes(&vec![1_u64; count as usize]).expect("encodes"));
        encoded(&|| labgob::to_bytes(&vec![""; count as usize]).expect("encodes"));
        encoded(&|| labgob::to_bytes(&vec![Vec::<u8>::new(); count as usize]).expect("encodes"));
        encoded(&|| labgob::to_bytes(&vec![7_u8; count as usize]).expect("encodes"));
        encoded(&|| labgob::to_bytes(&"x".repeat(count as usize)).expect("encodes"));
        encoded(&|| {
            let map: HashMap<u64, u64> = (0..count).map(|key| (key, key)).collect();
            labgob::to_bytes(&map).expect("encodes")
        });
        encoded(&|| {
            let log: Vec<Entry> = (0..count).map(|term| Entry { term, command: vec![] }).collect();
            labgob::to_bytes(&log).expect("encodes")
        });
        encoded(&|| {
            labgob::to_bytes(&vec![vec![Vec::<u64>::new(); 3]; count as usize]).expect("encodes")
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_allocate_little(
        input in vec(prop_oneof![any::<u8>(), 0x80_u8..=0x9f, 0xc0_u8..=0xdf, 0_u8..=2], 0..300),
    ) {
        assert_all_bounded(&input);
    }
}
