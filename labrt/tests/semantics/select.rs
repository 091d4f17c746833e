//! `Select`: whichever of several receivers is ready first.

use std::collections::BTreeSet;

use labrt::channel::{Select, TryRecvError, bounded, unbounded};
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::both_clocks;

const SHORT: Duration = Duration::from_millis(2);
const FOR_EVER: Duration = Duration::from_secs(1000);

both_clocks! {
    fn the_ready_one_is_named() {
        let ((first, from_first), (second, from_second)) = (unbounded::<u32>(), bounded::<&str>(1));
        let mut select = Select::new();
        assert_eq!(select.recv(&from_first), 0, "counted from 0");
        assert_eq!(select.recv(&from_second), 1, "in order");
        assert!(select.try_ready().is_err(), "nothing was sent");
        second.send("b").expect("there is room");
        assert_eq!(select.ready(), 1, "the second has a message");
        assert_eq!(select.try_ready().ok(), Some(1), "looking takes nothing");
        assert_eq!(from_second.try_recv(), Ok("b"), "it is still there");
        first.send(1).expect("there is room");
        assert_eq!(select.ready_timeout(FOR_EVER).ok(), Some(0), "the first has a message");
    }

    fn it_waits_for_the_first_message() {
        let ((first, from_first), (second, from_second)) = (unbounded::<u32>(), bounded::<u32>(1));
        let thread = thread::spawn(move || {
            thread::sleep(SHORT);
            second.send(9).expect("the receiver is there");
        });
        let mut select = Select::new();
        select.recv(&from_first);
        select.recv(&from_second);
        assert_eq!(select.ready(), 1, "the second spoke first");
        assert_eq!(from_second.recv(), Ok(9), "its message");
        thread.join().expect("the sender returns");
        drop(first);
    }

    fn a_rendezvous_sender_makes_its_channel_ready() {
        let ((sender, receiver), (_other, silent)) = (bounded::<u32>(0), unbounded::<u32>());
        let thread = thread::spawn(move || {
            thread::sleep(SHORT);
            sender.send(3)
        });
        let mut select = Select::new();
        select.recv(&silent);
        select.recv(&receiver);
        assert_eq!(select.ready(), 1, "a sender waits there");
        assert_eq!(receiver.try_recv(), Ok(3), "its message can be taken");
        assert_eq!(thread.join().expect("the sender returns"), Ok(()), "it was taken");
    }

    fn who_only_looks_is_no_rendezvous_partner() {
        let (sender, receiver) = bounded::<u32>(0);
        let thread = thread::spawn(move || {
            let mut select = Select::new();
            select.recv(&receiver);
            let ready = select.ready_timeout(SHORT * 5);
            (ready.is_ok(), receiver.try_recv())
        });
        let mut accepted = 0;
        while !thread.is_finished() {
            accepted += u32::from(sender.try_send(1).is_ok());
            thread::sleep(Duration::from_micros(200));
        }
        let (ready, taken) = thread.join().expect("the other thread returns");
        assert_eq!(accepted, 0, "try_send needs a thread that receives, not one that looks");
        assert_eq!((ready, taken), (false, Err(TryRecvError::Empty)), "so it saw nothing");
    }

    fn a_disconnected_channel_is_ready() {
        let ((_open, silent), (gone, receiver)) = (unbounded::<u32>(), unbounded::<u32>());
        let thread = thread::spawn(move || {
            thread::sleep(SHORT);
            drop(gone);
        });
        let mut select = Select::new();
        select.recv(&silent);
        select.recv(&receiver);
        assert_eq!(select.ready(), 1, "its senders are gone");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected), "that is the news");
        assert_eq!(select.ready(), 1, "and stays so");
        thread.join().expect("the sender returns");
    }

    fn a_timed_select_ends_at_its_time() {
        let (_sender, receiver) = unbounded::<u32>();
        let mut select = Select::new();
        select.recv(&receiver);
        let begin = Instant::now();
        assert!(select.ready_timeout(SHORT).is_err(), "nobody sends");
        assert!(SHORT <= begin.elapsed(), "not before its time");
        assert!(select.ready_timeout(Duration::ZERO).is_err(), "at once");
    }

    fn a_huge_timeout_neither_panics_nor_ends_the_wait() {
        for timeout in [Duration::MAX, Duration::from_nanos(u64::MAX)] {
            let (sender, receiver) = unbounded::<u32>();
            let thread = thread::spawn(move || {
                thread::sleep(SHORT);
                sender.send(1)
            });
            let mut select = Select::new();
            select.recv(&receiver);
            assert_eq!(select.ready_timeout(timeout).ok(), Some(0), "the message comes first");
            assert_eq!(thread.join().expect("the sender returns"), Ok(()), "it was sent");
        }
    }

    fn of_several_ready_ones_each_has_its_chance() {
        let ((first, from_first), (second, from_second)) = (unbounded::<u32>(), unbounded::<u32>());
        first.send(1).expect("there is room");
        second.send(1).expect("there is room");
        let mut select = Select::new();
        select.recv(&from_first);
        select.recv(&from_second);
        let chosen: BTreeSet<usize> = (0..200).map(|_| select.ready()).collect();
        assert_eq!(chosen, BTreeSet::from([0, 1]), "neither is always preferred");
    }

    fn a_loop_over_it_receives_everything() {
        let ((first, from_first), (second, from_second)) = (bounded::<u32>(0), bounded::<u32>(2));
        let (third, from_third) = unbounded::<u32>();
        for (number, sender) in [first, second, third].into_iter().enumerate() {
            thread::spawn(move || {
                for value in 0..10 {
                    sender.send(number as u32 * 100 + value).expect("the loop receives");
                }
            });
        }
        let receivers = [from_first, from_second, from_third];
        let mut open = vec![0, 1, 2];
        let mut all = Vec::new();
        while !open.is_empty() {
            let mut select = Select::new();
            for number in &open {
                select.recv(&receivers[*number]);
            }
            let position = select.ready();
            match receivers[open[position]].try_recv() {
                Ok(value) => all.push(value),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => drop(open.remove(position)),
            }
        }
        all.sort_unstable();
        let expected: Vec<u32> = (0..3).flat_map(|number| (0..10).map(move |it| number * 100 + it)).collect();
        assert_eq!(all, expected, "nothing is lost, nothing comes twice");
    }

    fn a_message_meant_for_a_selecting_thread_that_gives_up_reaches_another() {
        let (sender, receiver) = unbounded::<u32>();
        let looking = thread::spawn({
            let receiver = receiver.clone();
            move || {
                let mut select = Select::new();
                select.recv(&receiver);
                let _ = select.ready(); // looks, and does not take
            }
        });
        let taking = thread::spawn(move || receiver.recv());
        thread::sleep(SHORT);
        sender.send(4).expect("receivers are there");
        assert_eq!(taking.join().expect("it returns"), Ok(4), "the message is for who takes it");
        // Whether the other saw it before it was taken is chance.
        drop(sender);
        looking.join().expect("the end of the channel is news too");
    }
}
