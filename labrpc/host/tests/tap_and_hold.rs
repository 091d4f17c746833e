//! Every message is seen, with its content by field name; single messages are held back and let
//! go on command.

mod common;

use std::sync::Arc;

use common::{JunkArgs, Lab, both_clocks, eventually, limit, ms};
use labrpc_host::{Cause, Delay, Direction, Duplicates, EndSpec, Event, HoldError, Message, Stage};
use labrt::{channel, thread};
use labrt_host::Machine;
use parking_lot::Mutex;

/// A tap that writes down `call stage sender -> receiver`.
fn transcript(lab: &Lab) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    lab.network.tap(move |event: &Event<'_>| {
        let message = &event.message;
        let line = format!(
            "{} {:?} {} -> {}",
            message.call(),
            event.stage,
            message.sender(),
            message.receiver()
        );
        written.lock().push(line);
    });
    lines
}

fn is_request_for(message: &Message<'_>, x: u64) -> bool {
    message.direction() == Direction::Request
        && message.field("x").and_then(|x| x.as_u64()) == Some(x)
}

both_clocks! {
    fn a_tap_sees_each_stage_of_a_call_in_order() {
        let lab = Lab::new();
        let lines = transcript(&lab);
        let client = lab.client("a");
        client.handler2(&1).expect("a reliable network");
        lab.network.enable("a", false).expect("it exists");
        client.handler2(&2).expect_err("the end is disabled");
        assert_eq!(*lines.lock(), [
            "1 RequestSent a -> server99",
            "1 RequestDispatched a -> server99",
            "1 ReplySent server99 -> a",
            "1 ReplyDelivered server99 -> a",
            "2 RequestSent a -> server99",
            "2 RequestDropped(Unreachable) a -> server99",
        ]);
    }

    fn what_a_tap_has_seen_can_be_sent_again() {
        let lab = Lab::new();
        let seen = Arc::new(Mutex::new(None));
        let written = Arc::clone(&seen);
        lab.network.tap(move |event: &Event<'_>| {
            let message = &event.message;
            written.lock().get_or_insert((message.method(), message.bytes().to_vec()));
        });
        let first = lab.client("a").handler2(&7).expect("a reliable network");
        let (method, bytes) = seen.lock().clone().expect("the tap saw it");
        let _host = lab.client("host");
        let again = lab.network.call("host", method, bytes.clone()).expect("it was made");
        let again = again.map(|reply| labgob::from_bytes(&reply).expect("the same type"));
        assert_eq!(again, Some(first));
        assert_eq!(*lab.server.log2.lock(), [7, 7], "the handler ran twice");
        lab.network.enable("host", false).expect("it was made");
        assert_eq!(lab.network.call("host", method, bytes.clone()), Ok(None), "it reaches nobody");
        lab.network.call("nobody", method, bytes).expect_err("there is no such end");
    }

    fn a_tap_reads_fields_by_name_and_the_request_of_a_reply() {
        let lab = Lab::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&seen);
        lab.network.tap(move |event: &Event<'_>| {
            let asked = event.message.request_field("x").and_then(|x| x.as_i64());
            let text = event.message.field("x").and_then(|x| x.as_str().map(str::to_owned));
            let nothing = event.message.field("no_such_field").is_none();
            written.lock().push((event.message.method().to_string(), asked, text, nothing));
        });
        lab.client("a").handler5(&JunkArgs { x: -7 }).expect("a reliable network");
        let method = "Junk.handler5".to_owned();
        let request = (method.clone(), Some(-7), None, true);
        let reply = (method, Some(-7), Some("no pointer".to_owned()), true);
        assert_eq!(*seen.lock(), [request.clone(), request, reply.clone(), reply]);
    }

    fn a_tap_sees_both_arrivals_of_a_duplicate_and_the_reply_nobody_gets() {
        let lab = Lab::new();
        let lines = transcript(&lab);
        lab.network.set_duplicates(Some(Duplicates { per_mille: 1000, delay: Delay::fixed(ms(50)) }));
        lab.client("a").handler2(&1).expect("a reliable network");
        eventually(ms(51), "the duplicate was handled", || lines.lock().len() == 7);
        assert_eq!(lines.lock()[4..], [
            "1 DuplicateDispatched a -> server99",
            "1 ReplySent server99 -> a",
            "1 ReplyDropped(Duplicate) server99 -> a",
        ]);
    }

    fn a_held_request_arrives_when_it_is_released() {
        let lab = Lab::new();
        let client = lab.client("a");
        let hold = lab.network.hold(|message| is_request_for(message, 2));
        let calls: Vec<_> = (1..=3)
            .map(|x| {
                let client = client.clone();
                thread::spawn(move || client.handler5(&JunkArgs { x }).is_ok())
            })
            .collect();
        let held = hold.wait(1, ms(5000)).expect("the request for 2");
        assert_eq!(held.len(), 1, "only the one that was asked for");
        assert_eq!(held[0].message().sender(), "a");
        eventually(ms(1), "the others go on", || lab.network.server_count("server99") == Ok(2));
        thread::sleep(ms(300));
        assert_eq!(hold.list().len(), 1, "it is still held");

        hold.release(held[0].call()).expect("it is held");
        assert!(calls.into_iter().all(|call| call.join().expect("no panic")), "all are answered");
        assert_eq!(lab.network.server_count("server99"), Ok(3), "and handled");
        assert!(hold.list().is_empty(), "nothing is left");
    }

    fn a_held_reply_arrives_although_its_server_is_gone() {
        let lab = Lab::new();
        let client = lab.client("a");
        let hold = lab.network.hold(|message| message.direction() == Direction::Reply);
        let (sender, receiver) = channel::unbounded();
        thread::spawn(move || sender.send(client.handler2(&1).ok()));
        let held = hold.wait(1, ms(5000)).expect("the reply");
        assert_eq!(*lab.server.log2.lock(), [1], "it was handled");
        lab.machine.crash();
        lab.network.enable("a", false).expect("it exists");
        assert!(receiver.recv_timeout(ms(300)).is_err(), "the caller waits as long as the reply is held");

        hold.release(held[0].call()).expect("it is held");
        assert_eq!(receiver.recv_timeout(limit(ms(1))), Ok(Some("handler2-1".to_owned())));
    }

    fn a_held_request_reaches_the_incarnation_that_stands_there_by_then() {
        let mut lab = Lab::new();
        let client = lab.client("a");
        let hold = lab.network.hold(|message| message.direction() == Direction::Request);
        let call = thread::spawn(move || client.handler2(&7).is_ok());
        let held = hold.wait(1, ms(5000)).expect("the request");
        lab.machine.crash();
        lab.restart();
        hold.release(held[0].call()).expect("it is held");
        assert!(call.join().expect("no panic"), "the new server answers");
        assert_eq!(*lab.server.log2.lock(), [7], "it was handled there");
    }

    fn a_held_request_of_a_crashed_sender_still_arrives() {
        let lab = Lab::new();
        let machine = Machine::new("sender");
        let end = lab.network.make_end(EndSpec::new("a").on(&machine)).expect("a fresh name");
        lab.network.connect("a", "server99").expect("it exists");
        lab.network.enable("a", true).expect("it exists");
        let hold = lab.network.hold(|_| true);
        machine.spawn("caller", move || common::JunkClient::new(end).handler2(&7).is_ok());
        let held = hold.wait(1, ms(5000)).expect("the request");
        assert_eq!(held[0].message().sender(), "sender", "the source of an end is its machine's name");
        machine.crash();
        hold.release(held[0].call()).expect("it is held");
        eventually(ms(1), "it was handled", || *lab.server.log2.lock() == [7]);
    }

    fn a_dropped_message_never_arrives() {
        let lab = Lab::new();
        let lines = transcript(&lab);
        let client = lab.client("a");
        let hold = lab.network.hold(|_| true);
        let call = thread::spawn(move || client.handler2(&7).is_ok());
        let held = hold.wait(1, ms(5000)).expect("the request")[0].call();
        hold.drop_message(held).expect("it is held");
        assert!(!call.join().expect("no panic"), "no reply");
        assert!(lab.server.log2.lock().is_empty(), "never handled");
        assert_eq!(hold.release(held), Err(HoldError::NotHeld { call: held.0 }), "it is gone");
        assert_eq!(*lines.lock(), [
            "1 RequestSent a -> server99",
            "1 RequestHeld a -> server99",
            "1 RequestDropped(OnCommand) a -> server99",
        ]);
    }

    fn the_end_of_a_hold_lets_everything_go() {
        let lab = Lab::new();
        let client = lab.client("a");
        let hold = lab.network.hold(|message| message.direction() == Direction::Request);
        let calls: Vec<_> = (0..5)
            .map(|i| {
                let client = client.clone();
                thread::spawn(move || client.handler2(&i).is_ok())
            })
            .collect();
        assert_eq!(hold.wait(5, ms(5000)).map(|held| held.len()), Ok(5));
        hold.end();
        assert!(calls.into_iter().all(|call| call.join().expect("no panic")), "all are answered");
        assert!(client.handler2(&9).is_ok(), "and nothing is caught any more");
    }

    fn a_message_is_caught_by_the_first_hold_that_wants_it() {
        let lab = Lab::new();
        let client = lab.client("a");
        let (first, second) = (lab.network.hold(|message| is_request_for(message, 1)), lab.network.hold(|_| true));
        let calls: Vec<_> = (1..=2)
            .map(|x| {
                let client = client.clone();
                thread::spawn(move || client.handler5(&JunkArgs { x }).is_ok())
            })
            .collect();
        first.wait(1, ms(5000)).expect("the request for 1");
        second.wait(1, ms(5000)).expect("the request for 2");
        assert!(is_request_for(&first.list()[0].message(), 1) && is_request_for(&second.list()[0].message(), 2));
        second.end();
        first.end();
        assert!(calls.into_iter().all(|call| call.join().expect("no panic")), "all are answered");
    }
}

#[test]
fn waiting_for_what_does_not_come_is_an_error() {
    let error = common::passes(&labrt_host::RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        let begun = labrt_host::now();
        let error = lab.network.hold(|_| true).wait(2, ms(250)).expect_err("nobody calls");
        assert_eq!((labrt_host::now() - begun).as_millis(), 250, "waited");
        error
    });
    assert_eq!(error.to_string(), "0 of 2 messages were held within 250ms");
}

#[test]
fn a_held_message_is_spared_losses() {
    common::passes(&labrt_host::RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        lab.network.set_reliable(false);
        let client = lab.client("a");
        for i in 0..50 {
            let hold = lab.network.hold(|_| true);
            let client = client.clone();
            let call = thread::spawn(move || client.handler2(&i).is_ok());
            for _request_then_reply in 0..2 {
                let held = hold.wait(1, ms(5000)).expect("never lost");
                hold.release(held[0].call()).expect("it is held");
            }
            assert!(call.join().expect("no panic"), "call {i} was answered");
        }
    });
}

#[test]
fn the_causes_of_losses_are_told() {
    common::passes(&labrt_host::RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        let causes = Arc::new(Mutex::new(std::collections::BTreeMap::<Stage, u32>::new()));
        let counted = Arc::clone(&causes);
        lab.network
            .tap(move |event: &Event<'_>| *counted.lock().entry(event.stage).or_default() += 1);
        lab.network.set_reliable(false);
        let client = lab.client("a");
        let replies = (0..1000).filter(|i| client.handler2(i).is_ok()).count() as u32;
        let causes = causes.lock();
        let count = |stage| causes.get(&stage).copied().unwrap_or(0);
        assert_eq!(count(Stage::RequestSent), 1000);
        assert_eq!(
            count(Stage::RequestDropped(Cause::Lost)) + count(Stage::RequestDispatched),
            1000
        );
        assert_eq!(count(Stage::ReplySent), count(Stage::RequestDispatched));
        assert_eq!(count(Stage::ReplyDropped(Cause::Lost)) + replies, count(Stage::ReplySent));
        assert_eq!(count(Stage::ReplyDelivered), replies);
    });
}
