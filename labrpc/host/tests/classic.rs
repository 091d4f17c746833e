//! The classic labrpc tests, by name, each under both clocks.

mod common;

use std::sync::Arc;

use common::{JunkArgs, Lab, both_clocks, limit, ms};
use labrpc::RpcError;
use labrpc_host::NetworkError;
use labrt::{channel, thread, time::Instant};

both_clocks! {
    fn test_basic() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        assert_eq!(client.handler2(&111).expect("a reliable network"), "handler2-111");
        assert_eq!(client.handler1(&"9099".to_owned()).expect("a reliable network"), 9099);
    }

    // Behind a pointer or not, arguments arrive as values: nothing is shared.
    fn test_types() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        assert_eq!(client.handler4(&Box::new(JunkArgs { x: 1 })).expect("a reliable network").x, "pointer");
        assert_eq!(client.handler5(&JunkArgs { x: 1 }).expect("a reliable network").x, "no pointer");
    }

    fn test_disconnect() {
        let lab = Lab::new();
        let client = lab.disabled_client("end1-99");
        assert!(matches!(client.handler2(&111), Err(RpcError::NoReply)), "the end was never enabled");
        lab.network.enable("end1-99", true).expect("it exists");
        assert_eq!(client.handler1(&"9099".to_owned()).expect("a reliable network"), 9099);
    }

    fn test_counts() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        for i in 0..17 {
            assert_eq!(client.handler2(&i).expect("a reliable network"), format!("handler2-{i}"));
        }
        assert_eq!(lab.network.server_count("server99"), Ok(17), "calls dispatched");
        assert_eq!(lab.network.total_count(), 17, "calls made");
    }

    // The lower bounds are the classic ones: the payload was carried. The upper bounds were made
    // for gob, which sends type descriptors; labgob's overhead here is a few bytes a message.
    fn test_bytes() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        let text = "xxxx".repeat(71);
        for _ in 0..17 {
            assert_eq!(client.handler6(&text).expect("a reliable network"), text.len());
        }
        let first = lab.network.total_bytes();
        assert!((17 * 284..17 * (284 + 16)).contains(&first), "17 arguments of 284 characters took {first} bytes");

        for _ in 0..17 {
            assert_eq!(client.handler7(&107).expect("a reliable network").len(), 107);
        }
        let second = lab.network.total_bytes() - first;
        assert!((17 * 107..17 * (107 + 16)).contains(&second), "17 replies of 107 characters took {second} bytes");
    }

    fn test_concurrent_many() {
        let lab = Lab::new();
        let clients: Vec<_> = (0..20)
            .map(|i| {
                let client = lab.client(&format!("end{i}"));
                thread::spawn(move || {
                    (0..10).filter(|j| {
                        let arg = i * 100 + j;
                        client.handler2(&arg).expect("a reliable network") == format!("handler2-{arg}")
                    }).count()
                })
            })
            .collect();
        let right: usize = clients.into_iter().map(|client| client.join().expect("no panic")).sum();
        assert_eq!(right, 200, "right replies");
        assert_eq!(lab.network.server_count("server99"), Ok(200), "calls dispatched");
    }

    fn test_unreliable() {
        let lab = Lab::new();
        lab.network.set_reliable(false);
        let clients: Vec<_> = (0..300)
            .map(|i| {
                let client = lab.client(&format!("end{i}"));
                thread::spawn(move || {
                    let reply = client.handler2(&(i * 100));
                    if let Ok(reply) = &reply {
                        assert_eq!(*reply, format!("handler2-{}", i * 100), "a wrong reply");
                    }
                    usize::from(reply.is_ok())
                })
            })
            .collect();
        let replies: usize = clients.into_iter().map(|client| client.join().expect("no panic")).sum();
        assert!(0 < replies && replies < 300, "{replies} of 300 calls got a reply on an unreliable network");
    }

    fn test_concurrent_one() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        let calls: Vec<_> = (0..20)
            .map(|i| {
                let client = client.clone();
                thread::spawn(move || client.handler2(&i).expect("a reliable network") == format!("handler2-{i}"))
            })
            .collect();
        assert!(calls.into_iter().all(|call| call.join().expect("no panic")), "a wrong reply");
        assert_eq!(lab.server.log2.lock().len(), 20, "handled");
        assert_eq!(lab.network.server_count("server99"), Ok(20), "calls dispatched");
    }

    // Calls that were made while the end was disabled must not stand in the way of a later one.
    fn test_regression1() {
        let lab = Lab::new();
        let client = lab.disabled_client("end1-99");
        let early: Vec<_> = (0..20)
            .map(|i| {
                let client = client.clone();
                thread::spawn(move || client.handler2(&(100 + i)).is_ok())
            })
            .collect();
        lab.await_calls(20);

        let enabled = Instant::now();
        lab.network.enable("end1-99", true).expect("it exists");
        assert_eq!(client.handler2(&99).expect("it is enabled"), "handler2-99");
        let took = enabled.elapsed();
        assert!(took <= limit(ms(30)), "the call took {took:?}");

        let late = early.into_iter().map(|call| call.join().expect("no panic")).filter(|&ok| ok).count();
        assert_eq!(late, 0, "enabling does not rescue calls made before");
        assert_eq!(*lab.server.log2.lock(), [99], "handled");
        assert_eq!(lab.network.server_count("server99"), Ok(1), "calls dispatched");
    }

    // A call whose server is deleted while its handler runs returns at the next look.
    fn test_killed() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        let (sender, receiver) = channel::unbounded();
        thread::spawn(move || sender.send(client.handler3(&99).is_ok()));

        thread::sleep(ms(1000));
        assert!(receiver.recv_timeout(ms(100)).is_err(), "the handler takes 20 s, the call returned before that");
        lab.network.delete_server("server99").expect("it exists");
        // 1 ms more than the classic test allows: the handler began a moment after the call, so
        // its looks are a moment late.
        assert_eq!(receiver.recv_timeout(limit(ms(101))), Ok(false), "the call is over without a reply");
    }

    // Switching while a call is pending that will fail.
    fn test_long_delay_race() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        lab.network.delete_server("server99").expect("it exists");
        let (sender, receiver) = channel::unbounded();
        thread::spawn(move || sender.send(client.handler2(&99).is_ok()));
        lab.await_calls(1);
        lab.network.set_long_delays(true);
        assert_eq!(receiver.recv_timeout(limit(ms(100))), Ok(false), "drawn before the switch was thrown");
        assert!(lab.network.is_long_delays(), "and it was thrown");
    }

    // Not in the classic tests, but promised by its comments.
    fn calls_after_cleanup_fail_at_once() {
        let lab = Lab::new();
        let client = lab.client("end1-99");
        lab.network.set_long_delays(true);
        lab.network.cleanup();
        let begun = Instant::now();
        assert!(client.handler2(&1).is_err(), "the network is gone");
        assert!(begun.elapsed() < limit(ms(1)), "took {:?}", begun.elapsed());
        assert_eq!(lab.network.total_count(), 0, "not even counted");
    }

    fn a_replaced_server_begins_at_zero_and_a_deleted_one_is_zero() {
        let mut lab = Lab::new();
        let client = lab.client("end1-99");
        client.handler2(&1).expect("a reliable network");
        assert_eq!(lab.network.server_count("server99"), Ok(1));
        lab.restart();
        assert_eq!(lab.network.server_count("server99"), Ok(0), "another server under the name");
        client.handler2(&1).expect("a reliable network");
        assert_eq!(Arc::clone(&lab.server).log2.lock().len(), 1, "the new one has handled it");
        lab.network.delete_server("server99").expect("it exists");
        assert_eq!(lab.network.server_count("server99"), Ok(0));
        assert!(matches!(lab.network.server_count("server98"), Err(NetworkError::UnknownServer { .. })));
    }
}
