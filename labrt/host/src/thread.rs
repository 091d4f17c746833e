//! Lab threads, as the host starts and joins them; the face is `labrt::thread`.

use std::any::Any;
use std::panic::Location;

use crate::Place;
use crate::dispatch::{Current, current};
use crate::engine::task::{Name, TaskHandle};
use crate::failure::Operation;
use crate::real::{self, RealHandle};
use crate::trace::EventKind;

/// The right to wait for a lab thread.
pub struct Handle<T>(Inner<T>);

enum Inner<T> {
    Task(TaskHandle<T>),
    Thread(RealHandle<T>),
}

/// Starts a lab thread on the caller's machine.
///
/// # Errors
/// Gives `body` back outside a run.
pub fn spawn<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
    name: Option<String>,
    place: Place,
    body: F,
) -> Result<Handle<T>, F> {
    match current() {
        Current::Outside => Err(body),
        Current::Real(thread) => {
            thread.check();
            let name = name.unwrap_or_else(|| place_name(place));
            Ok(Handle(Inner::Thread(real::spawn(thread.run(), thread.machine(), name, body))))
        }
        Current::Virtual(engine) => {
            engine.point(EventKind::Spawn, place);
            let machine = engine.current_machine();
            Ok(Handle(Inner::Task(engine.spawn(
                machine,
                name.map_or(Name::None, |name| Name::Given(name.into())),
                place,
                body,
            ))))
        }
    }
}

/// What a thread without a name is called in reports: where it was spawned.
fn place_name(place: Place) -> String {
    let file = place.file();
    let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
    format!("{file}:{}", place.line())
}

impl<T: Send + 'static> Handle<T> {
    pub(crate) fn of_task(task: TaskHandle<T>) -> Self {
        Self(Inner::Task(task))
    }

    pub(crate) fn of_thread(thread: RealHandle<T>) -> Self {
        Self(Inner::Thread(thread))
    }

    /// Waits for the thread's end and takes its result.
    ///
    /// # Errors
    /// If it ended without one: it panicked, or its machine crashed.
    #[track_caller]
    pub fn join(self) -> Result<T, Box<dyn Any + Send>> {
        let place = Location::caller();
        match (self.0, current()) {
            (Inner::Task(task), Current::Virtual(engine)) => engine
                .join(&task, Operation::Join, place)
                .ok_or_else(|| Box::new("ended without a result") as _),
            (Inner::Task(_), _) => Err(Box::new("a thread of a run that is over")),
            (Inner::Thread(handle), Current::Real(thread)) => {
                thread.check();
                handle.join(Some(thread))
            }
            (Inner::Thread(handle), _) => handle.join(None),
        }
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        match (&self.0, current()) {
            (Inner::Task(task), Current::Virtual(engine)) => engine.is_finished(task),
            (Inner::Task(_), _) => true,
            (Inner::Thread(handle), _) => handle.is_finished(),
        }
    }
}
