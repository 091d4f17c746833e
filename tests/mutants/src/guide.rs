//! The catalogue as a page for students: `docs/mistakes.md`.

use std::fmt::Write;

use crate::{Break, Catalogue};

/// A rule in words, as the battery's hints have it.
#[derive(Clone, Copy, Debug)]
pub struct RuleText<'a> {
    /// Its number.
    pub id: &'a str,
    /// What it says.
    pub text: &'a str,
    /// What to look at in a program that breaks it.
    pub hint: &'a str,
}

const HEAD: &str = "\
# Classic mistakes

Each of these was made by someone, and each is kept as a small change of the reference solution
(`tests/mutants/`), against which the battery is measured. When a test names a rule, look it up
here: how programs come to break it, what that looks like, and which tests look for it.

`./grade.sh mutants E5` builds every mutant of rule E5 and shows what the battery says of it.

This page is written by `cargo run -p lab-tests --example mistakes`; do not edit it.
";

const GROUPS: [(char, &str); 10] = [
    ('L', "Locks"),
    ('S', "Structure"),
    ('E', "Elections"),
    ('A', "AppendEntries at the follower"),
    ('C', "Commit and apply"),
    ('R', "Replies at the leader"),
    ('P', "Persistence"),
    ('B', "Fast back-up"),
    ('N', "Snapshots"),
    ('K', "A service on top"),
];

/// The page: all rules in their order, with what breaks them.
pub fn guide(catalogue: &Catalogue, rules: &[RuleText<'_>]) -> String {
    let mut page = HEAD.to_owned();
    for (initial, title) in GROUPS {
        let of_group: Vec<_> = rules.iter().filter(|rule| rule.id.starts_with(initial)).collect();
        if of_group.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {title}\n");
        for rule in of_group {
            let _ = write!(page, "\n### {}: {}\n\n{}.\n", rule.id, rule.text, sentence(rule.hint));
            for of in catalogue.breaks.iter().filter(|of| of.rule() == rule.id) {
                mistake(&mut page, of);
            }
        }
    }
    page
}

fn mistake(page: &mut String, of: &Break) {
    let _ = write!(page, "\n* **{}** {}\n", of.id, of.mistake);
    if let Some(reason) = &of.reason {
        let _ = writeln!(page, "  No mutant: {reason}");
    }
    for mutant in &of.mutants {
        let tests: Vec<_> = mutant.tests.iter().map(|test| format!("`{test}`")).collect();
        let number = &mutant.name[of.id.len()..];
        let title = if number.is_empty() { String::new() } else { format!("({number}) ") };
        let _ = writeln!(page, "  {title}{} Looked for by {}.", mutant.shows, tests.join(", "));
    }
}

/// With a capital letter, unless it begins with code.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
