//! Threads.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::Location;

use labrt_host::dispatch::{self, Current};
use labrt_host::{Place, real};

use crate::time::Duration;

/// What [`JoinHandle::join`] gives: the thread's result, or what it panicked with.
pub type Result<T> = std::result::Result<T, Box<dyn Any + Send + 'static>>;

/// Starts a thread on the caller's machine. It ends when its closure returns, or with its machine.
///
/// A panic in it is not lost, as it is in std when nobody joins: it fails the test.
///
/// ```
/// let sum = labrt::thread::spawn(|| 1 + 2);
/// assert_eq!(sum.join().unwrap(), 3);
/// ```
#[track_caller]
pub fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    spawn_at(None, Location::caller(), f).expect("failed to spawn thread")
}

fn spawn_at<T: Send + 'static>(
    name: Option<String>,
    place: Place,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let handle = match labrt_host::thread::spawn(name.clone(), place, f) {
        Ok(handle) => Inner::Lab(handle),
        Err(f) => {
            let mut builder = std::thread::Builder::new();
            if let Some(name) = name {
                builder = builder.name(name);
            }
            Inner::Outside(builder.spawn(f)?)
        }
    };
    Ok(JoinHandle(handle))
}

/// Starts threads that have a name, which reports then use.
///
/// ```
/// let ticker = labrt::thread::Builder::new().name("ticker".to_owned()).spawn(|| ()).unwrap();
/// ticker.join().unwrap();
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// A thread without a name; reports call it by the place it was spawned at.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the thread a name.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// Outside a run, if the system refuses a thread. In a run that fails the run.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        spawn_at(self.name, Location::caller(), f)
    }
}

/// The right to wait for a thread. Dropped, the thread goes on.
pub struct JoinHandle<T>(Inner<T>);

enum Inner<T> {
    Outside(std::thread::JoinHandle<T>),
    Lab(labrt_host::thread::Handle<T>),
}

impl<T: Send + 'static> JoinHandle<T> {
    /// Waits for the thread's end and gives its result.
    ///
    /// # Errors
    /// If it panicked, or its machine crashed before it was over.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Inner::Outside(handle) => handle.join(),
            Inner::Lab(handle) => handle.join(),
        }
    }

    /// Whether the thread has ended, so that `join` would not wait.
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Inner::Outside(handle) => handle.is_finished(),
            Inner::Lab(handle) => handle.is_finished(),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("JoinHandle { .. }")
    }
}

/// Waits for `duration`. Under a lock this breaks rule L4.
#[track_caller]
pub fn sleep(duration: Duration) {
    match dispatch::current() {
        Current::Outside => std::thread::sleep(duration),
        Current::Real(thread) => real::sleep(thread, duration),
        Current::Virtual(engine) => engine.sleep(duration, Location::caller()),
    }
}

/// Lets others run.
#[track_caller]
pub fn yield_now() {
    match dispatch::current() {
        Current::Outside => std::thread::yield_now(),
        Current::Real(thread) => {
            thread.check();
            std::thread::yield_now();
        }
        Current::Virtual(engine) => engine.yield_now(Location::caller()),
    }
}

/// The calling thread.
pub fn current() -> Thread {
    match dispatch::current() {
        Current::Outside => {
            let thread = std::thread::current();
            Thread { id: ThreadId(None), name: thread.name().map(str::to_owned) }
        }
        Current::Real(thread) => {
            Thread { id: ThreadId(Some(thread.ordinal())), name: Some(thread.name().to_owned()) }
        }
        Current::Virtual(engine) => {
            Thread { id: ThreadId(Some(engine.current_uid())), name: Some(engine.current_name()) }
        }
    }
}

/// A lab thread's identity, for messages and maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    id: ThreadId,
    name: Option<String>,
}

/// Different for any two lab threads of a run; the same for all threads outside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(Option<u64>);

impl Thread {
    /// Its number.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Its name; in a run, the place it was spawned at if it was given none.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
