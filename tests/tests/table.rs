//! The table of all tests, and the rules it names.

use std::collections::BTreeSet;

use lab_tests::{TESTS, hints};

#[test]
fn there_are_the_51_classic_tests() {
    let parts = ["2A", "2B", "2C", "2D", "3A", "3B"];
    let counts = parts.map(|part| TESTS.iter().filter(|test| test.part == part).count());
    assert_eq!(counts, [3, 10, 8, 7, 14, 9], "tests in parts {parts:?}");
}

/// Rules that no classic test is surely caught by: some aimed test names each.
#[test]
fn aimed_tests_are_after_what_the_classic_ones_see_by_luck() {
    let aimed: BTreeSet<_> =
        TESTS.iter().filter(|test| test.part == "2X").flat_map(|test| test.rules).collect();
    for rule in [
        "A1", "A2", "A3", "A4", "A5", "A6", "A7", "C1", "C2", "C4", "C5", "C6", "C7", "E1", "E3",
        "E4", "E5", "E6", "E7", "E8", "E10", "E11", "E12", "L2", "L3", "L4", "L5", "N1", "N2",
        "N3", "N4", "N5", "N6", "N7", "N8", "N9", "P1", "P2", "R1", "R2", "S1", "S3", "S4", "S5",
    ] {
        assert!(aimed.contains(&rule), "no test of part 2X is after {rule}");
    }
}

#[test]
fn names_are_unique_and_begin_with_their_part() {
    let names: BTreeSet<_> = TESTS.iter().map(|test| test.name).collect();
    assert_eq!(names.len(), TESTS.len(), "no name stands twice");
    for test in TESTS {
        let scenario = test.name.strip_prefix(test.part).and_then(|rest| rest.strip_prefix("::"));
        let scenario = scenario.unwrap_or_else(|| panic!("{} is not in {}", test.name, test.part));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(scenario.chars().all(plain), "{scenario} can be typed as a filter");
    }
}

#[test]
fn parts_stand_in_order() {
    let parts: Vec<_> = TESTS.iter().map(|test| test.part).collect();
    assert!(parts.is_sorted(), "parts are run in order: {parts:?}");
}

#[test]
fn every_test_has_a_title_and_known_rules() {
    for test in TESTS {
        assert!(!test.title.is_empty(), "{} has a title", test.name);
        assert!(!test.rules.is_empty(), "{} is after some rule", test.name);
        for id in test.rules {
            assert!(hints::rule(id).is_some(), "{} names {id}, which is no rule", test.name);
        }
    }
}

#[test]
fn rules_are_unique_and_say_something() {
    let ids: BTreeSet<_> = hints::RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), hints::RULES.len(), "no rule stands twice");
    for rule in hints::RULES {
        assert!(!rule.text.is_empty() && !rule.hint.is_empty(), "{} has text and hint", rule.id);
        assert!(!rule.text.ends_with('.'), "{} stands within a line", rule.id);
    }
}
