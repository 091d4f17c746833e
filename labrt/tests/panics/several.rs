//! Of several panics, the first is told, and none that followed from it.

use labrt::thread;
use labrt_host::{Machine, run};

use crate::common::{FOR_EVER, MILLI, clocks, panics};

#[test]
fn the_first_of_several_counts() {
    for config in clocks() {
        let outcome = run(&config, || {
            for number in 0..4 {
                thread::spawn(move || {
                    thread::sleep(MILLI * (20 * number + 1));
                    panic!("number {number}");
                });
            }
            thread::sleep(FOR_EVER);
        });
        let failure = outcome.unwrap_failure();
        assert!(failure.message.starts_with("number 0\nat "), "the first: {failure}");
    }
}

#[test]
fn what_is_told_of_a_panic_in_a_call_is_never_what_the_caller_makes_of_it() {
    let program = || {
        let answer = Machine::new("callee").call("panics", || panic!("from the callee"));
        let () = answer.expect("the caller goes on, and panics too");
    };
    // Which of the two threads is faster is chance under the real clock.
    for round in 0..200 {
        panics(program, |clock, failure| {
            let message = &failure.message;
            assert!(message.starts_with("from the callee\n"), "{clock:?} {round}: {failure}");
        });
    }
}
