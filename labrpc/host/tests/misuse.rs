//! What a host or a submission can do wrong is an error that says what there is instead.

mod common;

use std::sync::Arc;

use common::{Junk, JunkServer, Lab};
use labrpc_host::{Network, Server};
use labrt_host::{FailureKind, Machine, RunConfig};

labrpc::service! {
    /// Nobody registers this one.
    trait Absent {
        /// Never handled.
        fn ask(&self, args: u64) -> u64;
    }
    /// Calls an [`Absent`] server.
    client AbsentClient;
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[test]
fn a_wrong_name_is_an_error_that_lists_the_right_ones() {
    common::passes(&RunConfig::virtual_time(1), || {
        let network = Network::new();
        assert_eq!(
            text(network.enable("x", true).expect_err("no such end")),
            "no end is named `x`; there are no ends yet"
        );
        network.make_end("b").expect("a fresh name");
        network.make_end("a").expect("a fresh name");
        for error in
            [network.enable("x", true), network.connect("x", "server99"), network.delete_end("x")]
        {
            assert_eq!(
                text(error.expect_err("no such end")),
                "no end is named `x`; there are the ends `a`, `b`"
            );
        }
        assert_eq!(
            text(network.make_end("a").expect_err("taken")),
            "an end named `a` exists already: each incarnation of a server needs ends with fresh names"
        );
        assert_eq!(
            text(network.server_count("server1").expect_err("never added")),
            "no server named `server1` was ever added; there are no servers yet"
        );
        network.connect("a", "server1").expect("the server may come later");
        let service = Arc::new(JunkServer::default()).into_service();
        network.add_server(
            "server0",
            Server::new(&Machine::new("m"), [service]).expect("one service"),
        );
        assert_eq!(
            text(network.delete_server("server1").expect_err("never added")),
            "no server named `server1` was ever added; there are the servers `server0`"
        );
        assert_eq!(
            text(network.cut("a", "server2").expect_err("never heard of")),
            "no link begins or ends at `server2`; there are the names `a`, `b`, `server0`, `server1`"
        );
        for i in 0..10 {
            network.make_end(format!("c{i}")).expect("a fresh name");
        }
        assert_eq!(
            text(network.delete_end("x").expect_err("no such end")),
            "no end is named `x`; there are the ends `a`, `b`, `c0`, `c1`, `c2`, `c3`, `c4`, `c5` and 4 more"
        );
    });
}

#[test]
fn a_deleted_end_leaves_its_name_free() {
    common::passes(&RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        let old = lab.client("a");
        lab.network.delete_end("a").expect("it exists");
        let new = lab.client("a");
        assert!(old.handler2(&1).is_err(), "the old end leads nowhere");
        assert!(new.handler2(&1).is_ok(), "the new one does");
    });
}

#[test]
fn two_services_of_one_name_are_refused() {
    common::passes(&RunConfig::virtual_time(1), || {
        let service = || Arc::new(JunkServer::default()).into_service();
        let error =
            Server::new(&Machine::new("m"), [service(), service()]).expect_err("both are `Junk`");
        assert_eq!(text(error), "a server cannot have two services named `Junk`");
    });
}

#[test]
fn calling_what_nobody_registered_ends_the_run_and_names_the_line() {
    let line = line!() + 7;
    let failure = common::fails(|| {
        let lab = Lab::new();
        let end = lab.network.make_end("a").expect("a fresh name");
        lab.network.connect("a", "server99").expect("it exists");
        lab.network.enable("a", true).expect("it exists");
        let client = AbsentClient::new(end);
        let _ = client.ask(&1);
    });
    assert_eq!(failure.kind, FailureKind::Host);
    let file = file!();
    assert_eq!(
        failure.message,
        format!(
            "RPC Absent.ask was called at {file}:{line}:24, and server `server99` has no such method\n\
             it offers `Junk` with handler1, handler2, handler3, handler4, handler5, handler6, handler7\n\
             means   every service that is called has to be registered with the network by the server"
        )
    );
}

#[test]
fn calling_it_where_no_server_stands_is_only_a_call_without_reply() {
    common::passes(&RunConfig::virtual_time(1), || {
        let network = Network::new();
        let end = network.make_end("a").expect("a fresh name");
        network.enable("a", true).expect("it exists");
        let client = AbsentClient::new(end);
        assert!(client.ask(&1).is_err(), "the end was never connected");
        network.connect("a", "server99").expect("it exists");
        assert!(client.ask(&1).is_err(), "no server stands there");
        assert_eq!(network.total_count(), 2, "both count");
    });
}

/// The line of the call is the student's, not one of the stub or the network.
#[test]
fn a_call_under_a_lock_is_found_at_the_line_of_the_call() {
    let outcome = labrt_host::run(&RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        let client = lab.client("a");
        let state = labrt::sync::Mutex::new(());
        client.handler2(&1).expect("a reliable network"); // Without a lock: nothing to find.
        let guard = state.lock();
        let line = line!() + 1;
        client.handler2(&1).expect("a reliable network");
        drop(guard);
        line
    });
    let line = outcome.result.expect("only a finding");
    let found: Vec<_> = outcome.findings.iter().map(text).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("rule L4: waits for an RPC reply"), "{found:?}");
    assert!(found[0].contains(&format!("{}:{line}:", file!())), "line {line}: {found:?}");
}

labrpc::service! {
    /// Replies with what labgob refuses to write.
    trait Mute {
        /// Cannot be answered.
        fn ask(&self, args: u64) -> u128;
    }
    /// Calls a [`Mute`] server.
    client MuteClient;
}

struct Muted;

impl Mute for Muted {
    fn ask(&self, _: u64) -> u128 {
        u128::MAX
    }
}

#[test]
fn a_reply_that_cannot_be_written_ends_the_run() {
    let failure = common::fails(|| {
        let network = Network::new();
        let service = Arc::new(Muted).into_service();
        network.add_server("s", Server::new(&Machine::new("m"), [service]).expect("one service"));
        let end = network.make_end("a").expect("a fresh name");
        network.connect("a", "s").expect("it exists");
        network.enable("a", true).expect("it exists");
        let _ = MuteClient::new(end).ask(&1);
    });
    assert_eq!((failure.kind, failure.machine.as_deref()), (FailureKind::Host, Some("m")));
    let beginning = "RPC Mute.ask could not be handled: the reply to Mute.ask cannot be sent: ";
    assert!(failure.message.starts_with(beginning), "{}", failure.message);
}
