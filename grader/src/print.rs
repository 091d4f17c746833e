//! What goes to stdout and stderr. std's macros panic once the reader has gone, as in
//! `./grade.sh 2>&1 | head`; a closed pipe is the reader's choice, and ends no grading.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// As `println!`.
macro_rules! say {
    ($($text:tt)*) => { $crate::print::out(format_args!("{}\n", format_args!($($text)*))) };
}
/// As `eprintln!`.
macro_rules! remark {
    ($($text:tt)*) => { $crate::print::err(format_args!("{}\n", format_args!($($text)*))) };
}
pub(crate) use {remark, say};

/// Prints on stdout, and at once.
pub(crate) fn out(text: impl Display) {
    let mut stdout = stdout().lock();
    let _ = write!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints on stderr.
pub(crate) fn err(text: impl Display) {
    let _ = write!(stderr().lock(), "{text}");
}
