//! Rule L4: whatever may wait while a lock is held is told, once per pair of places, with both;
//! what can not wait is not.
#![allow(missing_docs)]

mod accepted;
mod common;
mod findings;
mod guards;
#[path = "../common/lines.rs"]
mod lines;
mod strict;
mod waits;
