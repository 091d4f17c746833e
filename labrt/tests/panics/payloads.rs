//! What a panic says, whatever its payload is.

use std::panic::panic_any;

use crate::common::{assert_text, panics};

#[test]
fn with_a_payload_that_is_no_text() {
    let line = line!() + 2;
    panics(
        || panic_any(42_u32),
        move |_, failure| {
            assert_text(failure, "a panic whose payload is no text", line);
        },
    );
}

#[test]
fn with_a_text_made_at_run_time() {
    let line = line!() + 3;
    panics(
        || {
            std::panic::panic_any(format!("index {}", 5));
        },
        move |_, failure| assert_text(failure, "index 5", line),
    );
}
