//! What a machine that is late excuses under the real clock, and what it does not.
//!
//! The machine is made late by stopping the process that runs the test for a while, as one that
//! has too much to do would. This binary is a battery itself when the variable [`SUBMISSION`]
//! names a submission; its tests start it again that way.

#[allow(dead_code, unused_imports, reason = "two of the broken Rafts are enough here")]
mod broken;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// The environment variable that names the submission to test.
const SUBMISSION: &str = "LAB_TESTS_OF_LATENESS";

fn main() -> ExitCode {
    match std::env::var(SUBMISSION).as_deref() {
        Ok("never elects") => lab_tests::main(broken::submission::<broken::NeverElects>()),
        Ok("all lead") => lab_tests::main(broken::submission::<broken::AllLead>()),
        _ => libtest_mimic::run(&Arguments::from_args(), own_tests()).exit_code(),
    }
}

#[cfg(not(unix))]
fn own_tests() -> Vec<Trial> {
    Vec::new()
}

#[cfg(unix)]
fn own_tests() -> Vec<Trial> {
    macro_rules! trials {
        ($($name:ident),* $(,)?) => {
            vec![$(Trial::test(stringify!($name), || { stopped::$name(); Ok(()) })),*]
        };
    }
    trials![a_missed_limit_says_nothing, two_leaders_stay_two_leaders]
}

#[cfg(unix)]
mod stopped {
    use std::process::{Command, Stdio};
    use std::thread::sleep;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process};

    use super::SUBMISSION;

    /// What `2A::initial_election` prints of `submission` when its process is stopped for a
    /// while, and the exit code.
    fn stopped(submission: &str) -> (String, Option<i32>) {
        let me = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(me)
            .args(["--in-process", "--exact", "2A::initial_election", "--clock", "real"])
            .env(SUBMISSION, submission)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started");
        let pid = Pid::from_child(&child);
        // Long enough to have begun. If it has ended by now, it found what it had to find.
        sleep(Duration::from_millis(500));
        if child.try_wait().expect("a child can be asked").is_none() {
            kill_process(pid, Signal::STOP).expect("a child can be stopped");
            sleep(Duration::from_millis(400));
            kill_process(pid, Signal::CONT).expect("a child can be continued");
        }
        let output = child.wait_with_output().expect("a child can be waited for");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    }

    pub(super) fn a_missed_limit_says_nothing() {
        let (text, code) = stopped("never elects");
        assert!(
            text.contains(
                "2A::initial_election INCONCLUSIVE  the machine was too late to judge rule E2"
            ),
            "{text}"
        );
        assert!(text.contains("means   a timer of the harness woke 0."), "{text}");
        assert_ne!(code, Some(0), "what is not known is no pass: {text}");
    }

    pub(super) fn two_leaders_stay_two_leaders() {
        let (text, code) = stopped("all lead");
        assert!(
            text.contains("2A::initial_election FAIL  rule E5: one vote per term"),
            "no lateness excuses it: {text}"
        );
        assert_ne!(code, Some(0), "{text}");
    }
}
