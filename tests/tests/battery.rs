//! The battery, bound to the submission. Run it with `cargo test`; see `lab_tests` for more.

use std::process::ExitCode;

fn main() -> ExitCode {
    let submission = lab_tests::Submission::of::<raft::Raft>();
    lab_tests::main(submission.with_kv::<kvraft::KvServer, kvraft::Clerk>())
}
