//! Channels under the virtual clock: what is in them, who waits at either end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lock::wake_one;
use super::run_cell::RunCell;
use super::state::{Engine, State};
use super::step::Standing;
use super::task::{Needs, Waiter, Wake};
use super::unwind::OnUnwind;
use crate::Place;
use crate::dispatch;
use crate::failure::Operation;
use crate::trace::EventKind;

/// A channel of one run, shared by its senders and receivers.
pub struct SimChannel<T> {
    /// `None`: unbounded. `Some(0)`: a send waits for its receiver.
    capacity: Option<usize>,
    pub(super) senders: AtomicUsize,
    receivers: AtomicUsize,
    queue: RunCell<Queue<T>>,
}

pub(super) struct Queue<T> {
    /// What is buffered; on a channel without a buffer, what is offered.
    pub(super) values: VecDeque<Offer<T>>,
    receive_waits: Vec<Waiter>,
    /// Selects, which look and do not take: all are woken, and none counts as a receiver.
    pub(super) look_waits: Vec<Waiter>,
    send_waits: Vec<Waiter>,
    offers: u64,
    receivers_seen: Seen,
}

pub(super) struct Offer<T> {
    number: u64,
    /// Who waits for it to be taken.
    sender: Option<Waiter>,
    value: T,
}

/// Which tasks have received so far, by number and index.
#[derive(Clone, Copy)]
enum Seen {
    Nobody,
    One { uid: u64, task: u32 },
    Several,
}

/// Why a send came back.
#[derive(Debug)]
pub enum SendFailure<T> {
    /// Every receiver is gone.
    Disconnected(T),
    /// The deadline came, or the send was not to wait.
    Full(T),
}

/// Why a receive came back empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveFailure {
    /// Every sender is gone, and nothing is left.
    Disconnected,
    /// The deadline came, or the receive was not to wait.
    Empty,
}

/// How long an operation may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// Until this virtual moment.
    Until(u64),
    /// For ever.
    Endless,
}

impl Patience {
    pub(super) fn deadline(self) -> Option<u64> {
        match self {
            Self::Until(nanos) => Some(nanos),
            Self::None | Self::Endless => None,
        }
    }
}

impl<T> SimChannel<T> {
    /// A channel with one sender and one receiver.
    pub fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            queue: RunCell::new(Queue::empty()),
        }
    }

    pub(super) fn with<R>(&self, engine: &Engine, f: impl FnOnce(&mut Queue<T>) -> R) -> R {
        self.queue.with(engine, Queue::empty, f)
    }

    /// Sends. Inert in a task that is being unwound: the value goes nowhere.
    pub fn send(
        &self,
        engine: &Engine,
        value: T,
        patience: Patience,
        place: Place,
    ) -> Result<(), SendFailure<T>> {
        if engine.point(EventKind::Send, place) == Standing::Inert {
            drop(value);
            return Ok(());
        }
        if self.capacity.is_some() && patience != Patience::None {
            engine.watch_wait(Operation::Send, place);
        }
        engine.stall(place);
        match self.capacity {
            Some(0) => self.send_by_hand(engine, value, patience, place),
            _ => self.send_buffered(engine, value, patience, place),
        }
    }

    fn send_buffered(
        &self,
        engine: &Engine,
        value: T,
        patience: Patience,
        place: Place,
    ) -> Result<(), SendFailure<T>> {
        loop {
            if self.receivers.load(Ordering::Acquire) == 0 {
                return Err(SendFailure::Disconnected(value));
            }
            let room = self.with(engine, |queue| {
                self.capacity.is_none_or(|capacity| queue.values.len() < capacity)
            });
            if room {
                self.with(engine, |queue| {
                    queue.values.push_back(Offer { number: 0, sender: None, value });
                    engine.with(|s| queue.wake_a_receiver(s));
                });
                return Ok(());
            }
            if patience == Patience::None
                || patience.deadline().is_some_and(|at| at <= engine.now_nanos())
            {
                return Err(SendFailure::Full(value));
            }
            let needs = self.with(engine, |queue| {
                queue.send_waits.push(engine.with(|s| s.next_waiter()));
                self.likely_receiver(queue, engine)
            });
            let pass_on = OnUnwind::new(|| self.let_others_move());
            engine.block(Operation::Send, needs, place, patience.deadline());
            pass_on.disarm();
        }
    }

    fn send_by_hand(
        &self,
        engine: &Engine,
        value: T,
        patience: Patience,
        place: Place,
    ) -> Result<(), SendFailure<T>> {
        if self.receivers.load(Ordering::Acquire) == 0 {
            return Err(SendFailure::Disconnected(value));
        }
        if patience == Patience::None {
            let taken = self.with(engine, |queue| {
                // Whoever is woken takes what is offered without waiting any more.
                if engine.with(|s| wake_one(&mut queue.receive_waits, s)) {
                    queue.values.push_back(Offer { number: 0, sender: None, value });
                    return Ok(());
                }
                Err(value)
            });
            return taken.map_err(SendFailure::Full);
        }
        let number = self.with(engine, |queue| {
            queue.offers += 1;
            let number = queue.offers;
            let sender = Some(engine.with(|s| s.next_waiter()));
            queue.values.push_back(Offer { number, sender, value });
            engine.with(|s| queue.wake_a_receiver(s));
            number
        });
        loop {
            let needs = self.with(engine, |queue| self.likely_receiver(queue, engine));
            let withdraw = OnUnwind::new(|| {
                if let Some(engine) = dispatch::engine() {
                    drop(self.with(engine, |queue| queue.withdraw(number)));
                }
            });
            let wake = engine.block(Operation::Send, needs, place, patience.deadline());
            withdraw.disarm();
            let disconnected = self.receivers.load(Ordering::Acquire) == 0;
            let left = self.with(engine, |queue| {
                if disconnected || wake == Wake::TimedOut {
                    return queue.withdraw(number).map(Some);
                }
                match queue.values.iter_mut().find(|offer| offer.number == number) {
                    Some(offer) => {
                        offer.sender = Some(engine.with(|s| s.next_waiter()));
                        Some(None)
                    }
                    None => None,
                }
            });
            match left {
                None => return Ok(()),
                Some(Some(value)) if disconnected => return Err(SendFailure::Disconnected(value)),
                Some(Some(value)) => return Err(SendFailure::Full(value)),
                Some(None) => {}
            }
        }
    }

    /// Receives.
    pub fn receive(
        &self,
        engine: &Engine,
        patience: Patience,
        place: Place,
    ) -> Result<T, ReceiveFailure> {
        if engine.point(EventKind::Receive, place) == Standing::Inert {
            match patience {
                Patience::None => return Err(ReceiveFailure::Empty),
                _ => engine.freeze(),
            }
        }
        if patience != Patience::None {
            engine.watch_wait(Operation::Receive, place);
        }
        loop {
            let taken = self.with(engine, |queue| {
                let taken = queue.values.pop_front();
                engine.with(|s| {
                    queue.see_receiver(s);
                    if let Some(offer) = &taken {
                        match offer.sender {
                            Some(sender) => {
                                s.wake(sender, Wake::Notified);
                            }
                            None => {
                                wake_one(&mut queue.send_waits, s);
                            }
                        }
                    }
                });
                taken
            });
            if let Some(offer) = taken {
                return Ok(offer.value);
            }
            if self.senders.load(Ordering::Acquire) == 0 {
                return Err(ReceiveFailure::Disconnected);
            }
            if patience == Patience::None
                || patience.deadline().is_some_and(|at| at <= engine.now_nanos())
            {
                return Err(ReceiveFailure::Empty);
            }
            let waiter = engine.with(|s| s.next_waiter());
            self.with(engine, |queue| queue.receive_waits.push(waiter));
            let pass_on = OnUnwind::new(|| self.let_others_move());
            let wake = engine.block(Operation::Receive, Needs::Anybody, place, patience.deadline());
            pass_on.disarm();
            if wake == Wake::TimedOut {
                self.with(engine, |queue| queue.receive_waits.retain(|known| *known != waiter));
            }
        }
    }

    /// Values in the buffer: what is only offered is not in the channel.
    pub fn len(&self, engine: &Engine) -> usize {
        match self.capacity {
            Some(0) => 0,
            _ => self.with(engine, |queue| queue.values.len()),
        }
    }

    /// Whether no value is in the buffer.
    pub fn is_empty(&self, engine: &Engine) -> bool {
        self.len(engine) == 0
    }

    /// One more sender.
    pub fn add_sender(&self) {
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// One more receiver.
    pub fn add_receiver(&self) {
        self.receivers.fetch_add(1, Ordering::Relaxed);
        if let Some(engine) = dispatch::engine() {
            self.with(engine, |queue| engine.with(|s| queue.anybody_may_receive(s)));
        }
    }

    /// One sender less. After the last one, receives find what is left, and then the end.
    pub fn drop_sender(&self) {
        let last = self.senders.fetch_sub(1, Ordering::AcqRel) == 1;
        if last && let Some(engine) = dispatch::engine() {
            self.with(engine, |queue| {
                engine.with(|s| {
                    wake_all(&mut queue.receive_waits, s);
                    wake_all(&mut queue.look_waits, s);
                });
            });
        }
    }

    /// One receiver less. After the last one, what is left is dropped, and sends fail.
    pub fn drop_receiver(&self) {
        if self.receivers.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let Some(engine) = dispatch::engine() else { return };
        let left = self.with(engine, |queue| {
            engine.with(|s| {
                wake_all(&mut queue.send_waits, s);
                for offer in &queue.values {
                    if let Some(sender) = offer.sender {
                        s.wake(sender, Wake::Notified);
                    }
                }
            });
            // Offers stay for their senders to take back.
            match self.capacity {
                Some(0) => VecDeque::new(),
                _ => std::mem::take(&mut queue.values),
            }
        });
        drop(left);
    }

    fn likely_receiver(&self, queue: &Queue<T>, engine: &Engine) -> Needs {
        match queue.receivers_seen {
            Seen::One { uid, task }
                if self.receivers.load(Ordering::Acquire) == 1
                    && engine.with(|s| s.tasks[task as usize].uid == uid) =>
            {
                Needs::LikelyTask(task, uid)
            }
            _ => Needs::Anybody,
        }
    }

    /// A task that was woken here will not act: the next one may.
    fn let_others_move(&self) {
        if let Some(engine) = dispatch::engine() {
            self.with(engine, |queue| {
                engine.with(|s| {
                    if !queue.values.is_empty() {
                        wake_one(&mut queue.receive_waits, s);
                    }
                    if self.capacity.is_some_and(|capacity| queue.values.len() < capacity) {
                        wake_one(&mut queue.send_waits, s);
                    }
                });
            });
        }
    }
}

impl<T> Queue<T> {
    const fn empty() -> Self {
        Self {
            values: VecDeque::new(),
            receive_waits: Vec::new(),
            look_waits: Vec::new(),
            send_waits: Vec::new(),
            offers: 0,
            receivers_seen: Seen::Nobody,
        }
    }

    /// Something is there to be taken.
    fn wake_a_receiver(&mut self, s: &mut State) {
        wake_one(&mut self.receive_waits, s);
        wake_all(&mut self.look_waits, s);
    }

    /// The running task receives.
    fn see_receiver(&mut self, s: &mut State) {
        let seen = self.receivers_seen.and(s);
        if let (Seen::One { .. }, Seen::Several) = (self.receivers_seen, seen) {
            self.anybody_may_receive(s);
        }
        self.receivers_seen = seen;
    }

    /// Who waits to send no longer waits for one task.
    fn anybody_may_receive(&self, s: &mut State) {
        let offering = self.values.iter().filter_map(|offer| offer.sender);
        for waiter in self.send_waits.iter().copied().chain(offering) {
            if s.still_waits(waiter)
                && let Some(wait) = &mut s.tasks[waiter.task as usize].wait
            {
                wait.needs = Needs::Anybody;
            }
        }
    }

    fn withdraw(&mut self, number: u64) -> Option<T> {
        let position = self.values.iter().position(|offer| offer.number == number)?;
        self.values.remove(position).map(|offer| offer.value)
    }
}

impl Seen {
    /// These, and the running task.
    fn and(self, s: &State) -> Self {
        let Some(running) = s.tasks.get(s.running as usize) else { return self };
        match self {
            Self::Nobody => Self::One { uid: running.uid, task: s.running },
            Self::One { uid, .. } if uid == running.uid => self,
            _ => Self::Several,
        }
    }
}

fn wake_all(waiters: &mut Vec<Waiter>, s: &mut State) {
    for waiter in waiters.drain(..) {
        s.wake(waiter, Wake::Notified);
    }
}
