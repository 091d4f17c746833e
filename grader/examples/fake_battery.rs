//! A battery for the grader's own tests: each of its tests does what its name says.
//!
//! Which tests it has stands in a file beside it, a name a line: `<this binary>.tests`. The binary is linked to, not copied,
//! so its name is the one it was called by.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lab_record::{Clock, Figures, Finding, Lateness, Order, Ordered, Orders, Outcome, Record};

#[path = "support/escapes.rs"]
mod escapes;

fn main() {
    if let Some(depth) = std::env::args().find_map(|arg| arg.strip_prefix("--tree=")?.parse().ok())
    {
        escapes::grow(depth);
    }
    if std::env::args().any(|arg| arg == "--list") {
        let names = std::fs::read_to_string(beside("tests")).expect("the list of tests");
        names.lines().for_each(|name| println!("{name}: test"));
        return;
    }
    if let Some(mut orders) = lab_record::accept_stream().expect("a stream that can be read") {
        while let Some(order) = orders.next_order().expect("an order that can be read") {
            act(Asked::InAStream(&mut orders, order));
        }
        return;
    }
    let ordered = lab_record::accept().expect("an order that can be read").expect("an order");
    if let Some(file) = &ordered.order().trace {
        std::fs::write(file, "one event\n").expect("a trace in the working folder");
    }
    act(Asked::Alone(ordered));
}

/// One order, and whether others follow it in this process.
enum Asked<'a> {
    Alone(Ordered),
    InAStream(&'a mut Orders, Order),
}

impl Asked<'_> {
    fn order(&self) -> &Order {
        match self {
            Asked::Alone(ordered) => ordered.order(),
            Asked::InAStream(_, order) => order,
        }
    }

    fn is_in_a_stream(&self) -> bool {
        matches!(self, Asked::InAStream(..))
    }
}

/// A file whose name is that of this binary, as it was called, with `what` added.
fn beside(what: &str) -> PathBuf {
    let called = std::env::args().next().expect("the path of this binary");
    PathBuf::from(format!("{called}.{what}"))
}

#[allow(clippy::zombie_processes, reason = "leaving a child behind is what is tested")]
fn act(asked: Asked<'_>) {
    let test = asked.order().test.clone();
    let (_, does) = test.split_once("::").expect("a part before the name");
    match does {
        "passes" | "passes_too" => complete(asked, pass()),
        "remembers_earlier_runs" if asked.is_in_a_stream() => {
            complete(asked, Finding { event_hash: Some(0xabc), ..failure() });
        }
        "remembers_earlier_runs" => complete(asked, pass()),
        "dies_in_company" if asked.is_in_a_stream() && asked.order().seed.is_multiple_of(7) => {
            std::process::exit(0);
        }
        "dies_in_company" => complete(asked, pass()),
        "fails_in_seven_ways" => {
            let text = format!(
                "2A::{does} FAIL  rule C4: what is committed is applied\n  \
                 servers 0 and {} wait since {}.311 s\nreplay  as the battery says",
                asked.order().seed % 3,
                asked.order().seed
            );
            let rule = ["C1", "C2", "C3", "C4", "E1", "E2", "E3"][asked.order().seed as usize % 7];
            let text = text.replace("C4", rule);
            let finding = Finding::not_passed(Outcome::Fail, Some(rule.to_owned()), text);
            complete(asked, Finding { event_hash: Some(0xbad), ..finding });
        }
        "is_of_an_edition" => {
            let edition = asked.order().edition.clone().unwrap_or_default();
            let text = format!("2A::{does} FAIL  edition `{edition}`");
            let finding = Finding::not_passed(Outcome::Fail, Some("C4".to_owned()), text);
            complete(asked, Finding { event_hash: Some(0xed), ..finding });
        }
        "notes_a_hazard" => {
            let notes = vec!["lock hazard at raft/src/raft.rs:7".to_owned()];
            complete(asked, Finding { notes, ..pass() });
        }
        "fails" => complete(asked, failure()),
        "fails_on_odd_seeds" if asked.order().seed % 2 == 1 => complete(asked, failure()),
        "fails_on_odd_seeds" => complete(asked, pass()),
        "fails_under_the_real_clock" if asked.order().clock == Clock::Real => {
            complete(asked, failure());
        }
        "fails_under_the_real_clock" => complete(asked, pass()),
        "fails_in_colours" => {
            let text = "2A::fails_in_colours FAIL  \u{1b}[2J\u{7}rule A1".to_owned();
            complete(asked, Finding::not_passed(Outcome::Fail, Some("A1".to_owned()), text));
        }
        "reaches_the_step_limit" => {
            let text = format!("2A::{does} ABORTED  100000000 steps");
            complete(asked, Finding::not_passed(Outcome::Aborted, None, text));
        }
        "is_inconclusive" => complete(asked, inconclusive()),
        "is_inconclusive_with_a_child" => {
            let own = std::env::args_os().next().expect("the path of this binary");
            let child = Command::new(own).arg("--tree=0").spawn().expect("a child");
            std::mem::forget(child);
            std::thread::sleep(Duration::from_millis(600));
            complete(asked, inconclusive());
        }
        "is_inconclusive_with_many_threads" => {
            (0..2100).for_each(|_| park().expect("a thread"));
            std::thread::sleep(Duration::from_millis(600));
            complete(asked, inconclusive());
        }
        "takes_all_threads" => {
            let notes = vec![format!("threads: {}", (0..).take_while(|_| park().is_ok()).count())];
            complete(asked, Finding { notes, ..pass() });
        }
        "is_inconclusive_twice" => match count(does) {
            ..=2 => complete(asked, inconclusive()),
            _ => complete(asked, pass()),
        },
        "finds_a_framework_error" => {
            let text = format!("2A::{does} FRAMEWORK ERROR  a checker lost its history");
            complete(asked, Finding::not_passed(Outcome::FrameworkError, None, text));
        }
        "passes_and_lives_on" => {
            complete(asked, pass());
            forever();
        }
        "passes_and_leaves_a_child" => {
            let child = Command::new("/bin/sleep").arg("1000").spawn().expect("a child");
            std::fs::write(beside("child"), child.id().to_string()).expect("a file beside");
            complete(asked, pass());
        }
        "tries_to_escape" => {
            let text = match escapes::what_succeeds() {
                nothing if nothing.is_empty() => return complete(asked, pass()),
                something => format!("2A::{does} FAIL  it {something}"),
            };
            complete(asked, Finding::not_passed(Outcome::Fail, Some("E1".to_owned()), text));
        }
        "leaves_the_group" => {
            let text = format!("2A::{does} FAIL  process {}", escapes::leave_the_group());
            complete(asked, Finding::not_passed(Outcome::Fail, Some("E1".to_owned()), text));
        }
        "starts_a_tree" => {
            escapes::start_a_tree(5);
            std::thread::sleep(Duration::from_millis(300));
            complete(asked, pass());
        }
        "waits_slowly" => {
            std::thread::sleep(Duration::from_millis(300));
            complete(asked, pass());
        }
        "was_started" => {
            std::fs::write(beside("started"), "").expect("a file beside");
            forever();
        }
        _ => misbehave(does, asked),
    }
}

/// A thread that does nothing, for ever.
fn park() -> std::io::Result<()> {
    let parked = || loop {
        std::thread::park();
    };
    std::thread::Builder::new().stack_size(16 << 10).spawn(parked).map(drop)
}

/// What ends without an honest record.
fn misbehave(does: &str, asked: Asked<'_>) {
    match does {
        "exits_zero" => {
            println!("running 1 test\ntest 2A::exits_zero ... ok\n\ntest result: ok. 1 passed");
            std::process::exit(0);
        }
        "forges_records" => forge(asked.order()),
        "sends_two_records" => {
            write_everywhere(&Record::answer(asked.order(), pass()).to_line());
            complete(asked, pass());
        }
        "aborts" => std::process::abort(),
        "panics" => panic!("index out of bounds"),
        "hangs" => forever(),
        "loops" => loop {
            std::hint::black_box(does);
        },
        "eats_memory" => {
            let mut eaten = Vec::new();
            loop {
                eaten.push(vec![1_u8; 1 << 20]);
                std::hint::black_box(&eaten);
            }
        }
        "eats_memory_at_once" => {
            std::hint::black_box(vec![1_u8; 1 << 30]);
            forever();
        }
        "floods" => loop {
            println!("{}", "all work and no play ".repeat(500));
        },
        other => panic!("the fake battery does not know `{other}`"),
    }
}

/// A record for this run by somebody who has seen everything but the nonce, written wherever a
/// write succeeds; then the exit code of success.
fn forge(order: &Order) {
    let guess = "0".repeat(32);
    let guessed = Order::new(guess, order.test.clone(), order.clock, order.seed);
    write_everywhere(&Record::answer(&guessed, pass()).to_line());
    std::process::exit(0);
}

fn write_everywhere(line: &str) {
    for descriptor in 0..32 {
        let path = format!("/proc/self/fd/{descriptor}");
        if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(path) {
            let _ = file.write_all(line.as_bytes()); // most are not open, or not for writing
        }
    }
}

fn pass() -> Finding {
    Finding {
        event_hash: Some(0xfeed),
        lateness: Some(Lateness {
            worst: Duration::from_millis(2),
            own_cpu: Duration::from_millis(1),
        }),
        ..Finding::pass(Figures {
            time: Duration::from_millis(4500),
            peer_count: 3,
            rpc_count: 239,
            byte_count: 63_343,
            command_count: 4,
        })
    }
}

fn failure() -> Finding {
    let text = "2A::fails FAIL  rule C4: what is committed is applied without new traffic\n  \
                expected index 4 applied by 14.203 s\n  server 1 applied 3\n\
                replay  as the battery says\n\
                hint C4 every place that moves commit_index notifies the applier";
    let finding = Finding::not_passed(Outcome::Fail, Some("C4".to_owned()), text.to_owned());
    Finding { event_hash: Some(0xbad), ..finding }
}

fn inconclusive() -> Finding {
    let text = "2A::is_inconclusive INCONCLUSIVE  timers woke 812 ms late".to_owned();
    Finding::not_passed(Outcome::Inconclusive, None, text)
}

/// How often this was asked, this time included.
fn count(what: &str) -> u32 {
    let file = beside(what);
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let now = before.parse().unwrap_or(0) + 1;
    std::fs::write(file, now.to_string()).expect("a file beside the binary");
    now
}

fn complete(asked: Asked<'_>, finding: Finding) {
    match asked {
        Asked::Alone(ordered) => ordered.complete(finding),
        Asked::InAStream(orders, order) => orders.complete(&order, finding),
    }
    .expect("a way back to the grader");
}

fn forever() {
    loop {
        std::thread::park();
    }
}
