//! What labrt promises its users, each promise once, checked under both clocks from one source.
//!
//! Every function in [`both_clocks!`] becomes two tests: `virtual_::name` runs it under every
//! scheduling policy, some seeds each, on coroutines and on OS threads; `real::name` runs it on
//! the real clock. No promise is about how soon something happens on the wall.
#![allow(missing_docs)]

mod atomics;
mod channels;
mod condvars;
mod locks;
mod rand;
mod rwlocks;
mod select;
mod threads;
mod timers;

use labrt_host::{Backend, Policy, RunConfig, run};

pub(crate) const POLICIES: [Policy; 6] = [
    Policy::Seeded,
    Policy::EveryOperation,
    Policy::Sometimes { one_in: 4 },
    Policy::BlockingOnly,
    Policy::Pct { depth: 3, operations: 100 },
    Policy::Pct { depth: 1, operations: 1 },
];

/// Seeds for each policy.
const SEEDS: u64 = 5;

#[track_caller]
pub(crate) fn under_virtual(program: fn()) {
    for policy in POLICIES {
        for seed in 0..SEEDS {
            let config = RunConfig::virtual_time(seed).policy(policy);
            let outcome = run(&config, program);
            let report = outcome.report;
            if let Err(failure) = outcome.result {
                panic!("{policy:?}, seed {seed}: {failure}");
            }
            assert_eq!(report.leaked, 0, "{policy:?}, seed {seed}: every thread could be ended");
            if seed == 0 {
                let threads = run(&config.backend(Backend::OsThreads), program);
                if let Err(failure) = threads.result {
                    panic!("{policy:?}, seed {seed}, OS threads: {failure}");
                }
                assert_eq!(
                    (threads.report.event_hash, threads.report.steps),
                    (report.event_hash, report.steps),
                    "{policy:?}, seed {seed}: OS threads take the same steps as coroutines"
                );
            }
        }
    }
}

#[track_caller]
pub(crate) fn under_real(program: fn()) {
    let outcome = run(&RunConfig::real_time(1), program);
    let leaked = outcome.report.leaked;
    outcome.unwrap();
    assert_eq!(leaked, 0, "every thread ends with the run");
}

/// Makes a test under each clock of every function.
macro_rules! both_clocks {
    ($($(#[$attribute:meta])* fn $name:ident() $body:block)*) => {
        $($(#[$attribute])* fn $name() $body)*
        mod virtual_ {
            $(#[test] fn $name() { crate::under_virtual(super::$name); })*
        }
        mod real {
            $(#[test] fn $name() { crate::under_real(super::$name); })*
        }
    };
}
pub(crate) use both_clocks;
