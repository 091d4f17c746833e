//! A finding: counted per pair of places, in the order of time, with a text that has both.

use labrt::sync::{Arc, Mutex};
use labrt::thread;
use labrt_host::{Machine, Operation};

use crate::common::{MILLI, findings, told};
use crate::lines::Lines;

#[test]
fn one_pair_of_places_is_told_once_and_counted() {
    told(Operation::Sleep, 12, |at| {
        let lock = Arc::new(Mutex::new(()));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (lock, at) = (lock.clone(), at.clone());
                thread::spawn(move || {
                    for _ in 0..4 {
                        at.next("locked");
                        let _guard = lock.lock();
                        at.next("waits");
                        thread::sleep(MILLI);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("it returns");
        }
    });
}

#[test]
fn two_places_are_two_findings_in_the_order_of_time() {
    let found = findings(|| {
        let lock = Mutex::new(());
        {
            let _guard = lock.lock();
            thread::sleep(MILLI);
            thread::sleep(MILLI);
        }
        let _guard = lock.lock();
        thread::sleep(MILLI);
    });
    assert_eq!(found.len(), 3, "three pairs: {found:?}");
    assert!(
        found.is_sorted_by_key(|finding| finding.at),
        "in the order of first notice: {found:?}"
    );
}

#[test]
fn the_text_of_a_finding() {
    let lines = Lines::default();
    let at = lines.clone();
    let found = findings(move || {
        let machine = Machine::new("server 2");
        let body = move || {
            let lock = Mutex::new(());
            for _ in 0..3 {
                at.next("locked");
                let _guard = lock.lock();
                at.next("waits");
                thread::sleep(MILLI);
            }
        };
        machine.spawn("applier", body).join().expect("it returns");
    });
    let (locked, slept) = (lines.of("locked"), lines.of("waits"));
    let file = file!();
    assert_eq!(
        found[0].to_string(),
        format!(
            "rule L4: sleeps at {file}:{slept}:17 while it holds the lock taken at {file}:{locked}:35 \
             (thread 'applier' of machine 'server 2', at {:?}, 3 times)",
            found[0].at
        ),
        "rule, both places, who, when, how often"
    );
}
