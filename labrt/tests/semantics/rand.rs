//! Random numbers.

use std::collections::BTreeSet;

use labrt::rand::{self, IndexedRandom, Rng, RngMethods, SliceRandom};
use labrt::thread;

use crate::both_clocks;

both_clocks! {
    fn numbers_of_a_range_are_in_it_and_reach_all_of_it() {
        let seen: BTreeSet<u64> = (0..500).map(|_| rand::random_range(300..310)).collect();
        assert_eq!(seen, (300..310).collect(), "every value, and no other");
        let closed: BTreeSet<i8> = (0..100).map(|_| rand::random_range(-1..=1)).collect();
        assert_eq!(closed, BTreeSet::from([-1, 0, 1]), "the end of a closed range too");
    }

    fn numbers_differ() {
        let numbers: BTreeSet<u64> = (0..100).map(|_| rand::random()).collect();
        assert_eq!(numbers.len(), 100, "64 bits do not come twice");
    }

    fn threads_draw_different_numbers() {
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(rand::random::<u64>)).collect();
        let numbers: BTreeSet<u64> =
            threads.into_iter().map(|thread| thread.join().expect("it returns")).collect();
        assert_eq!(numbers.len(), 4, "two servers do not draw the same timeouts");
    }

    fn the_generator_serves_whatever_takes_one() {
        let mut values: Vec<u32> = (0..50).collect();
        values.shuffle(&mut rand::rng());
        assert!(!values.is_sorted(), "shuffled");
        assert!(values.choose(&mut rand::rng()).is_some(), "one of them");
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        assert_ne!(bytes, [0; 32], "filled");
        let share = (0..1000).filter(|_| rand::rng().random_bool(0.1)).count();
        assert!((50..200).contains(&share), "about a tenth, and it was {share}");
        let float: f64 = rand::random();
        assert!((0.0..1.0).contains(&float), "{float} is in 0..1");
    }
}

fn first_numbers(seed: u64, clock: fn(u64) -> labrt_host::RunConfig) -> Vec<u64> {
    labrt_host::run(&clock(seed), || {
        let mut numbers: Vec<u64> = (0..4).map(|_| rand::random()).collect();
        numbers.push(thread::spawn(rand::random).join().expect("it returns"));
        numbers
    })
    .unwrap()
}

#[test]
fn the_seed_decides_under_both_clocks() {
    for clock in [labrt_host::RunConfig::virtual_time, labrt_host::RunConfig::real_time] {
        assert_eq!(
            first_numbers(1, clock),
            first_numbers(1, clock),
            "the same seed, the same numbers"
        );
        assert_ne!(first_numbers(1, clock), first_numbers(2, clock), "another seed, others");
    }
}

#[test]
fn outside_a_run_numbers_differ_too() {
    let numbers: BTreeSet<u64> = (0..10).map(|_| rand::random()).collect();
    assert_eq!(numbers.len(), 10, "64 bits do not come twice");
}
