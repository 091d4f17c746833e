//! What failures have in common: their text without what differs from seed to seed.

/// The signature of a failure: the first line of its text without the test's name, and the first
/// fact, each number or list of numbers as `#`. Where the battery expected nothing, a panic for
/// instance, the second fact too: the first says only which thread it was.
pub(crate) fn signature(text: &str) -> String {
    let mut lines = text.lines();
    let headline = lines.next().unwrap_or_default();
    let headline = match headline.split_once(' ') {
        Some((name, rest)) if name.contains("::") => rest.trim(),
        _ => headline.trim(),
    };
    let is_fact = |line: &&str| line.starts_with("  ") && !line.contains(" clock, seed ");
    let mut signature = steady(headline);
    for fact in lines.take_while(|line| !line.starts_with("replay")).filter(is_fact).take(2) {
        let fact = fact.trim();
        signature.push('\n');
        signature.push_str(&steady(fact));
        if fact.starts_with("expected ") {
            break;
        }
    }
    signature
}

/// The text with `#` for each number that is no part of a word (`C4` stays) and no line of a
/// source file, and for each list of them.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(symbol) = rest.chars().next() {
        let in_a_word = steady.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        if symbol.is_ascii_digit() && !in_a_word && !steady.ends_with(".rs:") {
            let is_number = |symbol: char| symbol.is_ascii_digit() || symbol == '.';
            let after = rest.trim_start_matches(is_number);
            // A full stop at the end of a sentence is none of the number's.
            let number = &rest[..rest.len() - after.len()];
            rest = &rest[number.trim_end_matches('.').len()..];
            steady.push('#');
        } else {
            steady.push(symbol);
            rest = &rest[symbol.len_utf8()..];
        }
    }
    for between in ["#, #", "# and #"] {
        while steady.contains(between) {
            steady = steady.replace(between, "#");
        }
    }
    steady
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_seed_to_seed_is_left_out() {
        let one = "2B::rejoin FAIL  rule C4: what is committed is applied\n  \
                   expected index 4 applied by servers 0, 1 and 2 by 14.203 s\nreplay  ...";
        let other = "2B::backup FAIL  rule C4: what is committed is applied\n  \
                     expected index 17 applied by servers 3 and 4 by 9.3 s\nreplay  ...";
        let expected = "FAIL  rule C4: what is committed is applied\n\
                        expected index # applied by servers # by # s";
        assert_eq!(signature(one), expected);
        assert_eq!(signature(other), expected, "another test, the same mistake");
    }

    #[test]
    fn other_rules_and_other_facts_are_other_kinds() {
        let kind = |headline: &str, fact: &str| signature(&format!("2A::t {headline}\n  {fact}"));
        assert_ne!(
            kind("FAIL  rule C4", "x"),
            kind("FAIL  rule C3", "x"),
            "rules keep their digits"
        );
        assert_ne!(kind("FAIL  rule C4", "x"), kind("FAIL  rule C4", "y"));
        assert_ne!(kind("FAIL  rule C4", "x"), kind("ABORTED  rule C4", "x"));
    }

    #[test]
    fn the_seed_is_no_fact() {
        let text = "2A::t ABORTED  the process ended with signal 6 (SIGABRT)\n  \
                    virtual clock, seed 7\n  no completion record came; it ran for 0.01 s";
        assert_eq!(
            signature(text),
            "ABORTED  the process ended with signal # (SIGABRT)\n\
             no completion record came; it ran for # s"
        );
    }

    #[test]
    fn a_panic_is_known_by_its_place() {
        let kind = |line: u32, server: u32| {
            let text = format!(
                "2A::t FAIL  a lab thread panicked\n  a lab thread panicked on server {server}, at 1.2 s\n  \
                 index out of bounds at raft/src/log.rs:{line}:9"
            );
            signature(&text)
        };
        assert_eq!(kind(41, 0), kind(41, 2));
        assert_ne!(kind(41, 0), kind(58, 0), "another place, another mistake");
    }

    #[test]
    fn a_text_of_any_shape_has_one() {
        assert_eq!(signature(""), "");
        assert_eq!(signature("é7."), "é7.");
        assert_eq!(signature("at 7."), "at #.");
    }
}
