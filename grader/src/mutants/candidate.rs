//! What is to be built and judged: the mutants, or the variants, that the words on the command
//! line select.

use lab_mutants::{Catalogue, Change, Variant, rule_of};

use super::error::MutantsError;
use crate::cli::MutantsArgs;

/// Something to be built and judged.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) name: &'a str,
    /// The way to break a rule, or nothing for a variant.
    pub(crate) of: Option<&'a str>,
    /// What the student did, or how the variant differs.
    pub(crate) what: &'a str,
    /// Rules that a message may rightly name.
    pub(crate) rules: Vec<&'a str>,
    /// Tests that are run first.
    pub(crate) first: &'a [String],
    /// Tests that may fail it although it is correct.
    pub(crate) exempt: Vec<&'a str>,
    pub(crate) panics: bool,
    pub(crate) changes: &'a [Change],
}

impl Candidate<'_> {
    pub(crate) fn title(&self) -> String {
        format!("{:24} {}", self.name, self.what)
    }
}

impl MutantsArgs {
    /// What the words select of the catalogue.
    pub(crate) fn select<'a>(
        &self,
        catalogue: &'a Catalogue,
    ) -> Result<Vec<Candidate<'a>>, MutantsError> {
        let all = if self.variants { variants(catalogue) } else { mutants(catalogue) };
        let means = |word: &str, candidate: &Candidate<'_>| {
            word == candidate.name
                || candidate.of.is_some_and(|of| word == of || word == rule_of(of))
        };
        for word in &self.selection {
            if let Some(of) = catalogue.breaks.iter().find(|of| of.id == *word)
                && let Some(reason) = &of.reason
                && !self.variants
            {
                let (id, reason) = (of.id.clone(), reason.clone());
                return Err(MutantsError::NoMutant { id, reason });
            }
            if !all.iter().any(|candidate| means(word, candidate)) {
                return Err(MutantsError::Unknown { asked: word.clone() });
            }
        }
        let is_selected = |candidate: &Candidate<'_>| {
            self.selection.is_empty() || self.selection.iter().any(|word| means(word, candidate))
        };
        let selected: Vec<_> = all.into_iter().filter(is_selected).collect();
        if selected.is_empty() { Err(MutantsError::Nothing) } else { Ok(selected) }
    }
}

fn mutants(catalogue: &Catalogue) -> Vec<Candidate<'_>> {
    let mut candidates = Vec::new();
    for (of, mutant) in catalogue.mutants() {
        let beside = mutant.beside.iter().map(String::as_str);
        candidates.push(Candidate {
            name: &mutant.name,
            of: Some(&of.id),
            what: &of.mistake,
            rules: std::iter::once(of.rule()).chain(beside).collect(),
            first: &mutant.tests,
            exempt: Vec::new(),
            panics: mutant.panics,
            changes: &mutant.changes,
        });
    }
    candidates
}

fn variants(catalogue: &Catalogue) -> Vec<Candidate<'_>> {
    let mut candidates = Vec::new();
    for Variant { name, differs, exempt, changes, .. } in &catalogue.variants {
        candidates.push(Candidate {
            name,
            of: None,
            what: differs,
            rules: Vec::new(),
            first: &[],
            exempt: exempt.iter().map(|exemption| exemption.test.as_str()).collect(),
            panics: false,
            changes,
        });
    }
    candidates
}
