//! A panic on any lab thread fails the run, with all that is needed to find it; a caught one is
//! the program's own business.
#![allow(missing_docs)]

mod caught;
mod common;
mod destructors;
mod payloads;
mod several;
mod threads;
