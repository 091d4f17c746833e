//! What a crash of a machine does, and what it must not: swept over every scheduling point, from
//! every side, and in every wait.
#![allow(missing_docs)]

mod common;
mod from;
mod living;
mod machines;
mod moments;
mod unwinding;
mod waits;
