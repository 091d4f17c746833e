//! Symbols of libc, defined here: the executable's come before the library's.
//!
//! std, and whatever else is linked statically, calls these. Outside a virtual run, and within
//! [`framework`], they hand over to libc's own. They must not unwind: their callers, compiled
//! against C, could not bear it.

mod clock;
mod random;
mod spawn;
mod system;

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use rand::rngs::ChaCha8Rng;

use super::{SPREAD, framework, in_framework};
use crate::backtraces;
use crate::dispatch;
use crate::engine::state::Engine;
use crate::failure::FindingKind;

/// How deep below its caller in lab code a call may be.
const DEPTH_MAX: usize = 40;
/// So many calls of a run are looked at: each costs some microseconds.
const LOOKS_MAX: u32 = 1_000;

/// What the net keeps for a run.
pub(crate) struct Net {
    entropy: RefCell<ChaCha8Rng>,
    places: RefCell<Places>,
}

/// Where foreign calls came from.
#[derive(Default)]
struct Places {
    looks: u32,
    /// A hash of the return addresses, and which finding they led to, if to any.
    known: Vec<(u64, Option<usize>)>,
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            entropy: RefCell::new(crate::random::seeded(seed, "foreign")),
            places: RefCell::default(),
        }
    }
}

pub(super) fn install() {
    system::find();
    // Nothing else here names these modules, and a linker takes from an archive what is named.
    std::hint::black_box([clock::defined(), random::defined(), spawn::defined()]);
}

pub(super) fn begin() {
    // std draws the keys of its HashMaps once per OS thread: now, so that it does not depend on
    // what comes first.
    std::hint::black_box(std::hash::RandomState::new());
}

/// The engine of a run that the net is spread under, if the caller is in one.
#[inline]
fn caught<'a>() -> Option<&'a Engine> {
    let engine = dispatch::engine()?;
    (SPREAD.load(Ordering::Relaxed) && !in_framework()).then_some(engine)
}

/// The same, if the caller is a lab thread and not the loop.
fn caught_lab_thread<'a>() -> Option<&'a Engine> {
    caught().filter(|engine| engine.current_uid() != 0)
}

/// Records that the running lab thread made this call, with its place; only counts it if the
/// place is known. Whether it was lab code that made it, as far as it is still looked at.
fn record(engine: &Engine, call: &'static str, instead: &'static str) -> bool {
    framework(|| {
        let Ok(mut places) = engine.net.places.try_borrow_mut() else { return false };
        if LOOKS_MAX <= places.looks {
            return true;
        }
        places.looks += 1;
        let mut addresses = [0; DEPTH_MAX];
        let count = backtraces::addresses_here(&mut addresses);
        let hash = hash_of(call, &addresses[..count]);
        if let Some((_, finding)) = places.known.iter().find(|(known, _)| *known == hash) {
            if let Some(index) = *finding {
                engine.with(|s| s.findings[index].count += 1);
            }
            return finding.is_some();
        }
        let place = backtraces::lab_caller(&addresses[..count]).map(|frame| frame.place);
        let finding = place.map(|place| {
            let kind = FindingKind::ForeignCall { call, instead, place };
            engine.add_finding(kind.clone());
            engine.with(|s| s.findings.iter().position(|finding| finding.kind == kind))
        });
        let finding = finding.flatten();
        places.known.push((hash, finding));
        finding.is_some()
    })
}

fn hash_of(call: &'static str, addresses: &[usize]) -> u64 {
    let mix = |hash: u64, value: usize| {
        (hash.rotate_left(5) ^ value as u64).wrapping_mul(0x517c_c1b7_2722_0a95)
    };
    addresses.iter().fold(call.as_ptr() as u64, |hash, address| mix(hash, *address))
}
