//! From the words of a command line to the tests that they name.

use crate::error::{Indented, SelectionError};
use crate::grading::{Grading, part_of};

/// The tests that the words select: parts, full names, or names without their part.
pub(crate) fn select(words: &[String], grading: &Grading) -> Result<Vec<String>, SelectionError> {
    let all: Vec<String> = grading.test_names().collect();
    if words.is_empty() {
        return match all.is_empty() {
            false => Ok(all),
            true => Err(SelectionError::Nothing { why: "there are no tests".to_owned() }),
        };
    }
    let means = |word: &String, name: &String| {
        let bare = name.split_once("::").map(|(_, bare)| bare);
        part_of(name) == word || name == word || bare == Some(word)
    };
    for word in words {
        let is_part = grading.part_names().any(|part| part == word);
        if !is_part && !all.iter().any(|name| means(word, name)) {
            let known = known(grading, word);
            return Err(SelectionError::Unknown { asked: word.clone(), known });
        }
    }
    let is_selected = |name: &String| words.iter().any(|word| means(word, name));
    let selected: Vec<String> = all.into_iter().filter(is_selected).collect();
    match selected.is_empty() {
        false => Ok(selected),
        true => {
            let why = format!("part {} has no tests", words.join(" and part "));
            Err(SelectionError::Nothing { why })
        }
    }
}

fn known(grading: &Grading, word: &str) -> Indented {
    let parts: Vec<&str> = grading.part_names().collect();
    let mut text = format!("there are the parts {}", parts.join(", "));
    let part = part_of(word);
    if let Some(known) = parts.iter().find(|known| known.eq_ignore_ascii_case(part)) {
        let of_part = |name: &String| part_of(name) == *known;
        let tests: Vec<String> = grading.test_names().filter(of_part).collect();
        text.push_str(&format!("\npart {known} has {}", tests.join(", ")));
    }
    Indented(text)
}
