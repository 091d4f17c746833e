//! Machines under the real clock: a crash ends every thread of the machine, whatever it waits for,
//! and disturbs nobody else.

mod real_common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Select, bounded, unbounded};
use labrt_host::real::{self, RealMachine, RealThread};
use parking_lot::{Condvar, Mutex};
use real_common::{here, in_run};

/// Far more than a wake-up takes and far less than any wait below: met also on a busy machine.
const PROMPT: Duration = Duration::from_secs(2);
const FOR_EVER: Duration = Duration::from_secs(3600);

/// Crashes a machine whose only thread is in `wait`, or just before it, many times over.
fn dies_in(wait: impl Fn(&RealThread) + Send + Sync + 'static) {
    in_run(move |thread| {
        let wait = Arc::new(wait);
        for round in 0..60_u32 {
            let machine = RealMachine::new(thread.run(), round, "victim");
            let (begun, begins) = real::oneshot();
            let handle = {
                let wait = wait.clone();
                real::spawn(thread.run(), Some(&machine), "waiter".to_owned(), move || {
                    begun.complete(());
                    wait(here());
                })
            };
            begins.wait(thread).expect("the thread begins");
            // From "has hardly begun" to "sleeps for sure".
            std::thread::sleep(Duration::from_micros(20) * (round % 30));
            let crash = Instant::now();
            machine.crash();
            assert!(handle.join(Some(thread)).is_err(), "a killed thread has no result");
            assert!(
                crash.elapsed() < PROMPT,
                "round {round}: died only after {:?}",
                crash.elapsed()
            );
        }
    });
}

#[test]
fn sleep_ends_at_the_crash() {
    dies_in(|thread| real::sleep(thread, FOR_EVER));
}

#[test]
fn endless_sleep_ends_at_the_crash() {
    dies_in(|thread| real::sleep(thread, Duration::MAX));
}

#[test]
fn condition_wait_ends_at_the_crash() {
    dies_in(|thread| {
        let (condition, lock) = (Condvar::new(), Mutex::new(()));
        let mut guard = lock.lock();
        real::condvar_wait(thread, &condition, &mut guard, None);
    });
}

#[test]
fn timed_condition_wait_ends_at_the_crash() {
    dies_in(|thread| {
        let (condition, lock) = (Condvar::new(), Mutex::new(()));
        let mut guard = lock.lock();
        real::condvar_wait(thread, &condition, &mut guard, Some(Instant::now() + FOR_EVER));
    });
}

#[test]
fn receive_ends_at_the_crash() {
    dies_in(|thread| {
        let (_sender, receiver) = unbounded::<u32>();
        let _ = real::recv(thread, &receiver, None);
    });
}

#[test]
fn send_on_a_full_channel_ends_at_the_crash() {
    dies_in(|thread| {
        let (sender, _receiver) = bounded(1);
        sender.send(1).expect("there is room for one");
        let _ = real::send(thread, &sender, 2, None);
    });
}

#[test]
fn rendezvous_ends_at_the_crash() {
    dies_in(|thread| {
        let (sender, _receiver) = bounded(0);
        let _ = real::send(thread, &sender, 1, Some(Instant::now() + FOR_EVER));
    });
}

#[test]
fn select_ends_at_the_crash() {
    dies_in(|thread| {
        let ((_a, from_a), (_b, from_b)) = (unbounded::<u32>(), bounded::<u32>(0));
        let mut operations = Select::new();
        operations.recv(&from_a);
        operations.recv(&from_b);
        let _ = real::select(thread, &mut operations, None);
    });
}

#[test]
fn select_ready_ends_at_the_crash() {
    dies_in(|thread| {
        let (_sender, receiver) = unbounded::<u32>();
        let mut operations = Select::new();
        operations.recv(&receiver);
        real::select_ready(thread, &mut operations, None);
    });
}

#[test]
fn oneshot_wait_ends_at_the_crash() {
    dies_in(|thread| {
        let (_completer, completion) = real::oneshot::<u32>();
        completion.wait(thread);
    });
}

#[test]
fn join_ends_at_the_crash() {
    dies_in(|thread| {
        let (_completer, completion) = real::oneshot::<u32>();
        let body = move || completion.wait(here());
        let on_main = real::spawn(thread.run(), None, "of main".to_owned(), body);
        let _ = on_main.join(Some(thread));
    });
}

#[test]
fn swallowed_kill_comes_again() {
    static SWALLOWED: AtomicUsize = AtomicUsize::new(0);
    dies_in(|thread| {
        for _ in 0..3 {
            let sleep = AssertUnwindSafe(|| real::sleep(thread, FOR_EVER));
            assert!(catch_unwind(sleep).is_err(), "an endless sleep ends only by the kill");
            SWALLOWED.fetch_add(1, SeqCst);
        }
        thread.check();
        unreachable!("the check kills");
    });
    assert_eq!(SWALLOWED.load(SeqCst), 3 * 60, "each swallowed kill was followed by another");
}

#[test]
fn waiters_for_a_lock_die_one_after_the_other() {
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "victim");
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock();
        let handles: Vec<_> = (0..8)
            .map(|_| {
                let lock = lock.clone();
                real::spawn(thread.run(), Some(&machine), "waiter".to_owned(), move || {
                    let _guard = lock.lock();
                    here().check();
                    unreachable!("the check kills, and releases the lock");
                })
            })
            .collect();
        machine.crash();
        drop(held);
        for handle in handles {
            assert!(handle.join(Some(thread)).is_err(), "killed");
        }
        assert!(lock.try_lock().is_some(), "the lock is free");
    });
}

#[test]
fn the_living_keep_waiting() {
    in_run(|thread| {
        let victim = RealMachine::new(thread.run(), 0, "victim");
        let survivor = RealMachine::new(thread.run(), 1, "survivor");
        let (sender, receiver) = unbounded();
        let shared = Arc::new((Condvar::new(), Mutex::new(false)));
        let on_survivor = {
            let shared = shared.clone();
            real::spawn(thread.run(), Some(&survivor), "receiver".to_owned(), move || {
                let mut told = shared.1.lock();
                while !*told {
                    real::condvar_wait(here(), &shared.0, &mut told, None);
                }
                drop(told);
                real::recv(here(), &receiver, None)
            })
        };
        let on_victim = {
            let shared = shared.clone();
            real::spawn(thread.run(), Some(&victim), "waiter".to_owned(), move || {
                let mut told = shared.1.lock();
                real::condvar_wait(here(), &shared.0, &mut told, None);
                unreachable!("nobody notifies it");
            })
        };
        victim.crash();
        assert!(on_victim.join(Some(thread)).is_err(), "killed");
        assert!(!on_survivor.is_finished(), "the survivor still waits");
        *shared.1.lock() = true;
        shared.0.notify_one();
        sender.send(7).expect("the survivor receives");
        assert_eq!(on_survivor.join(Some(thread)).ok(), Some(Ok(7)), "the survivor goes on");
        assert_eq!((victim.live_threads(), survivor.is_crashed()), (0, false), "one machine died");
    });
}

#[test]
fn hooks_run_in_order_before_anything_unwinds() {
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "victim");
        let order = Arc::new(Mutex::new(Vec::new()));
        struct Unwinds(Arc<Mutex<Vec<&'static str>>>);
        impl Drop for Unwinds {
            fn drop(&mut self) {
                self.0.lock().push("unwinds");
            }
        }
        let (begun, begins) = real::oneshot();
        let unwinds = Unwinds(order.clone());
        let body = move || {
            let _unwinds = unwinds;
            begun.complete(());
            real::sleep(here(), FOR_EVER);
        };
        let handle = real::spawn(thread.run(), Some(&machine), "sleeper".to_owned(), body);
        begins.wait(thread).expect("the thread begins");
        for name in ["first hook", "second hook"] {
            let (order, again) = (order.clone(), machine.clone());
            machine.on_crash(move || {
                assert!(again.is_crashed(), "the flag is set first");
                again.crash(); // a hook may not hang here
                order.lock().push(name);
            });
        }
        machine.crash();
        assert!(handle.join(Some(thread)).is_err(), "killed");
        assert_eq!(*order.lock(), ["first hook", "second hook", "unwinds"], "revocation first");

        let late = Arc::new(AtomicBool::new(false));
        let told = late.clone();
        machine.on_crash(move || told.store(true, SeqCst));
        assert!(late.load(SeqCst), "a hook on a crashed machine runs at once");
    });
}

/// What its destructor does while the thread unwinds, and what came of it.
struct Destructor<'a> {
    thread: &'a RealThread,
    sender: crossbeam_channel::Sender<&'static str>,
    waits: Arc<Mutex<Vec<String>>>,
}

impl Drop for Destructor<'_> {
    fn drop(&mut self) {
        let thread = self.thread;
        let begin = Instant::now();
        assert!(thread.is_inert(), "it unwinds because it was killed");
        thread.check();
        let sent = real::send(thread, &self.sender, "from the dead", None);
        let (_never, receiver) = unbounded::<u32>();
        let received = real::recv(thread, &receiver, None);
        real::sleep(thread, FOR_EVER);
        let (condition, lock) = (Condvar::new(), Mutex::new(()));
        let timed_out = real::condvar_wait(thread, &condition, &mut lock.lock(), None);
        let (_completer, completion) = real::oneshot::<u32>();
        let completed = completion.wait(thread);
        let machine = thread.machine();
        let spawned =
            real::spawn(thread.run(), machine, "late".to_owned(), || 1).join(Some(thread));
        let mut operations = Select::new();
        operations.recv(&receiver);
        let selected = real::select(thread, &mut operations, None).is_some();
        let waits = format!(
            "{sent:?} {} {timed_out} {completed:?} {} {selected} {}",
            received == Err(RecvTimeoutError::Disconnected),
            spawned.is_err(),
            begin.elapsed() < PROMPT
        );
        self.waits.lock().push(waits);
    }
}

#[test]
fn destructors_of_the_dead_do_nothing_and_wait_for_nothing() {
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "victim");
        let (sender, receiver) = unbounded();
        let waits = Arc::new(Mutex::new(Vec::new()));
        let (begun, begins) = real::oneshot();
        let handle = {
            let waits = waits.clone();
            real::spawn(thread.run(), Some(&machine), "waiter".to_owned(), move || {
                let thread = here();
                let _destructor = Destructor { thread, sender, waits };
                begun.complete(());
                real::sleep(thread, FOR_EVER);
            })
        };
        begins.wait(thread).expect("the thread begins");
        machine.crash();
        assert!(handle.join(Some(thread)).is_err(), "killed");
        assert_eq!(*waits.lock(), ["Ok(()) true true None true false true"], "inert");
        assert_eq!(receiver.try_recv().ok(), None, "nothing reaches the living");
    });
}

#[test]
fn nothing_starts_on_a_crashed_machine() {
    static STARTED: AtomicBool = AtomicBool::new(false);
    in_run(|thread| {
        let machine = RealMachine::new(thread.run(), 0, "victim");
        machine.crash();
        real::dispatch(&machine, "job", || STARTED.store(true, SeqCst));
        let body = || STARTED.store(true, SeqCst);
        let handle = real::spawn(thread.run(), Some(&machine), "job".to_owned(), body);
        assert!(handle.join(Some(thread)).is_err(), "dead on arrival");
        assert_eq!(machine.live_threads(), 0, "no thread");
    });
    assert!(!STARTED.load(SeqCst), "neither ran");
}
