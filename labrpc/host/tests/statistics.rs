//! The delays and losses are distributed as stated. Virtual clock, fixed seeds: a test here
//! passes always or never.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{JunkClient, Lab, ms};
use labrpc_host::Delay;
use labrt::channel;
use labrt::time::Instant;
use labrt_host::{Limits, RunConfig};
use parking_lot::Mutex;

/// Upper 99.9 % points of the chi-square distribution, by degrees of freedom.
const CHI_SQUARE_19: f64 = 43.82;
const CHI_SQUARE_26: f64 = 54.05;
const CHI_SQUARE_99: f64 = 148.23;

/// Runs under the virtual clock with time enough for calls that take seconds each.
fn run<T: Send + 'static>(seed: u64, main: impl FnOnce() -> T + Send + 'static) -> T {
    let limits = Limits { virtual_time: Duration::from_secs(1_000_000), ..Limits::default() };
    common::passes(&RunConfig::virtual_time(seed).limits(limits), main)
}

fn chi_square(observed: &[u64], expected: impl Fn(usize) -> f64) -> f64 {
    observed.iter().enumerate().map(|(i, &n)| (n as f64 - expected(i)).powi(2) / expected(i)).sum()
}

fn timed(client: &JunkClient, arg: i64) -> (bool, Duration) {
    let begun = Instant::now();
    let replied = client.handler2(&arg).is_ok();
    (replied, begun.elapsed())
}

/// How often each number of whole milliseconds below `buckets` came up.
fn histogram(times: &[Duration], buckets: usize, width_ms: u64, from_ms: u64) -> Vec<u64> {
    let mut counts = vec![0; buckets];
    for time in times {
        let bucket = (time.as_millis() as u64 - from_ms) / width_ms;
        counts[bucket as usize] += 1;
    }
    counts
}

#[test]
fn an_unreliable_network_delays_requests_by_0_to_26_ms() {
    const CALLS: u64 = 27_000;
    let times = run(1, || {
        let lab = Lab::new();
        lab.network.set_reliable(false);
        let client = lab.client("end");
        (0..CALLS).map(|_| timed(&client, 0).1).collect::<Vec<_>>()
    });
    let counts = histogram(&times, 27, 1, 0); // Beyond 26 ms: out of bounds.
    let chi = chi_square(&counts, |_| CALLS as f64 / 27.0);
    assert!(
        chi < CHI_SQUARE_26,
        "not uniform over 0..26 ms: chi-square {chi:.1}, counts {counts:?}"
    );
}

#[test]
fn an_unreliable_network_loses_a_tenth_of_requests_and_a_tenth_of_replies() {
    const CALLS: u64 = 40_000;
    let (replies, dispatched) = run(2, || {
        let lab = Lab::new();
        lab.network.set_reliable(false);
        let client = lab.client("end");
        let replies = (0..CALLS).filter(|_| client.handler2(&0).is_ok()).count() as f64;
        (replies, lab.network.server_count("server99").expect("it exists") as f64)
    });
    // Four standard deviations of a binomial: 240 of 40,000, and 228 of 36,000.
    let lost_requests = CALLS as f64 - dispatched;
    assert!((lost_requests - 4_000.0).abs() < 240.0, "{lost_requests} of 40,000 requests lost");
    let lost_replies = dispatched - replies;
    assert!(
        (lost_replies - dispatched / 10.0).abs() < 228.0,
        "{lost_replies} of {dispatched} replies lost"
    );
}

#[test]
fn a_reliable_network_delays_and_loses_nothing() {
    run(3, || {
        let lab = Lab::new();
        let client = lab.client("end");
        for i in 0..1000 {
            let (replied, time) = timed(&client, i);
            assert!(replied && time < ms(1), "call {i} took {time:?}");
        }
    });
}

/// How long calls to nobody take.
fn failures(seed: u64, long_delays: bool, calls: usize) -> Vec<Duration> {
    run(seed, move || {
        let lab = Lab::new();
        lab.network.set_long_delays(long_delays);
        let client = lab.disabled_client("end");
        (0..calls)
            .map(|_| {
                let (replied, time) = timed(&client, 0);
                assert!(!replied, "the end is disabled");
                time
            })
            .collect()
    })
}

#[test]
fn a_call_to_nobody_fails_after_0_to_99_ms() {
    let counts = histogram(&failures(4, false, 20_000), 100, 1, 0);
    let chi = chi_square(&counts, |_| 200.0);
    assert!(
        chi < CHI_SQUARE_99,
        "not uniform over 0..99 ms: chi-square {chi:.1}, counts {counts:?}"
    );
}

#[test]
fn with_long_delays_it_fails_after_0_to_6999_ms() {
    let counts = histogram(&failures(5, true, 20_000), 100, 70, 0);
    let chi = chi_square(&counts, |_| 200.0);
    assert!(
        chi < CHI_SQUARE_99,
        "not uniform over 0..6999 ms: chi-square {chi:.1}, counts {counts:?}"
    );
}

#[test]
fn long_reordering_delays_two_thirds_of_the_replies_by_200_to_2199_ms() {
    const CALLS: usize = 30_000;
    let times = run(6, || {
        let lab = Lab::new();
        lab.network.set_long_reordering(true);
        let client = lab.client("end");
        (0..CALLS)
            .map(|_| {
                let (replied, time) = timed(&client, 0);
                assert!(replied, "nothing is lost");
                time
            })
            .collect::<Vec<_>>()
    });
    let late: Vec<_> = times.iter().copied().filter(|time| ms(1) <= *time).collect();
    // Four standard deviations: 327 of 30,000.
    assert!((late.len() as f64 - 20_000.0).abs() < 327.0, "{} of 30,000 replies late", late.len());

    // P(r = k) is the mean, over all m from 0 to 1999, of 1/(m+1) where k <= m.
    let probability = |r: usize| (r..2000).map(|m| 1.0 / (m + 1) as f64).sum::<f64>() / 2000.0;
    let by_bin: Vec<f64> =
        (0..20).map(|bin| (bin * 100..(bin + 1) * 100).map(probability).sum()).collect();
    let counts = histogram(&late, 20, 100, 200);
    let chi = chi_square(&counts, |bin| by_bin[bin] * late.len() as f64);
    assert!(chi < CHI_SQUARE_19, "not 200 + r ms: chi-square {chi:.1}, counts {counts:?}");
}

#[test]
fn long_reordering_does_not_delay_requests() {
    run(7, || {
        let lab = Lab::new();
        lab.network.set_long_reordering(true);
        let client = lab.client("end");
        let begun = Instant::now();
        let (sender, receiver) = channel::unbounded();
        for i in 0..50 {
            let (client, sender) = (client.clone(), sender.clone());
            labrt::thread::spawn(move || sender.send((i, client.handler2(&i).is_ok())));
        }
        drop(sender);
        while lab.network.server_count("server99").expect("it exists") < 50 {
            labrt::thread::sleep(ms(1));
        }
        assert!(begun.elapsed() < ms(50), "50 requests were handled after {:?}", begun.elapsed());

        let replies: Vec<_> = receiver.iter().collect();
        assert_eq!(replies.len(), 50, "all calls return");
        assert!(!replies.is_sorted(), "the replies arrived in the order of the calls");
    });
}

#[test]
fn the_latency_is_what_was_set_for_each_way() {
    run(8, || {
        let lab = Lab::new();
        let client = lab.client("end");
        lab.network.set_latency(Delay::uniform(ms(2), ms(5)));
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&arrivals);
        lab.network.tap(move |event: &labrpc_host::Event<'_>| {
            if event.stage == labrpc_host::Stage::RequestDispatched {
                seen.lock().push(event.at);
            }
        });
        let mut there_and_back = Vec::new();
        for _ in 0..4000 {
            let begun = labrt_host::now();
            client.handler2(&0).expect("a reliable network");
            let arrived = *arrivals.lock().last().expect("it was dispatched");
            there_and_back.push((arrived - begun, labrt_host::now() - arrived));
        }
        for (there, back) in &there_and_back {
            assert!((ms(2)..ms(6)).contains(there), "a request took {there:?}");
            assert!((ms(2)..ms(6)).contains(back), "a reply took {back:?}");
        }
        let mean =
            there_and_back.iter().map(|(there, back)| (*there + *back).as_secs_f64()).sum::<f64>()
                / 4000.0;
        assert!((mean - 0.007).abs() < 0.0001, "mean round trip {mean} s, expected 7 ms");
    });
}
