//! The engine works without the net.

use std::time::{Duration, Instant};

use labrt::thread;
use labrt_host::run;

use crate::common::{config, in_child, is_child, printed};

/// Prints what differs with and without the net, and what does not.
fn report() {
    let outcome = run(&config(1), || {
        let begin = Instant::now();
        thread::sleep(Duration::from_secs(5));
        begin.elapsed()
    });
    println!("findings={}", outcome.findings.len());
    println!(
        "hash={}",
        run(&config(1), || thread::sleep(Duration::from_secs(5))).report.event_hash
    );
    println!("seconds={}", outcome.unwrap().as_secs());
    let joined = run(&config(2), || std::thread::spawn(|| 7).join().ok()).result.ok().flatten();
    println!("joined={}", joined.is_some());
}

#[test]
fn switched_off_it_catches_nothing_and_the_engine_does_the_same() {
    const NAME: &str = "off::switched_off_it_catches_nothing_and_the_engine_does_the_same";
    if is_child(NAME) {
        return report();
    }
    let on = in_child(NAME, &[]);
    let off = in_child(NAME, &[("LABRT_SAFETY_NET", "off")]);
    assert!(on.status.success() && off.status.success(), "both end well");
    let (on, off) = (String::from_utf8_lossy(&on.stdout), String::from_utf8_lossy(&off.stdout));
    for (key, with, without) in
        [("findings", "2", "0"), ("seconds", "5", "0"), ("joined", "false", "true")]
    {
        assert_eq!(printed(&on, key), with, "{key} with the net");
        assert_eq!(printed(&off, key), without, "{key} without it");
    }
    assert_eq!(printed(&on, "hash"), printed(&off, "hash"), "the engine's own events");
}
