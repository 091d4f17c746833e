//! Waits that never end: each is named when it forms, and beside each stands the nearest program
//! that must be let alone.
#![allow(missing_docs)]

mod channels;
mod common;
mod conditions;
mod joins;
#[path = "../common/lines.rs"]
mod lines;
mod locks;
mod rwlocks;
