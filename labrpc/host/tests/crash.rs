//! A crashed machine has no effect any more: not through its ends, not through its handlers, not
//! through what it had under way.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{
    Junk, JunkArgs, JunkClient, JunkReply, JunkServer, Lab, at_least, both_clocks, eventually,
    limit, ms,
};
use labrpc_host::{Delay, EndSpec, Event, Network, Server, Stage};
use labrt::time::Instant;
use labrt::{channel, thread};
use labrt_host::Machine;

/// An enabled end that belongs to a machine.
fn client_on(lab: &Lab, machine: &Machine, name: &str) -> JunkClient {
    let end = lab.network.make_end(EndSpec::new(name).on(machine)).expect("a fresh name");
    lab.network.connect(name, "server99").expect("it exists");
    lab.network.enable(name, true).expect("it exists");
    JunkClient::new(end)
}

both_clocks! {
    fn calls_to_a_crashed_machine_get_no_reply() {
        let lab = Lab::new();
        let client = lab.client("a");
        assert!(client.handler2(&1).is_ok(), "a reliable network");
        lab.machine.crash();
        let begun = Instant::now();
        assert!(client.handler2(&2).is_err(), "the server is down");
        assert!(begun.elapsed() < limit(ms(100)), "took {:?}", begun.elapsed());
        assert_eq!(lab.network.server_count("server99"), Ok(0), "nobody stands there");
    }

    fn a_call_being_handled_at_the_crash_fails_at_the_next_look() {
        let lab = Lab::new();
        let client = lab.client("a");
        let (sender, receiver) = channel::unbounded();
        let begun = Instant::now();
        thread::spawn(move || sender.send(client.handler3(&1).is_ok()));
        thread::sleep(ms(150));
        lab.machine.crash();
        assert_eq!(receiver.recv_timeout(limit(ms(51))), Ok(false), "over at the look at 200 ms");
        assert!(at_least(ms(200), ms(150)) <= begun.elapsed(), "not before: {:?}", begun.elapsed());
    }

    fn an_end_of_a_crashed_machine_sends_nothing() {
        let lab = Lab::new();
        let machine = Machine::new("client");
        let client = client_on(&lab, &machine, "a");
        let mine = client.clone();
        assert!(machine.call("test", move || mine.handler2(&1).is_ok()).expect("it has not crashed"), "it works");
        machine.crash();
        let (before, begun) = (lab.network.total_count(), Instant::now());
        assert!(client.handler2(&2).is_err(), "even from a living thread that got hold of it");
        assert!(begun.elapsed() < limit(ms(1)), "took {:?}", begun.elapsed());
        assert_eq!(lab.network.total_count(), before, "no call was made");
        assert_eq!(*lab.server.log2.lock(), [1], "nothing was handled");
    }

    fn what_a_crashed_machine_had_under_way_is_lost() {
        let lab = Lab::new();
        let machine = Machine::new("client");
        let client = client_on(&lab, &machine, "a");
        lab.network.set_latency(Delay::fixed(ms(100)));
        machine.spawn("caller", move || client.handler2(&1).is_ok());
        lab.await_calls(1);
        machine.crash();
        thread::sleep(ms(200));
        assert!(lab.server.log2.lock().is_empty(), "the request never arrives");
    }

    fn a_request_under_way_to_a_machine_that_crashes_is_lost() {
        let lab = Lab::new();
        let client = lab.client("a");
        lab.network.set_latency(Delay::fixed(ms(100)));
        let (sender, receiver) = channel::unbounded();
        thread::spawn(move || sender.send(client.handler2(&1).is_ok()));
        lab.await_calls(1);
        lab.machine.crash();
        assert_eq!(receiver.recv_timeout(limit(ms(101))), Ok(false), "the call returns");
        assert!(lab.server.log2.lock().is_empty(), "it was not handled");
    }

    fn or_arrives_if_the_wire_is_told_to_keep_it() {
        let lab = Lab::new();
        let machine = Machine::new("client");
        let client = client_on(&lab, &machine, "a");
        lab.network.set_latency(Delay::fixed(ms(100)));
        lab.network.set_crashed_traffic_arrives(true);
        machine.spawn("caller", move || client.handler2(&1).is_ok());
        lab.await_calls(1);
        machine.crash();
        eventually(ms(101), "the request arrives", || *lab.server.log2.lock() == [1]);
    }

    fn the_next_incarnation_is_another_server() {
        let mut lab = Lab::new();
        let client = lab.client("a");
        client.handler2(&1).expect("a reliable network");
        lab.machine.crash();
        lab.restart();
        assert!(client.handler2(&2).is_ok(), "the end leads to a name");
        assert_eq!(*lab.server.log2.lock(), [2], "handled by the new one");
        assert_eq!(lab.network.server_count("server99"), Ok(1));
    }

    fn a_server_on_a_machine_that_has_crashed_already_is_down() {
        let lab = Lab::new();
        let client = lab.client("a");
        lab.machine.crash();
        lab.serve();
        assert!(client.handler2(&1).is_err(), "nobody stands there");
    }
}

/// A server that counts how often it is dropped, and calls others while it is.
struct Dropping {
    drops: Arc<AtomicU32>,
    peer: JunkClient,
}

impl Drop for Dropping {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        let _ = self.peer.handler2(&666);
    }
}

impl Junk for Dropping {
    fn handler1(&self, _: String) -> i64 {
        0
    }
    fn handler2(&self, _: i64) -> String {
        String::new()
    }
    fn handler3(&self, _: i64) -> i64 {
        0
    }
    fn handler4(&self, _: Box<JunkArgs>) -> JunkReply {
        JunkReply { x: String::new() }
    }
    fn handler5(&self, _: JunkArgs) -> JunkReply {
        JunkReply { x: String::new() }
    }
    fn handler6(&self, _: String) -> usize {
        0
    }
    fn handler7(&self, _: usize) -> String {
        String::new()
    }
}

fn dropping(lab: &Lab, name: &str) -> (Machine, Arc<AtomicU32>) {
    let machine = Machine::new(name);
    let drops = Arc::new(AtomicU32::new(0));
    let server = Dropping {
        drops: Arc::clone(&drops),
        peer: client_on(lab, &machine, &format!("{name} -> server99")),
    };
    let service = Arc::new(server).into_service();
    lab.network.add_server(name, Server::new(&machine, [service]).expect("one service"));
    (machine, drops)
}

both_clocks! {
    fn the_living_see_no_drop_of_a_crashed_server() {
        let lab = Lab::new();
        let (machine, drops) = dropping(&lab, "x");
        machine.crash();
        thread::sleep(ms(200));
        let (_other, _) = dropping(&lab, "y"); // Makes the network tidy up.
        thread::sleep(ms(100));
        assert_eq!(drops.load(Ordering::SeqCst), 1, "it is dropped");
        assert!(lab.server.log2.lock().is_empty(), "and it calls nobody");
    }

    fn a_server_that_is_replaced_is_dropped() {
        let lab = Lab::new();
        let (_machine, drops) = dropping(&lab, "x");
        lab.network.delete_server("x").expect("it exists");
        thread::sleep(ms(100));
        assert_eq!(drops.load(Ordering::SeqCst), 1, "nobody uses it any more");
    }

    fn ends_do_not_keep_the_network() {
        let client = {
            let lab = Lab::new();
            lab.client("a")
        };
        assert!(client.handler2(&1).is_err(), "its network is gone");
    }
}

/// A handler that does not notice in time that its machine has crashed. Only the real clock has
/// those: it ends a thread at the next labrt call.
#[test]
fn a_handler_that_outlives_its_machine_gives_no_reply() {
    struct Late;
    impl Late {
        const WORK: std::time::Duration = ms(300);
    }
    labrpc::service! {
        /// Works without a labrt call.
        trait Working {
            /// Works.
            fn work(&self, args: u64) -> u64;
        }
        /// Calls a [`Working`] server.
        client WorkingClient;
    }
    impl Working for Late {
        fn work(&self, args: u64) -> u64 {
            let begun = std::time::Instant::now();
            while begun.elapsed() < Self::WORK {
                std::hint::spin_loop();
            }
            args
        }
    }
    common::passes(&labrt_host::RunConfig::real_time(1), || {
        let network = Network::new();
        let machine = Machine::new("server");
        let service = Arc::new(Late).into_service();
        network.add_server("server", Server::new(&machine, [service]).expect("one service"));
        let replies_sent = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&replies_sent);
        network.tap(move |event: &Event<'_>| {
            counted.fetch_add(u32::from(event.stage == Stage::ReplySent), Ordering::SeqCst);
        });
        let end = network.make_end("a").expect("a fresh name");
        network.connect("a", "server").expect("it exists");
        network.enable("a", true).expect("it exists");
        let call = thread::spawn(move || WorkingClient::new(end).work(&1).is_ok());
        thread::sleep(ms(50));
        machine.crash();
        assert!(!call.join().expect("no panic"), "no reply");
        thread::sleep(Late::WORK);
        assert_eq!(replies_sent.load(Ordering::SeqCst), 0, "nothing left the server");
    });
}

/// Crashes the callee at each of its scheduling points in turn: the caller is always told, and
/// the dead never answer.
#[test]
fn a_crash_at_any_step_of_a_handler_ends_the_call() {
    let mut crashed = 0;
    for step in 1..60 {
        let ended = common::passes(&labrt_host::RunConfig::virtual_time(step), move || {
            let network = Network::new();
            let machine = Machine::new("server");
            let server = Arc::new(JunkServer::default());
            network.add_server(
                "server",
                Server::new(&machine, [Arc::clone(&server).into_service()]).expect("one"),
            );
            let end = network.make_end("a").expect("a fresh name");
            network.connect("a", "server").expect("it exists");
            network.enable("a", true).expect("it exists");
            machine.crash_at_step(step);
            let client = JunkClient::new(end);
            for i in 0..10 {
                let was_down = machine.is_crashed();
                match client.handler2(&i) {
                    Ok(reply) => assert!(!was_down, "a reply of the dead: {reply}"),
                    Err(_) => assert!(machine.is_crashed(), "nothing else loses a reply here"),
                }
            }
            machine.is_crashed()
        });
        crashed += u32::from(ended);
    }
    assert!(10 < crashed, "only {crashed} of 59 runs crashed: the sweep sweeps nothing");
}
