//! What the battery binary does with its arguments, seen from outside.
//!
//! This binary is a battery itself when the variable [`SUBMISSION`] names one; its tests start it
//! again that way.

#[path = "common/idle.rs"]
mod idle;

use std::io::Write;
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::Arc;

use lab_record::{Finding, Order, Outcome, Record};
use lab_tests::{Submission, TESTS};
use labapi::{ApplyMsg, Persister, State};
use labrpc::ClientEnd;
use labrt::channel::Sender;
use libtest_mimic::{Arguments, Trial};

use idle::{Behaviour, submission};

/// The environment variable that names the submission to test.
const SUBMISSION: &str = "LAB_TESTS_OF_BATTERY";

fn main() -> ExitCode {
    match std::env::var(SUBMISSION).as_deref() {
        Ok("reference") => lab_tests::main(Submission::of::<raft::Raft>()),
        Ok("exits") => lab_tests::main(submission::<Ends<Exit>>()),
        Ok("aborts") => lab_tests::main(submission::<Ends<Abort>>()),
        Ok("idle") => lab_tests::main(submission::<Ends<Nothing>>()),
        _ => own_tests(),
    }
}

fn own_tests() -> ExitCode {
    macro_rules! trials {
        ($($name:ident),* $(,)?) => {
            vec![$(Trial::test(stringify!($name), || { $name(); Ok(()) })),*]
        };
    }
    let trials = trials![
        the_list_is_the_table,
        nothing_but_the_list_is_printed_for_tools,
        several_filters_select_what_any_of_them_names,
        what_is_left_out_is_counted,
        exact_and_skip_do_as_in_rust,
        no_threads_are_refused_with_words,
        the_thread_variable_is_honoured,
        an_unknown_clock_is_refused_with_the_choices,
        seed_and_clock_come_from_flags_before_variables,
        an_edition_is_run_and_named_in_the_replay,
        a_passing_test_shows_its_figures_and_no_more,
        no_capture_shows_what_a_test_prints,
        one_seed_gives_one_run,
        a_failure_says_how_to_see_it_again,
        a_submission_that_exits_does_not_pass,
        a_submission_that_aborts_is_contained,
        a_stream_of_orders_is_answered_as_single_orders_are,
        a_stream_takes_no_run_under_the_real_clock,
        what_is_no_order_ends_the_stream,
        a_trace_is_written_where_one_is_asked_for,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A Raft that leads nobody, and does `E` when it is asked for its state.
struct Ends<E>(std::marker::PhantomData<E>);

trait End: Send + Sync + 'static {
    fn end();
}

struct Exit;
struct Abort;
struct Nothing;

impl End for Exit {
    fn end() {
        std::process::exit(0);
    }
}

impl End for Abort {
    fn end() {
        std::process::abort();
    }
}

impl End for Nothing {
    fn end() {}
}

impl<E: End> Behaviour for Ends<E> {
    fn make(_: Vec<ClientEnd>, _: usize, _: Arc<Persister>, _: Sender<ApplyMsg>) -> Self {
        Self(std::marker::PhantomData)
    }

    fn state(&self) -> State {
        E::end();
        State { term: 0, is_leader: false }
    }
}

struct Battery(Command);

fn battery(submission: &str, args: &[&str]) -> Battery {
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    command.env(SUBMISSION, submission).args(args);
    for variable in ["LAB_CLOCK", "LAB_SEED", "RUST_TEST_THREADS", "RUST_TEST_NOCAPTURE"] {
        command.env_remove(variable);
    }
    Battery(command)
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Battery {
    fn with(mut self, variable: &str, value: &str) -> Self {
        self.0.env(variable, value);
        self
    }

    fn run(mut self) -> Ran {
        let Output { status, stdout, stderr } = self.0.output().expect("this binary can be run");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        Ran { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

impl Ran {
    #[track_caller]
    fn says(&self, what: &str) -> &Self {
        assert!(self.out.contains(what), "it says `{what}`:\n{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn is_silent_about(&self, what: &str) -> &Self {
        assert!(!self.out.contains(what), "it does not say `{what}`:\n{}", self.out);
        self
    }

    #[track_caller]
    fn refuses(&self, why: &str) {
        assert_eq!(self.code, Some(2), "a mistake in the arguments:\n{}{}", self.out, self.err);
        assert!(self.err.contains(why), "it says `{why}`:\n{}", self.err);
        assert!(self.out.is_empty(), "nothing was run:\n{}", self.out);
    }

    #[track_caller]
    fn ends_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "its exit code:\n{}\n{}", self.out, self.err);
        self
    }
}

fn the_list_is_the_table() {
    let listed = battery("reference", &["--list"]).run();
    let names: Vec<_> = TESTS.iter().map(|test| format!("{}: test", test.name)).collect();
    let lines: Vec<_> = listed.ends_with(0).out.lines().collect();
    assert_eq!(lines, names, "all tests in the order of the table");
}

fn nothing_but_the_list_is_printed_for_tools() {
    let listed = battery("reference", &["--list", "--format", "terse"]).run();
    assert_eq!(listed.ends_with(0).out.lines().count(), TESTS.len(), "a line a test");
    let ignored = battery("reference", &["--list", "--format", "terse", "--ignored"]).run();
    assert_eq!(ignored.ends_with(0).out, "", "no test is ignored");
}

fn several_filters_select_what_any_of_them_names() {
    let listed = battery("reference", &["--list", "initial", "persist1"]).run();
    assert_eq!(listed.out, "2A::initial_election: test\n2C::persist1: test\n", "both");
}

fn what_is_left_out_is_counted() {
    let ran = battery("reference", &["2A"]).run();
    let others = TESTS.len() - 3;
    ran.ends_with(0)
        .says(&format!("3 passed; 0 failed; 0 ignored; 0 measured; {others} filtered out"));
}

fn exact_and_skip_do_as_in_rust() {
    let exact = battery("reference", &["--list", "--exact", "2C::figure8"]).run();
    assert_eq!(exact.out, "2C::figure8: test\n", "the whole name");
    let skipped = battery("reference", &["--list", "2A", "--skip", "many", "--skip=re_"]).run();
    assert_eq!(skipped.out, "2A::initial_election: test\n", "what no skip names");
}

fn no_threads_are_refused_with_words() {
    battery("reference", &["--test-threads=0"]).run().refuses("1 or more");
    battery("reference", &[]).with("RUST_TEST_THREADS", "0").run().refuses("1 or more");
}

fn the_thread_variable_is_honoured() {
    let ran = battery("reference", &["2A"]).with("RUST_TEST_THREADS", "1").run();
    ran.ends_with(0).says("3 passed");
    battery("reference", &["2A"]).with("RUST_TEST_THREADS", "many").run().refuses("1 or more");
}

fn an_unknown_clock_is_refused_with_the_choices() {
    let ran = battery("reference", &[]).with("LAB_CLOCK", "sundial").run();
    ran.refuses("possible values: virtual, real");
}

fn seed_and_clock_come_from_flags_before_variables() {
    let with_variables = |args: &[&str]| {
        battery("reference", args).with("LAB_SEED", "41").with("LAB_CLOCK", "virtual").run()
    };
    with_variables(&["initial"]).says("battery: virtual clock, seed 41");
    with_variables(&["initial", "--seed", "42"]).says("battery: virtual clock, seed 42");
}

fn an_edition_is_run_and_named_in_the_replay() {
    let figures = |edition| {
        let args = ["--in-process", "snapshot_init", "--seed", "5", "--edition", edition];
        battery("reference", &args).run().ends_with(0).out.clone()
    };
    assert_eq!(figures("standard"), figures("classic-ending"), "that test has one ending");
    assert_ne!(figures("standard"), figures("2025"), "over another network");
    let failed = battery("idle", &["initial_election", "--seed", "7", "--edition", "2025"]).run();
    failed.ends_with(101).says("--clock virtual --seed 7 --edition 2025");
    battery("reference", &["--edition", "2024"]).run().refuses("standard, classic-ending, 2025");
}

fn a_passing_test_shows_its_figures_and_no_more() {
    let ran = battery("reference", &["initial_election"]).run();
    ran.ends_with(0)
        .says("test 2A::initial_election ... ok")
        .says("\n2A::initial_election  ")
        .says("  ... Passed --")
        .is_silent_about("Test (2A)");
}

fn no_capture_shows_what_a_test_prints() {
    for flag in ["--no-capture", "--nocapture"] {
        let ran = battery("reference", &["initial_election", flag]).run();
        ran.ends_with(0).says("Test (2A): initial election ...\n");
    }
}

fn one_seed_gives_one_run() {
    let args = ["--in-process", "2B", "--seed", "5"];
    let (first, second) = (battery("reference", &args).run(), battery("reference", &args).run());
    assert_eq!(first.ends_with(0).out, second.out, "figures of the same seed");
}

fn a_failure_says_how_to_see_it_again() {
    let ran = battery("idle", &["initial_election", "--seed", "7"]).run();
    ran.ends_with(101)
        .says("2A::initial_election FAIL  rule E2")
        .says("--test battery -- --exact 2A::initial_election --clock virtual --seed 7")
        .says("hint E2")
        .says(concat!("version framework ", env!("CARGO_PKG_VERSION"), ", event hash "));
}

fn a_submission_that_exits_does_not_pass() {
    let ran = battery("exits", &["initial_election"]).run();
    ran.ends_with(101).says("ABORTED  its process exited before the test was over");
}

fn a_submission_that_aborts_is_contained() {
    let ran = battery("aborts", &["2A"]).run();
    ran.ends_with(101).says("ABORTED  its process ended early").says("3 failed");
}

fn order(test: &str, clock: lab_record::Clock, seed: u64) -> Order {
    Order::new(format!("nonce {test} {seed}"), test.to_owned(), clock, seed)
}

fn virtual_order(test: &str, seed: u64) -> Order {
    order(test, lab_record::Clock::Virtual, seed)
}

/// What the battery says when this stands on its stdin and is announced in this way.
fn ordered(way: &str, input: &str) -> Ran {
    let Battery(mut command) = battery("reference", &[]).with(lab_record::VARIABLE, way);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("this binary can be run");
    let mut way_in = child.stdin.take().expect("it was asked for");
    way_in.write_all(input.as_bytes()).expect("orders are taken");
    drop(way_in);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    Ran { code: status.code(), out: text(stdout), err: text(stderr) }
}

#[track_caller]
fn finding(line: &str, order: &Order) -> Finding {
    Record::parse(format!("{line}\n").as_bytes(), order).expect("an honest record").finding
}

fn a_stream_of_orders_is_answered_as_single_orders_are() {
    let orders = [
        virtual_order("2A::initial_election", 5),
        virtual_order("2C::figure8", 6),
        virtual_order("2A::initial_election", 5),
        virtual_order("2Z::unknown", 1),
    ];
    let stream = ordered("stream", &orders.each_ref().map(Order::to_line).concat());
    let lines: Vec<&str> = stream.ends_with(0).out.lines().collect();
    assert_eq!(lines.len(), orders.len(), "a record each:\n{}{}", stream.out, stream.err);
    for (line, order) in lines.iter().zip(&orders).take(3) {
        let alone = ordered("stdio", &order.to_line());
        let alone = finding(alone.ends_with(0).out.trim_end(), order);
        assert_eq!(finding(line, order), alone, "{} alone, and in a stream", order.test);
        assert_eq!(alone.outcome, Outcome::Pass, "{}", alone.message);
        assert!(alone.event_hash.is_some(), "a run under the virtual clock has a hash");
    }
    assert_eq!(finding(lines[3], &orders[3]).outcome, Outcome::FrameworkError, "no such test");
}

fn a_stream_takes_no_run_under_the_real_clock() {
    let real = order("2A::initial_election", lab_record::Clock::Real, 1);
    let stream = ordered("stream", &real.to_line());
    let said = finding(stream.ends_with(0).out.trim_end(), &real);
    assert_eq!(said.outcome, Outcome::FrameworkError, "{}", said.message);
    assert_eq!(said.message, "a run under the real clock has a process of its own");
}

fn what_is_no_order_ends_the_stream() {
    let first = virtual_order("2A::initial_election", 5);
    let stream = ordered("stream", &format!("{}hello\n{}", first.to_line(), first.to_line()));
    assert_eq!(stream.ends_with(1).out.lines().count(), 1, "the record of the first order");
    assert!(stream.err.contains("an order of the stream cannot be taken"), "{}", stream.err);
}

fn a_trace_is_written_where_one_is_asked_for() {
    let file = std::env::temp_dir().join(format!("lab-trace-{}", std::process::id()));
    let plain = virtual_order("2A::initial_election", 5);
    let traced = plain.clone().with_trace(file.to_str().expect("a plain path").to_owned());
    let hash = |order: &Order| {
        let alone = ordered("stdio", &order.to_line());
        finding(alone.ends_with(0).out.trim_end(), order).event_hash
    };
    assert_eq!(hash(&traced), hash(&plain), "writing events down changes none");
    let text = std::fs::read_to_string(&file).expect("a trace was written");
    std::fs::remove_file(&file).expect("it is there");
    let (head, events) = text.split_once('\n').expect("more than a line");
    let count = events.lines().count();
    let expected = format!("2A::initial_election, virtual clock, seed 5: {count} events");
    assert_eq!(head, expected, "the first line says what this is");
    assert!(1000 < count, "{count} events are not a whole election test");
}
