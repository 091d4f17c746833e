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
    trials![
        a_limit_that_the_machine_took_says_nothing,
        a_limit_of_which_enough_was_left_is_missed,
        two_leaders_stay_two_leaders,
    ]
}

#[cfg(unix)]
mod stopped {
    use std::process::{Command, Stdio};
    use std::thread::sleep;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process};

    use super::SUBMISSION;

    /// What `test` prints of `submission` when its process is stopped for a while, and the exit
    /// code.
    fn stopped(submission: &str, test: &str, stop: Duration) -> (String, Option<i32>) {
        let me = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(me)
            .args(["--in-process", "--exact", test, "--clock", "real"])
            .env(SUBMISSION, submission)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started");
        let pid = Pid::from_child(&child);
        // Long enough to have begun. If it has ended by now, it found what it had to find.
        sleep(Duration::from_millis(500));
        if child.try_wait().expect("a child can be asked").is_none() {
            kill_process(pid, Signal::STOP).expect("a child can be stopped");
            sleep(stop);
            kill_process(pid, Signal::CONT).expect("a child can be continued");
        }
        let output = child.wait_with_output().expect("a child can be waited for");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    }

    pub(super) fn a_limit_that_the_machine_took_says_nothing() {
        let (text, code) =
            stopped("never elects", "2A::initial_election", Duration::from_millis(2500));
        assert!(
            text.contains(
                "2A::initial_election INCONCLUSIVE  the machine was too late to judge rule E2"
            ),
            "half of five seconds excuse it: {text}"
        );
        assert!(text.contains("means   the machine took "), "{text}");
        assert_ne!(code, Some(0), "what is not known is no pass: {text}");
    }

    pub(super) fn a_limit_of_which_enough_was_left_is_missed() {
        // The machine may really be late for a while, and is given other chances.
        let stop = Duration::from_millis(200);
        let mut tries = (0..3).map(|_| stopped("never elects", "2B::basic_agree", stop).0);
        let is_failed = |text: &String| text.contains("2B::basic_agree FAIL  rule E2");
        assert!(
            tries.any(|text| is_failed(&text)),
            "0.2 s of ten, and a second for an election, excuse nothing"
        );
    }

    pub(super) fn two_leaders_stay_two_leaders() {
        let (text, code) = stopped("all lead", "2A::initial_election", Duration::from_millis(2500));
        assert!(
            text.contains("2A::initial_election FAIL  rule E5: one vote per term"),
            "no lateness excuses it: {text}"
        );
        assert_ne!(code, Some(0), "{text}");
    }
}
