//! The student guide has what hints and comments send a reader to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lab_tests::hints::RULES;

/// The letters of the rules; what follows is a number.
const LETTERS: &str = "LSEACRPBNK";

fn guide() -> &'static str {
    include_str!("../../docs/student-guide.md")
}

/// The rules that the guide explains, each at an anchor of its own.
fn explained() -> Vec<String> {
    let anchors = guide().lines().filter_map(|line| line.strip_prefix("<a id=\""));
    anchors.filter_map(|rest| rest.split_once('"')).map(|(id, _)| id.to_owned()).collect()
}

/// Words that look like a rule: `C4`, not `2C`, `Clock` or `C4x`.
fn rules_named(text: &str) -> BTreeSet<String> {
    let words = text.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_');
    let is_rule = |word: &&str| {
        let (letter, number) = word.split_at(word.len().min(1));
        word.is_ascii()
            && LETTERS.contains(letter)
            && number.parse::<u8>().is_ok_and(|number| 0 < number)
    };
    words
        .filter(|word| !word.is_empty() && word.is_ascii())
        .filter(is_rule)
        .map(str::to_owned)
        .collect()
}

/// All sources below a folder of the project.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source is readable text");
                found.push((path.display().to_string(), text));
            }
        }
    }
    found
}

#[test]
fn every_rule_has_its_place() {
    let explained = explained();
    let known: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    let unique: BTreeSet<String> = explained.iter().cloned().collect();
    assert_eq!(unique.len(), explained.len(), "an anchor stands twice: {explained:?}");
    assert_eq!(unique, known, "the guide on the left, hints on the right");
    for id in &explained {
        let place = format!("<a id=\"{id}\"></a>**{id}** ");
        assert!(guide().contains(&place), "{id} is not shown where its anchor is");
    }
}

#[test]
fn no_source_names_a_rule_that_the_guide_does_not_have() {
    let explained: BTreeSet<String> = explained().into_iter().collect();
    for folder in ["raft/src", "kvraft/src", "handout", "labapi/src", "tests/src"] {
        for (path, text) in sources(folder) {
            let named = rules_named(&text);
            let unknown: Vec<&String> = named.difference(&explained).collect();
            assert!(unknown.is_empty(), "{path} names {unknown:?}; see docs/student-guide.md");
        }
    }
}

#[test]
fn rules_are_told_from_other_words() {
    let named = rules_named("C4: 2C, Clock, C4x, R2D2, E12; (N1, Z3) C0 P");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["C4", "E12", "N1"]);
}
