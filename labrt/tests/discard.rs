//! What a crashed machine owned is dropped without an effect on the living.
#![allow(missing_docs)]

use labrt::channel::{Sender, unbounded};
use labrt::thread;
use labrt::time::Duration;
use labrt_host::{Machine, RunConfig, run};

/// A server's handle that says goodbye.
struct Polite(Sender<&'static str>);

impl Drop for Polite {
    fn drop(&mut self) {
        self.0.send("goodbye").expect("to the destructor a send looks as always");
    }
}

/// What the living receive when a handle is discarded.
fn received(config: &RunConfig, crash: bool) -> Vec<&'static str> {
    let outcome = run(config, move || {
        let machine = Machine::new("server 0");
        let (sender, receiver) = unbounded();
        let handle = Polite(sender);
        if crash {
            machine.crash();
        }
        machine.discard(handle);
        // The end of the channel shows that the value is gone; a second says that nothing hangs.
        let mut seen = Vec::new();
        while let Ok(message) = receiver.recv_timeout(Duration::from_secs(1)) {
            seen.push(message);
        }
        thread::sleep(Duration::from_millis(1));
        seen
    });
    assert_eq!(outcome.report.leaked, 0, "a destructor that does not wait leaks nothing");
    outcome.unwrap()
}

#[test]
fn a_destructor_is_inert_after_the_crash_and_not_before() {
    for config in [RunConfig::virtual_time(1), RunConfig::real_time(1)] {
        assert_eq!(received(&config, false), ["goodbye"], "a living machine's {:?}", config.clock);
        assert_eq!(received(&config, true), [""; 0], "a crashed machine's {:?}", config.clock);
    }
}
