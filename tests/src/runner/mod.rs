//! Running tests: one here, or each in a process of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `one` | runs one test in this process |
//! | `process` | runs one test in a process of its own |
//! | `ordered` | runs tests for a grader, and hands back their records |
//! | `command` | the binary: arguments in, exit code out |

mod command;
mod one;
mod ordered;
mod process;

pub use command::main;
pub use one::run_test;
