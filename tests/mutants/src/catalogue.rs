//! What the files of the catalogue say.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Change;

/// All ways to break a rule that are known, and all correct designs that are kept beside the
/// reference.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// In the order of the files' names, and within a file as written.
    pub breaks: Vec<Break>,
    /// Likewise.
    pub variants: Vec<Variant>,
}

/// One way to break a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// The rule and a letter: `E5b`.
    pub id: String,
    /// What the student did, as a sentence.
    pub mistake: String,
    /// Why there is no mutant, if there is none.
    pub reason: Option<String>,
    /// The changes that make the mistake in the reference.
    #[serde(default, rename = "mutant")]
    pub mutants: Vec<Mutant>,
}

/// A reference solution with one mistake in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// The break's id; a second mutant of the same break has a number behind it: `E5b2`.
    pub name: String,
    /// What a student would see, as a sentence.
    pub shows: String,
    /// Other rules whose breach this is as much: a message that names one of them is right.
    #[serde(default)]
    pub beside: Vec<String>,
    /// The tests that are expected to notice, the surest first.
    pub tests: Vec<String>,
    /// Whether the mistake is a panic, so that no check is needed to notice it.
    #[serde(default)]
    pub panics: bool,
    /// What is changed.
    #[serde(rename = "change")]
    pub changes: Vec<Change>,
}

/// A correct solution that works in another way than the reference.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name, in lower case with hyphens.
    pub name: String,
    /// How it differs, and why that is correct, as sentences.
    pub differs: String,
    /// How it looks on the wire, as a sentence.
    pub wire: String,
    /// Tests whose documented limits it does not respect, each with the limit.
    #[serde(default)]
    pub exempt: Vec<Exemption>,
    /// What is changed.
    #[serde(rename = "change")]
    pub changes: Vec<Change>,
}

/// A test that may fail a variant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// The test's full name.
    pub test: String,
    /// The limit that forbids the design on purpose, and where it is documented.
    pub limit: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakFile {
    #[serde(rename = "break")]
    breaks: Vec<Break>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantFile {
    #[serde(rename = "variant")]
    variants: Vec<Variant>,
}

/// What is wrong with a file of the catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A folder or file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("`{}` is no file of the catalogue: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: Box<toml::de::Error>,
    },
    /// The parts of the catalogue contradict each other.
    #[error("the catalogue contradicts itself: {what}")]
    Contradiction {
        /// What, and where.
        what: String,
    },
}

impl Catalogue {
    /// Reads the catalogue of the workspace at `root`.
    ///
    /// # Errors
    /// If a file is missing or malformed, or an id or name contradicts another one.
    pub fn read(root: &Path) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::default();
        for file in files(&root.join("tests/mutants"))? {
            catalogue.breaks.extend(parse::<BreakFile>(&file)?.breaks);
        }
        for file in files(&root.join("tests/variants"))? {
            catalogue.variants.extend(parse::<VariantFile>(&file)?.variants);
        }
        catalogue.check()?;
        Ok(catalogue)
    }

    /// All mutants, each with the break that it makes.
    pub fn mutants(&self) -> impl Iterator<Item = (&Break, &Mutant)> {
        self.breaks.iter().flat_map(|of| of.mutants.iter().map(move |mutant| (of, mutant)))
    }

    fn check(&self) -> Result<(), CatalogueError> {
        for (number, one) in self.breaks.iter().enumerate() {
            one.check()?;
            if self.breaks[..number].iter().any(|other| other.id == one.id) {
                return contradiction(format!("{} stands twice", one.id));
            }
        }
        let mut names: Vec<_> = self.variants.iter().map(|variant| &variant.name).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => contradiction(format!("variant {} stands twice", pair[0])),
            None => Ok(()),
        }
    }
}

impl Break {
    /// The rule that is broken: `E5` of `E5b`.
    pub fn rule(&self) -> &str {
        rule_of(&self.id)
    }

    /// The letter: `b` of `E5b`.
    pub fn letter(&self) -> &str {
        &self.id[self.rule().len()..]
    }

    fn check(&self) -> Result<(), CatalogueError> {
        let id = &self.id;
        if self.rule().len() < 2 || self.letter().len() != 1 {
            return contradiction(format!("{id} is not a rule and a letter, as E5b is"));
        }
        if self.mutants.is_empty() != self.reason.is_some() {
            return contradiction(format!("{id} needs mutants, or the reason why there are none"));
        }
        for (number, mutant) in self.mutants.iter().enumerate() {
            let wanted = if number == 0 { id.clone() } else { format!("{id}{}", number + 1) };
            if mutant.name != wanted {
                return contradiction(format!("{} of {id} must be called {wanted}", mutant.name));
            }
            if mutant.changes.is_empty() {
                return contradiction(format!("{} changes nothing", mutant.name));
            }
        }
        Ok(())
    }
}

/// The rule that an id is about: `E5` of `E5b` and of `E5b2`.
pub fn rule_of(id: &str) -> &str {
    let digits = id.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    &id[..id.len().min(1 + digits)]
}

fn contradiction(what: String) -> Result<(), CatalogueError> {
    Err(CatalogueError::Contradiction { what })
}

/// The TOML files of a folder that are no manifest, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let unreadable = |source| CatalogueError::Unreadable { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        if is_toml && path.file_name().is_some_and(|name| name != "Cargo.toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, CatalogueError> {
    let text = fs::read_to_string(path)
        .map_err(|source| CatalogueError::Unreadable { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| CatalogueError::Malformed {
        path: path.to_owned(),
        source: Box::new(source),
    })
}
