//! What is taken out of a submission: the student's own sources, and nothing else.
//!
//! | module | what it does |
//! |---|---|
//! | `listing` | which submissions a folder holds |
//! | `allow_list` | which names are taken, passed over, or refused |
//! | `folder`, `archive` | the two kinds of submission, walked |
//!
//! Nothing of a submission is ever unpacked: its few sources are read into memory, within limits,
//! and written to names of the grader's own making. Whatever else it holds (manifests, build
//! scripts, settings of cargo, tests) is passed over and counted; what only an attack or an
//! accident brings along (links, devices, names that lead elsewhere) refuses the submission.

mod allow_list;
mod archive;
mod folder;
mod listing;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

pub(crate) use listing::{Entry, list};

use allow_list::{Place, place};

/// Sources of one crate and another, together.
const FILES_MAX: usize = 256;
const FILE_BYTES_MAX: u64 = 1 << 20;
const ALL_BYTES_MAX: u64 = 8 << 20;
/// Entries of any kind, in archives and folders.
const ENTRIES_MAX: usize = 20_000;

/// The sources of a submission, by the names they will have: `raft/src/raft.rs`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    pub(crate) files: BTreeMap<String, String>,
    /// Files that are not on the allow-list.
    pub(crate) passed_over: Vec<String>,
}

impl Sources {
    /// Whether there is any source of this crate.
    pub(crate) fn has_crate(&self, name: &str) -> bool {
        self.files.keys().any(|path| path.split('/').next() == Some(name))
    }
}

/// Why a submission is not graded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("`{0}` is a link; only plain files and folders are taken")]
    Link(String),
    #[error("`{0}` is neither a file nor a folder")]
    Special(String),
    #[error("the name `{0}` leads out of the submission")]
    Escapes(String),
    #[error("the name `{0}` is not UTF-8")]
    Name(String),
    #[error("`{0}` is in it twice")]
    Twice(String),
    #[error("`{path}` has more than {limit_bytes} bytes")]
    TooLarge { path: String, limit_bytes: u64 },
    #[error("its sources have more than {limit_bytes} bytes together")]
    TooLargeTogether { limit_bytes: u64 },
    #[error("it has more than {limit} source files")]
    TooManySources { limit: usize },
    #[error("it has more than {limit} files and folders")]
    TooManyEntries { limit: usize },
    #[error("its folders are more than {limit} deep")]
    TooDeep { limit: usize },
    #[error("`{0}` is not UTF-8 text")]
    NotText(String),
    #[error("there are sources below `{first}` and below `{second}`; which are meant is not clear")]
    TwoRoots { first: String, second: String },
    #[error("there is no file `raft/src/*.rs` in it")]
    NoSources,
    #[error("it is neither a folder nor a .tar.gz or .zip archive")]
    UnknownKind,
    #[error("it unpacks to more than {limit_bytes} bytes")]
    Bomb { limit_bytes: u64 },
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl Refusal {
    /// Whether the machine could not read it, which says nothing of the submission: an archive that
    /// is none is found out without the system's help.
    pub(crate) fn is_the_machines(&self) -> bool {
        matches!(self, Refusal::Unreadable(error) if error.raw_os_error().is_some())
    }
}

/// Takes the sources out of the submission at `path`.
pub(crate) fn take(path: &Path) -> Result<Sources, Refusal> {
    let name = path.to_string_lossy().into_owned();
    let kind = std::fs::symlink_metadata(path)?.file_type();
    let mut taking = Taking::default();
    if kind.is_symlink() {
        return Err(Refusal::Link(name));
    } else if kind.is_dir() {
        folder::walk(path, &mut taking)?;
    } else if !kind.is_file() {
        return Err(Refusal::Special(name));
    } else if name.ends_with(".zip") {
        archive::unzip(path, &mut taking)?;
    } else if [".tar.gz", ".tgz"].iter().any(|ending| name.ends_with(ending)) {
        archive::untar(flate2::read::MultiGzDecoder::new(std::fs::File::open(path)?), &mut taking)?;
    } else if name.ends_with(".tar") {
        archive::untar(std::fs::File::open(path)?, &mut taking)?;
    } else {
        return Err(Refusal::UnknownKind);
    }
    taking.finish()
}

/// What something with a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Link,
    Special,
}

/// Sources on their way in.
#[derive(Default)]
struct Taking {
    sources: Sources,
    /// The folder around it all, if there is one: `lab/`.
    root: Option<String>,
    entry_count: usize,
    byte_count: u64,
}

impl Taking {
    /// Hears of an entry; answers whether its content, or what is below it, is wanted.
    fn entry(&mut self, name: &str, kind: Kind) -> Result<Option<String>, Refusal> {
        self.entry_count += 1;
        if ENTRIES_MAX < self.entry_count {
            return Err(Refusal::TooManyEntries { limit: ENTRIES_MAX });
        }
        let place = place(name)?;
        match (place, kind) {
            (Place::Skipped, _) => Ok(None),
            (_, Kind::Link) => Err(Refusal::Link(name.to_owned())),
            (_, Kind::Special) => Err(Refusal::Special(name.to_owned())),
            (_, Kind::Folder) => Ok(Some(name.to_owned())),
            (Place::Source { root, path }, Kind::File) => {
                self.check_root(root)?;
                Ok(Some(path))
            }
            (Place::Other(name), Kind::File) => {
                self.sources.passed_over.push(name);
                Ok(None)
            }
        }
    }

    fn check_root(&mut self, root: String) -> Result<(), Refusal> {
        match &self.root {
            Some(first) if *first != root => {
                Err(Refusal::TwoRoots { first: first.clone(), second: root })
            }
            _ => {
                self.root = Some(root);
                Ok(())
            }
        }
    }

    /// Reads a source that [`Taking::entry`] has given its name.
    fn read(&mut self, path: String, from: impl Read) -> Result<(), Refusal> {
        let mut bytes = Vec::new();
        from.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        let byte_count = bytes.len() as u64;
        if FILE_BYTES_MAX < byte_count {
            return Err(Refusal::TooLarge { path, limit_bytes: FILE_BYTES_MAX });
        }
        self.byte_count += byte_count;
        if ALL_BYTES_MAX < self.byte_count {
            return Err(Refusal::TooLargeTogether { limit_bytes: ALL_BYTES_MAX });
        }
        let Ok(text) = String::from_utf8(bytes) else { return Err(Refusal::NotText(path)) };
        if self.sources.files.insert(path.clone(), text).is_some() {
            return Err(Refusal::Twice(path));
        }
        if FILES_MAX < self.sources.files.len() {
            return Err(Refusal::TooManySources { limit: FILES_MAX });
        }
        Ok(())
    }

    fn finish(self) -> Result<Sources, Refusal> {
        match self.sources.has_crate("raft") {
            true => Ok(self.sources),
            false => Err(Refusal::NoSources),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_cannot_read_is_told_from_what_is_no_archive() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = |name: &str| {
            let Err(refusal) = take(&folder.path().join(name)) else { panic!("{name} is taken") };
            refusal
        };
        let gone = refused("gone.zip");
        assert!(gone.is_the_machines(), "{gone}");
        for name in ["text.zip", "text.tar.gz", "text.tar", "text.txt"] {
            std::fs::write(folder.path().join(name), "hello").expect("a file");
            let refusal = refused(name);
            assert!(!refusal.is_the_machines(), "{name}: {refusal}");
        }
    }
}
