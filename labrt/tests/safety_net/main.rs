//! What the safety net catches, in pairs: the smallest program that it must let alone, and the
//! smallest that it must name, with kind, thread and line.
//!
//! On other systems than Linux with glibc most of this is absent by design, see
//! `labrt-host`'s `engine::safety_net`; so are its tests.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(missing_docs)]

mod clock;
mod common;
mod limits;
mod locks;
mod off;
mod overflow;
mod random;
mod spawn;
mod stuck;
