//! Why an order was not accepted, and why a record is not believed.

use crate::{VARIABLE, VERSION};

/// Why a battery process could not take its order.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The variable asks for a way that this build does not know.
    #[error("{VARIABLE} is `{found}`, and this battery knows `stdio` and `stream` only")]
    UnknownWay {
        /// The variable's value.
        found: String,
    },
    /// Reading stdin, or moving stdout away, failed.
    #[error("the order cannot be taken from stdin: {0}")]
    Io(#[from] std::io::Error),
    /// What came is no order.
    #[error("what stands on stdin is no order: {0}")]
    NotAnOrder(serde_json::Error),
    /// The grader is of another build.
    #[error("the order has version {found}, and this battery has {VERSION}; build both anew")]
    Version {
        /// The order's version.
        found: u32,
    },
    /// Descriptors cannot be moved here.
    #[error("this platform has no way to hand back a record; grading needs a Unix")]
    Platform,
}

/// Why what came through the pipe is not believed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Nothing came: the process ended before the harness was done.
    #[error("no completion record came")]
    Missing,
    /// More than any record holds.
    #[error("more came than a record can hold")]
    TooLong,
    /// The process ended while it was writing.
    #[error("the completion record breaks off after {byte_count} bytes")]
    Unfinished {
        /// How much came.
        byte_count: usize,
    },
    /// Somebody else wrote too.
    #[error("{byte_count} bytes follow the completion record")]
    MoreThanOne {
        /// How much came after the first line.
        byte_count: usize,
    },
    /// Not the harness's writing.
    #[error("what came is no completion record: {0}")]
    NotARecord(serde_json::Error),
    /// The battery is of another build than the grader.
    #[error("the completion record has version {found}, and this grader has {VERSION}")]
    Version {
        /// The record's version.
        found: u32,
    },
    /// Written by somebody who does not know the nonce.
    #[error("the completion record does not carry this run's nonce")]
    WrongNonce,
    /// The record of some other run.
    #[error("the completion record is of another run: {recorded}; ordered was {ordered}")]
    OtherRun {
        /// What was asked for.
        ordered: String,
        /// What the record names.
        recorded: String,
    },
    /// The record speaks against itself.
    #[error("the completion record contradicts itself: {0}")]
    Contradiction(&'static str),
}
