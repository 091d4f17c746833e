//! Several values in one buffer: their order, their numbers, and what is left over.

use labgob::{DecodeErrorKind, Decoder, EncodeErrorKind, Encoder};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

/// What a Raft server saves: term, vote, log.
fn saved_state() -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.encode(&3_u64).expect("a term");
    encoder.encode(&Some(1_usize)).expect("a vote");
    encoder.encode(&vec![Entry { term: 2, command: vec![1, 2] }]).expect("a log");
    encoder.finish()
}

#[test]
fn values_come_back_in_order() {
    let bytes = saved_state();
    let mut decoder = Decoder::new(&bytes);
    assert_eq!(decoder.decode::<u64>(), Ok(3));
    assert_eq!(decoder.position(), 1);
    assert_eq!(decoder.decode::<Option<usize>>(), Ok(Some(1)));
    assert!(!decoder.is_at_end(), "the log follows");
    assert_eq!(decoder.decode::<Vec<Entry>>().map(|log| log.len()), Ok(1));
    assert_eq!(decoder.finish(), Ok(()));
}

/// The mistake that plain MessagePack does not see: `Some(1)` and `1` are the same bytes there.
#[test]
fn term_and_vote_decoded_in_swapped_order_are_an_error() {
    let bytes = saved_state();
    let error = Decoder::new(&bytes).decode::<Option<usize>>().expect_err("a term is no option");
    assert_eq!(
        error.to_string(),
        "value 1, byte 0: expected option, found the integer 3 (decoding Option<usize>)"
    );

    let mut encoder = Encoder::new();
    encoder.encode(&Some(1_usize)).expect("a vote");
    encoder.encode(&3_u64).expect("a term");
    let bytes = encoder.finish();
    let error = Decoder::new(&bytes).decode::<u64>().expect_err("an option is no term");
    assert_eq!(
        error.to_string(),
        "value 1, byte 0: expected u64, found an option: some (decoding u64)"
    );

    let bytes = labgob::to_bytes(&None::<usize>).expect("no vote");
    let error = labgob::from_bytes::<u64>(&bytes).expect_err("none is no term");
    assert_eq!(
        error.to_string(),
        "value 1, byte 0: expected u64, found an option: none (decoding u64)"
    );
}

#[test]
fn an_error_names_the_value_the_byte_and_the_field() {
    #[derive(Debug, Deserialize)]
    struct EntryOfText {
        #[serde(rename = "term")]
        _term: u64,
        #[serde(rename = "command")]
        _command: String,
    }
    let bytes = saved_state();
    let mut decoder = Decoder::new(&bytes);
    decoder.decode::<u64>().expect("a term");
    decoder.decode::<Option<usize>>().expect("a vote");
    let error = decoder.decode::<Vec<EntryOfText>>().expect_err("the command is not a string");
    assert_eq!((error.value(), error.position(), error.path()), (3, 20, "[0].command"));
    assert_eq!(bytes[20..24], [0xc4, 2, 1, 2], "there the command begins");
    assert_eq!(
        error.to_string(),
        "value 3, byte 20, in [0].command: expected a string, found 2 bytes \
         (decoding Vec<EntryOfText>)"
    );
}

#[test]
fn after_an_error_the_decoder_stands_before_the_value() {
    let bytes = saved_state();
    let mut decoder = Decoder::new(&bytes);
    decoder.decode::<u64>().expect("a term");
    decoder.decode::<Vec<Entry>>().expect_err("the vote comes first");
    assert_eq!(decoder.position(), 1);
    assert_eq!(decoder.decode::<Option<usize>>(), Ok(Some(1)));
}

#[test]
fn left_over_bytes_are_an_error() {
    let bytes = saved_state();
    let error = labgob::from_bytes::<u64>(&bytes).expect_err("two values follow");
    assert_eq!(error.kind(), &DecodeErrorKind::LeftOver(bytes.len() - 1));
    assert_eq!(error.to_string(), "value 2, byte 1: left over after the last value: 23 bytes");
    labgob::Value::parse(&bytes).expect_err("two values follow");
    assert_eq!(labgob::Value::parse_all(&bytes).map(|values| values.len()), Ok(3));
}

#[test]
fn one_value_too_many_is_an_error() {
    let bytes = saved_state();
    let mut decoder = Decoder::new(&bytes);
    for _ in 0..3 {
        decoder.value().expect("three values were encoded");
    }
    let error = decoder.decode::<u64>().expect_err("no fourth value was encoded");
    assert_eq!(
        error.to_string(),
        "value 4, byte 24: expected another value, found the end of the buffer (decoding u64)"
    );
    assert_eq!(
        decoder.value().map_err(|error| error.kind().clone()),
        Err(DecodeErrorKind::NoValueLeft)
    );
}

#[test]
fn a_refused_value_leaves_the_buffer_as_it_was() {
    let mut encoder = Encoder::with_capacity(64);
    encoder.encode(&3_u64).expect("a term");
    let error = encoder.encode(&("half", 1_u128)).expect_err("u128 is refused");
    assert_eq!((error.value(), error.path()), (2, "[1]"));
    assert_eq!(error.kind(), &EncodeErrorKind::Unsupported("u128"));
    assert_eq!(encoder.as_bytes(), [3]);
    encoder.encode(&true).expect("encoding goes on");
    assert_eq!(encoder.finish(), [3, 0xc3]);
}
