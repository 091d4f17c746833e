//! The persister: both values at once, whatever crashes, and nothing after a crash.

use std::sync::Arc;

use labapi::{Persister, SaveObserver};
use labrt_host::{Machine, RunConfig};
use parking_lot::Mutex;

#[test]
fn a_fresh_persister_is_empty() {
    let persister = Persister::default();
    assert!(persister.raft_state().is_empty() && persister.snapshot().is_empty());
    assert_eq!((persister.raft_state_bytes(), persister.snapshot_bytes()), (0, 0));
}

#[test]
fn a_save_replaces_both_and_keeps_copies() {
    let persister = Persister::with(b"old state", b"old snapshot");
    let mut state = b"state".to_vec();
    persister.save(&state, b"");
    state.clear();
    assert_eq!(persister.raft_state(), b"state");
    assert!(persister.snapshot().is_empty(), "an empty snapshot replaces one that is there");
    assert_eq!((persister.raft_state_bytes(), persister.snapshot_bytes()), (5, 0));
}

#[test]
fn a_copy_goes_its_own_way() {
    let original = Persister::with(b"1", b"1");
    let copy = original.copy();
    original.save(b"2", b"2");
    copy.save(b"3", b"3");
    assert_eq!((original.raft_state(), copy.raft_state()), (b"2".to_vec(), b"3".to_vec()));
    assert_eq!(format!("{copy:?}"), "Persister { raft_state_bytes: 1, snapshot_bytes: 1, .. }");
}

/// Writes down what is saved.
#[derive(Default)]
struct Log(Mutex<Vec<(Vec<u8>, Vec<u8>)>>);

impl SaveObserver for Log {
    fn saved(&self, raft_state: &[u8], snapshot: &[u8]) {
        self.0.lock().push((raft_state.to_vec(), snapshot.to_vec()));
    }
}

#[test]
fn an_observer_sees_every_save_and_a_copy_has_none() {
    let log = Arc::new(Log::default());
    let persister = Persister::with(b"0", b"").observed_by(log.clone());
    persister.save(b"1", b"a");
    persister.copy().save(b"unseen", b"");
    persister.save(b"2", b"b");
    assert_eq!(*log.0.lock(), [(b"1".to_vec(), b"a".to_vec()), (b"2".to_vec(), b"b".to_vec())]);
}

/// The persister must hold one number, twice.
fn number(persister: &Persister) -> u8 {
    let (state, snapshot) = (persister.raft_state(), persister.snapshot());
    assert_eq!(state, snapshot, "a state and a snapshot of two saves");
    state[0]
}

#[test]
fn a_crash_at_any_step_leaves_both_old_or_both_new_values() {
    let mut found = std::collections::BTreeSet::new();
    for step in 1..40 {
        let config = RunConfig::virtual_time(step);
        let number = labrt_host::run(&config, move || {
            let persister = Arc::new(Persister::with(&[0], &[0]));
            let machine = Machine::new("server");
            machine.crash_at_step(step);
            let theirs = persister.clone();
            let saver =
                machine.spawn("saver", move || (1..=10).for_each(|i| theirs.save(&[i], &[i])));
            let _ = saver.join();
            number(&persister)
        });
        found.insert(number.unwrap());
    }
    let all: Vec<u8> = (0..=10).collect();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        all,
        "crashes before the first, between any two, after the last"
    );
}

/// Saves when it is dropped, as a thread that is being ended might.
struct SavesInDrop(Arc<Persister>);

impl Drop for SavesInDrop {
    fn drop(&mut self) {
        self.0.save(&[66], &[66]);
    }
}

fn nothing_is_saved_after_a_crash(config: &RunConfig) {
    let number = labrt_host::run(config, || {
        let persister = Arc::new(Persister::with(&[0], &[0]));
        let machine = Machine::new("server");
        let theirs = persister.clone();
        machine.spawn("saver", move || {
            let _saves = SavesInDrop(theirs.clone());
            theirs.save(&[1], &[1]);
            labrt::thread::sleep(std::time::Duration::from_secs(3600));
        });
        labrt::thread::sleep(std::time::Duration::from_millis(200));
        machine.crash();
        labrt::thread::sleep(std::time::Duration::from_millis(200));
        number(&persister)
    });
    assert_eq!(number.unwrap(), 1, "the last save before the crash");
}

#[test]
fn nothing_is_saved_after_a_crash_under_the_virtual_clock() {
    nothing_is_saved_after_a_crash(&RunConfig::virtual_time(1));
}

#[test]
fn nothing_is_saved_after_a_crash_under_the_real_clock() {
    nothing_is_saved_after_a_crash(&RunConfig::real_time(1));
}

#[test]
fn a_save_under_a_lock_is_no_wait() {
    let outcome = labrt_host::run(&RunConfig::virtual_time(1), || {
        let persister = Persister::default();
        let state = labrt::sync::Mutex::new(());
        let _guard = state.lock();
        persister.save(b"1", b"");
    });
    assert_eq!(outcome.findings, [], "rule L4 allows it");
    outcome.unwrap();
}
