//! Channels, as users of crossbeam-channel know them.

use labrt::channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError, bounded, unbounded,
};
use labrt::sync::Arc;
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::both_clocks;

const SHORT: Duration = Duration::from_millis(2);
const FOR_EVER: Duration = Duration::from_secs(1000);

/// One channel of each kind: without a buffer, with little room, with any.
fn each_kind() -> [(Sender<u32>, Receiver<u32>); 4] {
    [bounded(0), bounded(1), bounded(3), unbounded()]
}

/// Waits until `thread` has had every chance to end, if it can.
fn give_it_time<T: Send + 'static>(thread: &thread::JoinHandle<T>) -> bool {
    thread::sleep(SHORT);
    thread.is_finished()
}

both_clocks! {
    fn messages_of_one_sender_come_in_order() {
        for (sender, receiver) in each_kind() {
            let thread = thread::spawn(move || {
                for value in 0..20 {
                    sender.send(value).expect("the receiver is there");
                }
            });
            let received: Vec<u32> = receiver.iter().collect();
            assert_eq!(received, (0..20).collect::<Vec<_>>(), "first in, first out, to the end");
            thread.join().expect("the sender returns");
        }
    }

    fn every_message_of_many_senders_reaches_one_of_many_receivers() {
        for (sender, receiver) in each_kind() {
            let senders: Vec<_> = (0..3)
                .map(|number| {
                    let sender = sender.clone();
                    thread::spawn(move || {
                        for value in 0..10 {
                            sender.send(number * 100 + value).expect("receivers are there");
                        }
                    })
                })
                .collect();
            drop(sender);
            let receivers: Vec<_> = (0..2)
                .map(|_| {
                    let receiver = receiver.clone();
                    thread::spawn(move || receiver.iter().collect::<Vec<u32>>())
                })
                .collect();
            drop(receiver);
            let mut all = Vec::new();
            for thread in receivers {
                let received = thread.join().expect("a receiver returns when all senders are gone");
                for number in 0..3 {
                    let of_one: Vec<_> = received.iter().filter(|value| *value / 100 == number).collect();
                    assert!(of_one.is_sorted(), "one sender's messages stay in order at each receiver");
                }
                all.extend(received);
            }
            for thread in senders {
                thread.join().expect("a sender returns");
            }
            all.sort_unstable();
            let expected: Vec<u32> = (0..3).flat_map(|number| (0..10).map(move |it| number * 100 + it)).collect();
            assert_eq!(all, expected, "nothing is lost, nothing comes twice");
        }
    }

    fn receivers_that_share_one_end_by_reference_split_the_messages() {
        for (sender, receiver) in each_kind() {
            let receiver = Arc::new(receiver);
            let workers: Vec<_> = (0..3)
                .map(|_| {
                    let receiver = receiver.clone();
                    thread::spawn(move || receiver.iter().count())
                })
                .collect();
            for value in 0..12 {
                sender.send(value).expect("workers are there");
            }
            drop(sender);
            let counts: Vec<usize> =
                workers.into_iter().map(|worker| worker.join().expect("a worker returns")).collect();
            assert_eq!(counts.iter().sum::<usize>(), 12, "each message was taken once: {counts:?}");
        }
    }

    fn an_unbounded_send_never_waits() {
        let (sender, receiver) = unbounded();
        for value in 0..1000 {
            sender.send(value).expect("the receiver is there");
        }
        assert_eq!(receiver.len(), 1000, "all of them are there");
        assert_eq!(receiver.try_iter().count(), 1000, "and can be had without waiting");
        assert!(receiver.is_empty(), "nothing is left");
    }

    fn a_bounded_send_waits_while_the_channel_is_full() {
        let (sender, receiver) = bounded(2);
        let thread = thread::spawn(move || {
            for value in 0..3 {
                sender.send(value).expect("the receiver is there");
            }
        });
        while receiver.len() < 2 {
            thread::sleep(SHORT);
        }
        assert!(!give_it_time(&thread), "there is no room for the third");
        assert_eq!(receiver.len(), 2, "a message that waits for room is not counted");
        assert_eq!(receiver.recv(), Ok(0), "the first comes first");
        thread.join().expect("now there is room");
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2], "in order");
    }

    fn a_rendezvous_send_waits_for_its_receiver() {
        let (sender, receiver) = bounded(0);
        let thread = thread::spawn(move || sender.send(7));
        assert!(!give_it_time(&thread), "nobody has taken it");
        assert_eq!(receiver.recv(), Ok(7), "by hand");
        assert_eq!(thread.join().expect("the sender returns"), Ok(()), "it was taken");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected), "the sender is gone");
    }

    fn a_rendezvous_receive_waits_for_its_sender() {
        let (sender, receiver) = bounded(0);
        let thread = thread::spawn(move || receiver.recv());
        assert!(!give_it_time(&thread), "nobody has sent");
        assert_eq!(sender.send(7), Ok(()), "the receiver is there");
        assert_eq!(thread.join().expect("the receiver returns"), Ok(7), "by hand");
    }

    fn several_rendezvous_senders_each_return_when_their_own_message_is_taken() {
        let (sender, receiver) = bounded(0);
        let threads: Vec<_> = (0..3)
            .map(|value| {
                let sender = sender.clone();
                thread::spawn(move || sender.send(value).expect("the receiver is there"))
            })
            .collect();
        let mut taken = Vec::new();
        for left in (0..3).rev() {
            taken.push(receiver.recv().expect("a sender waits"));
            while threads.iter().filter(|thread| !thread.is_finished()).count() != left {
                thread::sleep(SHORT);
            }
            thread::sleep(SHORT);
            for (value, thread) in threads.iter().enumerate() {
                let is_taken = taken.contains(&value);
                assert_eq!(thread.is_finished(), is_taken, "{taken:?} are taken, {value} is asked for");
            }
        }
        for thread in threads {
            thread.join().expect("all were taken");
        }
    }

    fn try_send_needs_room() {
        let (sender, receiver) = bounded(1);
        assert_eq!(sender.try_send(1), Ok(()), "there is room for one");
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)), "not for two; it comes back");
        drop(receiver);
        assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)), "nobody will take it");
        let (sender, receiver) = unbounded();
        assert_eq!(sender.try_send(1), Ok(()), "there is always room");
        drop(receiver);
        assert_eq!(sender.try_send(2), Err(TrySendError::Disconnected(2)), "nobody will take it");
    }

    fn a_rendezvous_try_send_needs_a_waiting_receiver() {
        let (sender, receiver) = bounded(0);
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)), "nobody waits");
        let thread = thread::spawn(move || receiver.recv());
        let mut value = 2;
        while let Err(TrySendError::Full(back)) = sender.try_send(value) {
            value = back;
            thread::sleep(SHORT);
        }
        assert_eq!(thread.join().expect("the receiver returns"), Ok(2), "handed to the one who waits");
    }

    fn a_rendezvous_try_recv_needs_a_waiting_sender() {
        let (sender, receiver) = bounded(0);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "nobody waits");
        let thread = thread::spawn(move || sender.send(2));
        let received = loop {
            match receiver.try_recv() {
                Err(TryRecvError::Empty) => thread::sleep(SHORT),
                other => break other,
            }
        };
        assert_eq!(received, Ok(2), "taken from the one who waits");
        assert_eq!(thread.join().expect("the sender returns"), Ok(()), "it was taken");
    }

    fn a_rendezvous_channel_holds_nothing() {
        let (sender, receiver) = bounded(0);
        let thread = thread::spawn(move || sender.send(1));
        thread::sleep(SHORT);
        assert_eq!((receiver.len(), receiver.is_empty()), (0, true), "an offered message is not in it");
        assert_eq!(receiver.recv(), Ok(1), "it can be had all the same");
        thread.join().expect("the sender returns").expect("it was taken");
    }

    fn try_recv_never_waits() {
        for (sender, receiver) in each_kind() {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "nothing was sent");
            drop(sender);
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected), "nothing will be");
        }
    }

    fn try_iter_takes_what_is_there() {
        let (sender, receiver) = unbounded();
        sender.send(1).expect("the receiver is there");
        sender.send(2).expect("the receiver is there");
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2], "and does not wait for more");
        drop(sender);
    }

    fn a_timed_receive_ends_at_its_time() {
        for (sender, receiver) in each_kind() {
            let begin = Instant::now();
            assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout), "nobody sends");
            assert!(SHORT <= begin.elapsed(), "not before its time");
            let deadline = Instant::now() + SHORT;
            assert_eq!(receiver.recv_deadline(deadline), Err(RecvTimeoutError::Timeout), "nobody sends");
            assert!(deadline <= Instant::now(), "not before its time");
            assert_eq!(receiver.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout), "at once");
            drop(sender);
            assert_eq!(receiver.recv_timeout(FOR_EVER), Err(RecvTimeoutError::Disconnected), "at once");
        }
    }

    fn a_timed_receive_takes_what_comes_before() {
        for (sender, receiver) in each_kind() {
            for timeout in [FOR_EVER, Duration::MAX, Duration::from_nanos(u64::MAX)] {
                let sender = sender.clone();
                let thread = thread::spawn(move || {
                    thread::sleep(SHORT);
                    sender.send(5)
                });
                assert_eq!(receiver.recv_timeout(timeout), Ok(5), "it came in time");
                assert_eq!(thread.join().expect("the sender returns"), Ok(()), "it was taken");
            }
        }
    }

    fn a_receive_without_time_takes_what_is_there() {
        for (sender, receiver) in [bounded(1), unbounded()] {
            sender.send(1).expect("the receiver is there");
            assert_eq!(receiver.recv_timeout(Duration::ZERO), Ok(1), "no waiting is needed");
        }
    }

    fn a_timed_send_ends_at_its_time_and_gives_the_message_back() {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            for _ in 0..capacity {
                sender.send(0).expect("there is room");
            }
            let begin = Instant::now();
            assert_eq!(sender.send_timeout(5, SHORT), Err(SendTimeoutError::Timeout(5)), "nobody receives");
            assert!(SHORT <= begin.elapsed(), "not before its time");
            assert_eq!(sender.send_timeout(6, Duration::ZERO), Err(SendTimeoutError::Timeout(6)), "at once");
            assert_eq!(receiver.try_iter().filter(|value| *value != 0).count(), 0, "it is not in the channel");
            drop(receiver);
            assert_eq!(sender.send_timeout(7, FOR_EVER), Err(SendTimeoutError::Disconnected(7)), "at once");
        }
    }

    fn a_timed_send_succeeds_when_room_is_made_in_time() {
        for capacity in [0, 1] {
            for timeout in [FOR_EVER, Duration::MAX] {
                let (sender, receiver) = bounded(capacity);
                for _ in 0..capacity {
                    sender.send(0).expect("there is room");
                }
                let thread = thread::spawn(move || {
                    thread::sleep(SHORT);
                    receiver.iter().filter(|value| *value != 0).collect::<Vec<_>>()
                });
                assert_eq!(sender.send_timeout(5, timeout), Ok(()), "the receiver came in time");
                drop(sender);
                assert_eq!(thread.join().expect("the receiver returns"), [5], "and has it");
            }
        }
    }

    fn what_is_buffered_is_received_after_the_senders_are_gone() {
        for (sender, receiver) in [bounded(3), unbounded()] {
            for value in 0..3 {
                sender.send(value).expect("there is room");
            }
            drop(sender);
            assert_eq!(receiver.recv(), Ok(0), "recv");
            assert_eq!(receiver.try_recv(), Ok(1), "try_recv");
            assert_eq!(receiver.recv_timeout(FOR_EVER), Ok(2), "recv_timeout");
            assert_eq!(receiver.recv(), Err(RecvError), "and then the end");
            assert_eq!(receiver.iter().next(), None, "of iteration too");
        }
    }

    fn a_waiting_receiver_is_released_when_the_senders_go() {
        for (sender, receiver) in each_kind() {
            let other = sender.clone();
            let threads = [
                thread::spawn({ let receiver = receiver.clone(); move || receiver.recv().is_err() }),
                thread::spawn(move || receiver.recv_timeout(FOR_EVER) == Err(RecvTimeoutError::Disconnected)),
            ];
            drop(sender);
            thread::sleep(SHORT);
            assert!(threads.iter().all(|thread| !thread.is_finished()), "one sender is left");
            drop(other);
            for thread in threads {
                assert!(thread.join().expect("a released receiver goes on"), "it was told why");
            }
        }
    }

    fn a_waiting_sender_is_released_when_the_receivers_go() {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            for _ in 0..capacity {
                sender.send(0).expect("there is room");
            }
            let other = receiver.clone();
            let threads = [
                thread::spawn({ let sender = sender.clone(); move || sender.send(5) == Err(SendError(5)) }),
                thread::spawn(move || {
                    sender.send_timeout(6, FOR_EVER) == Err(SendTimeoutError::Disconnected(6))
                }),
            ];
            drop(receiver);
            thread::sleep(SHORT);
            assert!(threads.iter().all(|thread| !thread.is_finished()), "one receiver is left");
            drop(other);
            for thread in threads {
                assert!(thread.join().expect("a released sender goes on"), "its message came back");
            }
        }
    }

    fn a_send_without_receivers_gives_the_message_back() {
        for (sender, receiver) in each_kind() {
            drop(receiver);
            assert_eq!(sender.send(5), Err(SendError(5)), "nobody will take it");
        }
    }

    fn what_nobody_will_receive_is_dropped_with_the_last_receiver() {
        let (sender, receiver) = unbounded();
        let message = Arc::new(());
        sender.send(message.clone()).expect("the receiver is there");
        assert_eq!(Arc::strong_count(&message), 2, "the channel has one");
        drop(receiver);
        assert_eq!(Arc::strong_count(&message), 1, "no longer");
        drop(sender);
    }

    fn what_nobody_received_is_dropped_with_the_channel() {
        for (sender, receiver) in [bounded(2), unbounded()] {
            let message = Arc::new(());
            sender.send(message.clone()).expect("there is room");
            drop(sender);
            assert_eq!(Arc::strong_count(&message), 2, "it can still be received");
            drop(receiver);
            assert_eq!(Arc::strong_count(&message), 1, "it can not");
        }
    }

    fn a_clone_keeps_its_end_open() {
        for (sender, receiver) in [bounded(2), unbounded()] {
            let (second_sender, second_receiver) = (sender.clone(), receiver.clone());
            drop((sender, receiver));
            assert_eq!(second_sender.send(1), Ok(()), "a receiver is left");
            assert_eq!(second_receiver.recv(), Ok(1), "a sender was left");
        }
    }

    fn a_receiver_can_be_sent_through_a_channel() {
        let (outer, inner) = unbounded();
        let thread = thread::spawn(move || {
            let (sender, receiver) = bounded(0);
            outer.send(receiver).expect("the main thread waits");
            sender.send(3)
        });
        let receiver: Receiver<u32> = inner.recv().expect("a channel comes");
        assert_eq!(receiver.recv(), Ok(3), "through it");
        assert_eq!(thread.join().expect("the sender returns"), Ok(()), "it was taken");
    }

    fn a_for_loop_ends_with_the_channel() {
        let (sender, receiver) = unbounded();
        thread::spawn(move || (0..4).for_each(|value| sender.send(value).expect("the loop receives")));
        let mut sum = 0;
        for value in &receiver {
            sum += value;
        }
        assert_eq!(sum, 6, "all of them");
    }

    fn requests_and_replies_go_both_ways() {
        let (requests, to_serve) = bounded::<(u32, Sender<u32>)>(0);
        let server = thread::spawn(move || {
            for (number, reply) in to_serve.iter() {
                reply.send(number * 2).expect("the client waits");
            }
        });
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let requests = requests.clone();
                thread::spawn(move || {
                    let (reply, answer) = bounded(1);
                    requests.send((number, reply)).expect("the server is there");
                    assert_eq!(answer.recv(), Ok(number * 2), "its own answer");
                })
            })
            .collect();
        drop(requests);
        for client in clients {
            client.join().expect("a client is answered");
        }
        server.join().expect("the server ends with its clients");
    }
}
