//! Writes `docs/mistakes.md`: the catalogue of classic mistakes, for students.

use std::path::Path;
use std::process::ExitCode;

use lab_mutants::{Catalogue, RuleText, guide};
use lab_tests::hints;

fn main() -> ExitCode {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let rules: Vec<RuleText<'_>> = hints::RULES
        .iter()
        .map(|rule| RuleText { id: rule.id, text: rule.text, hint: rule.hint })
        .collect();
    let catalogue = match Catalogue::read(root) {
        Ok(catalogue) => catalogue,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let path = root.join("docs/mistakes.md");
    match std::fs::write(&path, guide(&catalogue, &rules)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} cannot be written: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
