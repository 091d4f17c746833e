//! The catalogue of mistakes and variants fits the reference, the rules, the tests, and its page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lab_mutants::{Catalogue, Change, RuleText, apply, guide};
use lab_tests::{TESTS, hints};

/// Rules without letters: nobody can break L1 in safe Rust, and others stand for S4.
const WITHOUT_LETTERS: [&str; 2] = ["L1", "S4"];
/// How many ways to break a rule there are, by the initial of the rule.
const LETTERS: [(char, usize); 10] = [
    ('A', 13),
    ('B', 6),
    ('C', 13),
    ('E', 25),
    ('K', 19),
    ('L', 14),
    ('N', 16),
    ('P', 9),
    ('R', 4),
    ('S', 8),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn catalogue() -> Catalogue {
    Catalogue::read(root()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_change_fits_the_reference() {
    let catalogue = catalogue();
    let mutants = catalogue.mutants().map(|(_, mutant)| (&mutant.name, &mutant.changes));
    let variants = catalogue.variants.iter().map(|variant| (&variant.name, &variant.changes));
    let wrong: Vec<String> = mutants
        .chain(variants)
        .filter_map(|(name, changes): (&String, &Vec<Change>)| {
            apply(changes, root()).err().map(|error| format!("{name}: {error}"))
        })
        .collect();
    assert!(wrong.is_empty(), "changes that do not fit\n{}", wrong.join("\n"));
}

#[test]
fn every_letter_of_every_rule_has_a_mutant_or_a_reason() {
    let catalogue = catalogue();
    let mut letters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for of in &catalogue.breaks {
        letters.entry(of.rule()).or_default().push(of.letter());
    }
    for (rule, letters) in &letters {
        assert!(hints::rule(rule).is_some(), "{rule} of the catalogue is no rule");
        let all = "abcdefgh".split("").filter(|letter| !letter.is_empty());
        let wanted: Vec<&str> = all.take(letters.len()).collect();
        assert_eq!(*letters, wanted, "the letters of {rule}, in order and without a gap");
    }
    for rule in hints::RULES {
        let without = WITHOUT_LETTERS.contains(&rule.id);
        assert_ne!(letters.contains_key(rule.id), without, "{} has ways to break it", rule.id);
    }
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    for (rule, letters) in &letters {
        *counts.entry(rule.chars().next().expect("an initial")).or_default() += letters.len();
    }
    let counts: Vec<(char, usize)> = counts.into_iter().collect();
    assert_eq!(counts, LETTERS, "no letter was lost");
}

#[test]
fn mutants_name_known_rules_and_tests() {
    let tests: BTreeSet<&str> = TESTS.iter().map(|test| test.name).collect();
    let catalogue = catalogue();
    for (of, mutant) in catalogue.mutants() {
        for rule in &mutant.beside {
            assert!(hints::rule(rule).is_some(), "{} names {rule}, which is no rule", mutant.name);
            assert_ne!(rule, of.rule(), "{} lists its own rule beside itself", mutant.name);
        }
        assert!(!mutant.tests.is_empty(), "{} is expected to be noticed", mutant.name);
        for test in &mutant.tests {
            assert!(tests.contains(test.as_str()), "{} names no test {test}", mutant.name);
        }
    }
    for variant in &catalogue.variants {
        for exemption in &variant.exempt {
            let test = exemption.test.as_str();
            assert!(tests.contains(test), "{} names no test {test}", variant.name);
        }
    }
}

#[test]
fn the_page_of_mistakes_is_current() {
    let rules: Vec<RuleText<'_>> = hints::RULES
        .iter()
        .map(|rule| RuleText { id: rule.id, text: rule.text, hint: rule.hint })
        .collect();
    let page = std::fs::read_to_string(root().join("docs/mistakes.md")).unwrap_or_default();
    assert!(
        page == guide(&catalogue(), &rules),
        "docs/mistakes.md is not what the catalogue says; write it anew with\n  \
         cargo run -p lab-tests --example mistakes"
    );
}
