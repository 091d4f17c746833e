//! A record is believed only whole, alone, and with the nonce of the run it answers. Each check
//! has its pair: what it accepts, and the one change that it names.

use std::time::Duration;

use lab_record::{
    AcceptError, Clock, Figures, Finding, Lateness, Order, Outcome, RECORD_BYTES_MAX, Record,
    RecordError,
};

fn order() -> Order {
    Order::new("3f9a".to_owned(), "2B::rejoin".to_owned(), Clock::Virtual, 7719)
}

fn pass() -> Finding {
    Finding::pass(Figures {
        time: Duration::from_millis(4500),
        peer_count: 3,
        rpc_count: 239,
        byte_count: 63_343,
        command_count: 4,
    })
}

/// The line of a passing record, with `from` replaced by `to` once.
fn changed(from: &str, to: &str) -> String {
    let line = Record::answer(&order(), pass()).to_line();
    assert!(line.contains(from), "nothing to change: {from} is not in {line}");
    line.replacen(from, to, 1)
}

fn refusal(bytes: impl AsRef<[u8]>) -> String {
    Record::parse(bytes.as_ref(), &order()).expect_err("the change went unseen").to_string()
}

#[test]
fn what_was_written_is_what_is_read() {
    let finding = Finding {
        notes: vec!["lock hazard".to_owned()],
        event_hash: Some(u64::MAX),
        lateness: Some(Lateness { worst: Duration::from_nanos(1), own_cpu: Duration::MAX }),
        ..pass()
    };
    let record = Record::answer(&order(), finding);
    let read = Record::parse(record.to_line().as_bytes(), &order()).expect("an honest record");
    assert_eq!(read, record, "a record changed on its way");

    let failed = Finding::not_passed(Outcome::Fail, Some("C4".to_owned()), "text".to_owned());
    let record = Record::answer(&order(), failed);
    let read = Record::parse(record.to_line().as_bytes(), &order()).expect("an honest record");
    assert_eq!(read.finding.rule.as_deref(), Some("C4"), "the rule was lost");
}

#[test]
fn nothing_is_no_record() {
    assert_eq!(refusal(""), "no completion record came");
}

#[test]
fn a_record_that_breaks_off_is_named() {
    let whole = Record::answer(&order(), pass()).to_line();
    let half = &whole[..whole.len() / 2];
    assert_eq!(
        refusal(half),
        format!("the completion record breaks off after {} bytes", half.len())
    );
}

#[test]
fn a_second_record_spoils_the_first() {
    let line = Record::answer(&order(), pass()).to_line();
    let twice = format!("{line}{line}");
    assert_eq!(refusal(twice), format!("{} bytes follow the completion record", line.len()));
}

#[test]
fn foreign_bytes_are_named() {
    let said = refusal("test result: ok. 28 passed; 0 failed\n");
    assert!(said.starts_with("what came is no completion record: "), "{said}");
    let said = refusal([0xff, 0xfe, b'\n']);
    assert!(said.starts_with("what came is no completion record: "), "{said}");
    let said = refusal(changed("\"seed\":7719", "\"seed\":7719,\"points\":100"));
    assert!(said.contains("unknown field `points`"), "{said}");
}

#[test]
fn a_flood_is_named() {
    assert_eq!(refusal(vec![b'x'; RECORD_BYTES_MAX + 1]), "more came than a record can hold");
}

#[test]
fn a_guessed_nonce_is_named() {
    assert!(matches!(
        Record::parse(changed("3f9a", "3f9b").as_bytes(), &order()),
        Err(RecordError::WrongNonce)
    ));
}

#[test]
fn the_record_of_another_run_is_named() {
    assert_eq!(
        refusal(changed("\"seed\":7719", "\"seed\":7720")),
        "the completion record is of another run: 2B::rejoin, virtual clock, seed 7720; \
         ordered was 2B::rejoin, virtual clock, seed 7719"
    );
    assert!(refusal(changed("2B::rejoin", "2A::rejoin")).contains("another run: 2A::rejoin"));
    assert!(refusal(changed("\"virtual\"", "\"real\"")).contains("2B::rejoin, real clock"));
}

#[test]
fn another_version_is_named_before_its_fields_are_read() {
    assert_eq!(
        refusal("{\"version\":4,\"shape\":\"unknown\"}\n"),
        "the completion record has version 4, and this grader has 3"
    );
}

#[test]
fn a_record_that_contradicts_itself_is_named() {
    assert_eq!(
        refusal(changed("\"rule\":null", "\"rule\":\"C4\"")),
        "the completion record contradicts itself: a pass names a broken rule"
    );
    assert_eq!(
        refusal(changed("\"outcome\":\"pass\"", "\"outcome\":\"fail\"")),
        "the completion record contradicts itself: it did not pass, and does not say why"
    );
}

#[test]
fn a_message_of_any_length_fits_into_a_record() {
    let long = "\u{1}\u{e9}".repeat(RECORD_BYTES_MAX);
    let finding = Finding {
        notes: vec![long.clone(); 100],
        ..Finding::not_passed(Outcome::Fail, None, long)
    };
    let line = Record::answer(&order(), finding).to_line();
    let read = Record::parse(line.as_bytes(), &order()).expect("cut to what a record can hold");
    assert!(read.finding.message.ends_with("too long for a record)"), "the cut is not told");
}

#[test]
fn an_order_is_read_as_it_was_given_and_nothing_else_is() {
    let given = order().with_trace("rejoin.trace".to_owned());
    assert_eq!(Order::parse(&given.to_line()).expect("an honest order"), given);
    assert!(matches!(Order::parse(""), Err(AcceptError::NotAnOrder(_))));
    let newer = given.to_line().replacen("\"version\":3", "\"version\":4", 1);
    assert!(matches!(Order::parse(&newer), Err(AcceptError::Version { found: 4 })));
}
