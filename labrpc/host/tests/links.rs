//! One-way cuts, the settings of single links, duplicates, and when a cut-off call is over.

mod common;

use std::time::Duration;

use common::{JunkClient, Lab, at_least, both_clocks, eventually, limit, ms};
use labrpc_host::{Delay, Duplicates, EndSpec, LinkSettings};
use labrt::time::Instant;
use labrt::{channel, thread};

both_clocks! {
    fn a_cut_there_keeps_requests_from_the_server() {
        let lab = Lab::new();
        let (a, b) = (lab.client("a"), lab.client("b"));
        lab.network.cut("a", "server99").expect("both exist");
        assert!(a.handler2(&1).is_err(), "requests from a are stopped");
        assert!(b.handler2(&2).is_ok(), "b has a link of its own");
        assert_eq!(*lab.server.log2.lock(), [2], "handled");
        assert_eq!(lab.network.server_count("server99"), Ok(1), "calls dispatched");
        assert_eq!(lab.network.total_count(), 2, "calls made");

        lab.network.mend("a", "server99").expect("both exist");
        assert!(a.handler2(&3).is_ok(), "mended");
    }

    fn a_cut_back_keeps_replies_from_the_caller() {
        let lab = Lab::new();
        let a = lab.client("a");
        lab.network.cut("server99", "a").expect("both exist");
        assert!(a.handler2(&1).is_err(), "the reply cannot leave");
        assert_eq!(*lab.server.log2.lock(), [1], "the request was handled all the same");
        lab.network.mend_all();
        assert!(a.handler2(&2).is_ok(), "mended");
    }

    fn one_link_can_lose_everything() {
        let lab = Lab::new();
        let (a, b) = (lab.client("a"), lab.client("b"));
        let lossy = LinkSettings { loss_per_mille: 1000, ..LinkSettings::default() };
        lab.network.set_link("a", "server99", lossy.clone()).expect("both exist");
        assert_eq!(lab.network.link("a", "server99"), Ok(lossy), "what was set");
        assert!(a.handler2(&1).is_err(), "lost on the way there");
        assert!(b.handler2(&2).is_ok(), "b has a link of its own");
        assert_eq!(lab.network.server_count("server99"), Ok(1), "a lost request does not count");
    }

    fn one_link_can_be_slow() {
        let lab = Lab::new();
        let (a, b) = (lab.client("a"), lab.client("b"));
        let slow = LinkSettings { latency: Some(Delay::fixed(ms(150))), ..LinkSettings::default() };
        lab.network.set_link("server99", "a", slow).expect("both exist");
        let begun = Instant::now();
        assert!(a.handler2(&1).is_ok(), "late, not lost");
        assert!(ms(150) <= begun.elapsed(), "the reply took {:?}", begun.elapsed());
        let begun = Instant::now();
        assert!(b.handler2(&1).is_ok(), "a reliable network");
        assert!(begun.elapsed() < limit(ms(150)), "b has a link of its own: {:?}", begun.elapsed());
    }

    fn a_duplicate_at_once_is_handled_twice_and_answered_once() {
        let lab = Lab::new();
        let a = lab.client("a");
        lab.network.set_duplicates(Some(Duplicates { per_mille: 1000, delay: Delay::NONE }));
        for i in 0..10 {
            assert_eq!(a.handler2(&i).expect("a reliable network"), format!("handler2-{i}"));
        }
        eventually(ms(1), "all were handled twice", || lab.server.log2.lock().len() == 20);
        assert_eq!(lab.network.server_count("server99"), Ok(20), "calls dispatched");
        assert_eq!(lab.network.total_count(), 10, "calls made");
        let bytes = lab.network.total_bytes();
        lab.network.set_duplicates(None);
        for i in 0..10 {
            a.handler2(&i).expect("a reliable network");
        }
        assert_eq!(lab.network.total_bytes(), 2 * bytes, "second replies are discarded, and second requests were not sent");
    }

    fn a_duplicate_much_later_reaches_the_next_incarnation() {
        let mut lab = Lab::new();
        let a = lab.client("a");
        let late = Duplicates { per_mille: 1000, delay: Delay::fixed(ms(300)) };
        let link = LinkSettings { duplicates: Some(late), ..LinkSettings::default() };
        lab.network.set_link("a", "server99", link).expect("both exist");
        assert!(a.handler2(&7).is_ok(), "a reliable network");
        lab.machine.crash();
        lab.restart();
        assert!(lab.server.log2.lock().is_empty(), "a fresh server");
        eventually(ms(301), "the old request", || *lab.server.log2.lock() == [7]);
    }

    fn a_call_being_handled_fails_at_the_next_look_after_its_end_is_disabled() {
        let lab = Lab::new();
        let a = lab.client("a");
        let (sender, receiver) = channel::unbounded();
        let begun = Instant::now();
        thread::spawn(move || sender.send(a.handler3(&1).is_ok()));
        thread::sleep(ms(250));
        lab.network.enable("a", false).expect("it exists");
        assert_eq!(receiver.recv_timeout(limit(ms(51))), Ok(false), "over at the look at 300 ms");
        assert!(at_least(ms(300), ms(250)) <= begun.elapsed(), "not before: {:?}", begun.elapsed());
    }

    fn a_disconnect_during_the_handler_loses_the_reply_and_keeps_the_effect() {
        let lab = Lab::new();
        let slow = LinkSettings { latency: Some(Delay::fixed(ms(100))), ..LinkSettings::default() };
        let a = lab.client("a");
        lab.network.set_link("a", "server99", slow).expect("both exist");
        let call = thread::spawn(move || a.handler2(&5).is_ok());
        lab.await_calls(1);
        lab.network.enable("a", false).expect("it exists"); // The request was sent before that.
        assert!(!call.join().expect("no panic"), "the reply is lost");
        assert_eq!(*lab.server.log2.lock(), [5], "the request was handled");
    }

    fn enabling_does_not_rescue_a_call() {
        let lab = Lab::new();
        let a = lab.disabled_client("a");
        let call = thread::spawn(move || (a.handler2(&5).is_ok(), labrt_host::now()));
        lab.await_calls(1);
        lab.network.enable("a", true).expect("it exists");
        assert!(!call.join().expect("no panic").0, "decided when it was made");
        assert!(lab.server.log2.lock().is_empty(), "never handled");
    }
}

#[test]
fn a_link_survives_what_it_joins() {
    common::passes(&labrt_host::RunConfig::virtual_time(1), || {
        let mut lab = Lab::new();
        let end = EndSpec::new("a, life 1").from("a");
        lab.network.make_end(end).expect("a fresh name");
        lab.network.cut("a", "server99").expect("both exist");
        lab.restart();
        let end = lab.network.make_end(EndSpec::new("a, life 2").from("a")).expect("a fresh name");
        lab.network.connect("a, life 2", "server99").expect("it exists");
        lab.network.enable("a, life 2", true).expect("it exists");
        assert!(JunkClient::new(end).handler2(&1).is_err(), "the link from a is still cut");
    });
}

#[test]
fn an_unanswered_call_waits_as_long_as_an_unreachable_one() {
    common::passes(&labrt_host::RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        let a = lab.client("a");
        lab.network.set_long_delays(true);
        lab.network.cut("server99", "a").expect("both exist");
        let mut longest = Duration::ZERO;
        for i in 0..50 {
            let begun = Instant::now();
            assert!(a.handler2(&i).is_err(), "the reply cannot leave");
            longest = longest.max(begun.elapsed());
        }
        assert!(ms(5000) < longest && longest < ms(7000), "50 calls, the longest {longest:?}");
    });
}

/// Under the virtual clock only: a busy machine would be late for the right moments.
#[test]
fn a_look_that_finds_the_end_enabled_again_lets_the_call_live() {
    common::passes(&labrt_host::RunConfig::virtual_time(1), || {
        let lab = Lab::new();
        let a = lab.client("a");
        let (sender, receiver) = channel::unbounded();
        thread::spawn(move || sender.send(a.handler3(&1).is_ok()));
        thread::sleep(ms(220));
        lab.network.enable("a", false).expect("it exists");
        thread::sleep(ms(20));
        lab.network.enable("a", true).expect("it exists");
        assert!(receiver.recv_timeout(ms(1000)).is_err(), "the call goes on");
        lab.network.enable("a", false).expect("it exists");
        assert_eq!(
            receiver.recv_timeout(limit(ms(100))),
            Ok(false),
            "until a look finds it disabled"
        );
    });
}
