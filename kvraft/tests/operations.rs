//! Operations, repeated ones and those that wait at a leader that is none any more (part 3A).

mod common;

use common::{Cluster, ms, passes};
use labapi::KvClerk as _;
use labrpc_host::{Delay, Direction, Duplicates};
use labrt::thread;
use labrt::time::Instant;

#[test]
fn what_one_clerk_writes_another_reads() {
    passes(20, || {
        let mut cluster = Cluster::new(3, None);
        let (mut one, mut other) = (cluster.clerk(&[0, 1, 2]), cluster.clerk(&[2, 0, 1]));
        assert_eq!(one.get("k"), "", "a key that nobody wrote");
        one.put("k", "a");
        other.append("k", "b");
        one.append("l", "c");
        assert_eq!(one.get("k"), "ab", "K1: both writes");
        assert_eq!(other.get("l"), "c", "an append to nothing");
    });
}

#[test]
fn an_operation_takes_a_fraction_of_a_heartbeat_interval() {
    passes(20, || {
        let mut cluster = Cluster::new(3, None);
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        clerk.put("k", "");
        let begin = Instant::now();
        (0..100).for_each(|_| clerk.append("k", "x"));
        assert!(begin.elapsed() < ms(1000), "K10: 100 took {:?}", begin.elapsed());
    });
}

#[test]
fn a_request_that_is_delivered_again_much_later_is_applied_once() {
    passes(20, || {
        let mut cluster = Cluster::new(3, None);
        let delay = Delay::uniform(ms(0), ms(2000));
        cluster.network.set_duplicates(Some(Duplicates { per_mille: 500, delay }));
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        let expected: String = (0..50).map(|number| format!("{number} ")).collect();
        for number in 0..50 {
            clerk.append("k", &format!("{number} "));
        }
        thread::sleep(ms(3000));
        assert_eq!(clerk.get("k"), expected, "K3: each once");
    });
}

#[test]
fn a_request_whose_answer_was_lost_is_applied_once() {
    passes(20, || {
        let mut cluster = Cluster::new(3, None);
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        clerk.put("k", "");
        let answers = cluster.network.hold(|message| {
            message.direction() == Direction::Reply && message.receiver().starts_with("clerk")
        });
        let appending = thread::spawn(move || {
            clerk.append("k", "x");
            clerk
        });
        let lost = answers.wait(1, ms(1000)).expect("it is answered");
        answers.drop_message(lost[0].call()).expect("it is held");
        answers.end();
        let mut clerk = appending.join().expect("it is answered at last");
        assert_eq!(clerk.get("k"), "x", "K3: the second time it is known");
    });
}

#[test]
fn a_leader_that_is_cut_off_sends_its_clerk_elsewhere() {
    passes(20, || {
        let mut cluster = Cluster::new(3, None);
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        clerk.put("k", "a");
        cluster.cut_off(cluster.leader());
        let begin = Instant::now();
        clerk.append("k", "b");
        assert!(begin.elapsed() < ms(5000), "K2: after {:?}", begin.elapsed());
        assert_eq!(clerk.get("k"), "ab", "K3: once, wherever it went");
    });
}

#[test]
fn who_waits_at_a_leader_hears_at_once_that_it_leads_no_more() {
    passes(20, || {
        let mut cluster = Cluster::new(3, None);
        let mut clerk = cluster.clerk(&[0, 1, 2]);
        clerk.put("k", "a");
        let leader = cluster.leader();
        cluster.cut_off(leader);
        thread::sleep(ms(2500)); // The others have elected another by now.

        // This clerk reaches the old leader only, which learns of the new one 200 ms later.
        let mut stuck = cluster.clerk(&[leader]);
        let answers = cluster.network.hold(|message| {
            message.direction() == Direction::Reply && message.receiver().starts_with("clerk")
        });
        let waiting = thread::spawn(move || stuck.append("k", "b"));
        thread::sleep(ms(200));
        cluster.network.mend_all();
        let healed = Instant::now();
        let answer = answers.wait(1, ms(1000)).expect("it is answered");
        let value = format!("{:?}", answer[0].message().value());
        assert!(value.contains("Retry"), "K2: not applied here: {value}");
        assert!(healed.elapsed() < ms(200), "K2: after {:?}, not some time", healed.elapsed());
        answers.end();
        drop(waiting); // It asks until it reaches a leader, and this one is none.
    });
}
