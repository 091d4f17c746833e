//! std's clocks and sleep.

use std::time::{Duration, Instant, SystemTime};

use labrt::thread;
use labrt_host::{Finding, FindingKind, run};

use crate::common::place;
use crate::common::{both_backends, config};

fn foreign_calls(findings: &[Finding]) -> Vec<(&str, &str, &str, u64)> {
    let calls = findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::ForeignCall { call, place, .. } => {
            Some((*call, place.as_str(), finding.thread.as_str(), finding.count))
        }
        _ => None,
    });
    calls.collect()
}

#[test]
fn the_labs_own_clock_and_sleep_are_let_alone() {
    for backend in both_backends() {
        let outcome = run(&config(1).backend(backend), || {
            let begin = labrt::time::Instant::now();
            thread::sleep(Duration::from_secs(40));
            begin.elapsed()
        });
        assert_eq!(outcome.findings, [], "nothing foreign was called");
        assert!(Duration::from_secs(40) <= outcome.unwrap(), "the sleep took its time");
    }
}

#[test]
fn stds_clocks_give_virtual_time_and_each_place_is_a_finding() {
    for backend in both_backends() {
        let outcome = run(&config(2).backend(backend), || {
            let mut places = Vec::new();
            let mut elapsed = Duration::ZERO;
            for _ in 0..3 {
                places = vec![place!(1)];
                let begin = Instant::now();
                thread::sleep(Duration::from_secs(5));
                places.push(place!(1));
                elapsed = begin.elapsed();
            }
            places.push(place!(1));
            let day = SystemTime::now();
            (places, elapsed, day.duration_since(SystemTime::UNIX_EPOCH))
        });
        let findings = outcome.findings.clone();
        let (places, elapsed, day) = outcome.unwrap();
        assert_eq!(elapsed.as_secs(), 5, "std's clock follows the lab's");
        assert!(day.is_ok_and(|day| day.as_secs() == 1_700_000_015), "the day is always the same");
        assert_eq!(
            foreign_calls(&findings),
            [
                ("std::time::Instant::now", places[0].as_str(), "main", 3),
                ("std::time::Instant::now", places[1].as_str(), "main", 3),
                ("std::time::SystemTime::now", places[2].as_str(), "main", 1),
            ],
            "each place once, counted"
        );
        let text = findings[0].to_string();
        assert!(text.contains("use labrt::time::Instant::now"), "it says what to write: {text}");
    }
}

#[test]
fn stds_sleep_is_virtual_and_others_run_meanwhile() {
    for backend in both_backends() {
        let wall = Instant::now();
        let outcome = run(&config(3).backend(backend), || {
            let ticker =
                thread::spawn(|| (0..10).for_each(|_| thread::sleep(Duration::from_secs(1))));
            let place = place!(1);
            std::thread::sleep(Duration::from_secs(60));
            assert!(ticker.is_finished(), "it ticked while main slept");
            (place, labrt_host::now())
        });
        let findings = outcome.findings.clone();
        let (place, now) = outcome.unwrap();
        assert_eq!(now.as_secs(), 60, "the sleep took its virtual time");
        assert!(wall.elapsed() < Duration::from_secs(30), "and none of the wall's");
        assert_eq!(
            foreign_calls(&findings),
            [("std::thread::sleep", place.as_str(), "main", 1)],
            "the sleep is a finding"
        );
    }
}

#[test]
fn a_loop_that_asks_stds_clock_until_it_is_late_ends() {
    let outcome = run(&config(4), || {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(10) {}
        labrt_host::now()
    });
    assert_eq!(outcome.unwrap().as_millis(), 10, "each look costs a step's time");
}

#[test]
fn a_thread_killed_in_stds_sleep_is_frozen() {
    let outcome = run(&config(5), || {
        let server = labrt_host::Machine::new("server");
        let sleeper = server.spawn("sleeper", || std::thread::sleep(Duration::from_secs(60)));
        thread::sleep(Duration::from_secs(1));
        server.crash();
        drop(sleeper);
        thread::sleep(Duration::from_secs(100));
    });
    assert_eq!(outcome.report.leaked, 1, "it could not be unwound");
    outcome.unwrap();
}

#[test]
fn outside_a_run_the_clock_is_the_walls() {
    let begin = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    let elapsed = begin.elapsed();
    assert!(Duration::from_millis(20) <= elapsed, "std sleeps: {elapsed:?}");
    let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    assert!(day.is_ok_and(|day| 1_750_000_000 < day.as_secs()), "and the day is today's");
}
