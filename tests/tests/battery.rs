//! The battery, bound to the submission. Run it with `cargo test`; see `lab_tests` for more.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab_tests::main(lab_tests::Submission::of::<raft::Raft>())
}
