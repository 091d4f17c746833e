//! What the tests of the network share: the junk server of the classic tests, and running one
//! source under both clocks.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, unused_macros)]

use std::sync::Arc;
use std::time::Duration;

use labrpc::ClientEnd;
use labrpc_host::{EndSpec, Network, Server};
use labrt::sync::Mutex;
use labrt_host::{Clock, Failure, Machine, RunConfig};
use serde::{Deserialize, Serialize};

/// Seed of whatever needs no particular one.
pub const SEED: u64 = 6824;

/// Makes one test under each clock out of one function.
macro_rules! both_clocks {
    ($($(#[$attribute:meta])* fn $name:ident() $body:block)+) => {
        $(
            mod $name {
                use super::*;

                $(#[$attribute])*
                fn body() $body

                #[test]
                fn under_the_virtual_clock() {
                    for seed in common::SEED..common::SEED + 20 {
                        common::passes(&::labrt_host::RunConfig::virtual_time(seed), body);
                    }
                }

                #[test]
                fn under_the_real_clock() {
                    common::passes(&::labrt_host::RunConfig::real_time(common::SEED), body);
                }
            }
        )+
    };
}
pub(crate) use both_clocks;

/// Runs `main` and gives what it returned; a failed run fails the test with the run's own words.
pub fn passes<T: Send + 'static>(
    config: &RunConfig,
    main: impl FnOnce() -> T + Send + 'static,
) -> T {
    labrt_host::run(config, main)
        .result
        .unwrap_or_else(|failure| panic!("the run failed: {failure}"))
}

/// Runs `main` under the virtual clock and gives the failure that it must end in.
pub fn fails(main: impl FnOnce() + Send + 'static) -> Failure {
    labrt_host::run(&RunConfig::virtual_time(SEED), main).result.expect_err("the run was to fail")
}

fn is_virtual() -> bool {
    labrt_host::clock() == Some(Clock::Virtual)
}

/// An upper limit that the virtual clock keeps exactly; the real clock, on a busy machine, only
/// has to come to an end.
pub fn limit(exact: Duration) -> Duration {
    if is_virtual() { exact } else { Duration::from_secs(10) }
}

/// A lower limit that the virtual clock keeps exactly. Under the real clock threads begin late.
pub fn at_least(exact: Duration, surely: Duration) -> Duration {
    if is_virtual() { exact } else { surely }
}

/// What must be true within `exact` under the virtual clock, and at some time under the real one.
#[track_caller]
pub fn eventually(exact: Duration, what: &str, mut is_true: impl FnMut() -> bool) {
    let begun = labrt_host::now();
    while !is_true() {
        assert!(labrt_host::now() - begun <= limit(exact), "not within {exact:?}: {what}");
        labrt::thread::sleep(ms(1));
    }
}

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JunkArgs {
    pub x: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JunkReply {
    pub x: String,
}

labrpc::service! {
    /// The handlers of the classic labrpc tests.
    pub trait Junk {
        /// Parses and logs a number.
        fn handler1(&self, args: String) -> i64;
        /// Logs a number and gives it a name.
        fn handler2(&self, args: i64) -> String;
        /// Sleeps 20 s under its lock.
        fn handler3(&self, args: i64) -> i64;
        /// Takes its arguments behind a pointer.
        fn handler4(&self, args: Box<JunkArgs>) -> JunkReply;
        /// Takes its arguments as they are.
        fn handler5(&self, args: JunkArgs) -> JunkReply;
        /// The length of a string.
        fn handler6(&self, args: String) -> usize;
        /// A string of a length.
        fn handler7(&self, args: usize) -> String;
    }
    /// Calls a [`Junk`] server.
    pub client JunkClient;
}

/// The server of the classic tests.
#[derive(Default)]
pub struct JunkServer {
    pub log1: Mutex<Vec<String>>,
    pub log2: Mutex<Vec<i64>>,
}

impl Junk for JunkServer {
    fn handler1(&self, args: String) -> i64 {
        let mut log = self.log1.lock();
        log.push(args.clone());
        args.parse().unwrap_or(0)
    }

    fn handler2(&self, args: i64) -> String {
        self.log2.lock().push(args);
        format!("handler2-{args}")
    }

    fn handler3(&self, args: i64) -> i64 {
        let _lock = self.log2.lock();
        labrt::thread::sleep(Duration::from_secs(20));
        -args
    }

    fn handler4(&self, _args: Box<JunkArgs>) -> JunkReply {
        JunkReply { x: "pointer".to_owned() }
    }

    fn handler5(&self, _args: JunkArgs) -> JunkReply {
        JunkReply { x: "no pointer".to_owned() }
    }

    fn handler6(&self, args: String) -> usize {
        args.len()
    }

    fn handler7(&self, args: usize) -> String {
        "y".repeat(args)
    }
}

/// A network with one junk server, `server99`, on a machine of its own.
pub struct Lab {
    pub network: Network,
    pub machine: Machine,
    pub server: Arc<JunkServer>,
}

impl Lab {
    pub fn new() -> Self {
        let (network, machine) = (Network::new(), Machine::new("server99"));
        let lab = Self { network, machine, server: Arc::default() };
        lab.serve();
        lab
    }

    /// Adds the server, or another incarnation of it, on the current machine.
    pub fn serve(&self) {
        let service = Arc::clone(&self.server).into_service();
        self.network
            .add_server("server99", Server::new(&self.machine, [service]).expect("one service"));
    }

    /// A fresh incarnation on a fresh machine.
    pub fn restart(&mut self) {
        self.machine = Machine::new("server99");
        self.server = Arc::default();
        self.serve();
    }

    /// Waits until `count` calls were made.
    pub fn await_calls(&self, count: u64) {
        eventually(ms(100), "the calls were made", || self.network.total_count() == count);
    }

    /// An enabled end to the server.
    pub fn client(&self, name: &str) -> JunkClient {
        let client = self.disabled_client(name);
        self.network.enable(name, true).expect("it was just made");
        client
    }

    /// An end to the server, not enabled yet.
    pub fn disabled_client(&self, name: &str) -> JunkClient {
        JunkClient::new(self.end(name))
    }

    fn end(&self, name: &str) -> ClientEnd {
        let end = self.network.make_end(EndSpec::new(name)).expect("a fresh name");
        self.network.connect(name, "server99").expect("it was just made");
        end
    }
}
