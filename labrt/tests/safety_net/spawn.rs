//! OS threads that labrt knows nothing of.

use labrt::thread;
use labrt_host::{FailureKind, run};

use crate::common::place;
use crate::common::{assert_names, both_backends, config};

#[test]
fn the_labs_own_threads_are_let_alone() {
    for backend in both_backends() {
        let outcome = run(&config(1).backend(backend), || thread::spawn(|| 7).join().ok());
        assert_eq!(outcome.unwrap(), Some(7), "the thread ran");
    }
}

#[test]
fn stds_spawn_fails_the_run() {
    for backend in both_backends() {
        let place = place!(3);
        let outcome = run(&config(2).backend(backend), || {
            let lab_thread = thread::Builder::new().name("spawner".to_owned()).spawn(|| {
                std::thread::spawn(|| ());
            });
            lab_thread.map(thread::JoinHandle::join).expect("the lab thread starts").ok();
        });
        let failure = outcome.unwrap_failure();
        assert_eq!(failure.kind, FailureKind::ForeignThread, "{failure}");
        assert_names(&failure, "spawner", &place);
    }
}

#[test]
fn after_a_run_std_may_spawn_again() {
    run(&config(3), || ()).unwrap();
    assert_eq!(std::thread::spawn(|| 7).join().ok(), Some(7), "the net is gone with the run");
}
