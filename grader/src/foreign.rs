//! Files that a submission's crates were compiled from, and that are not its own.
//!
//! `include_str!`, `include!` and `#[path]` read any file that the compiler can. The compiler
//! notes each, for cargo's sake, so that no macro can hide one; this reads the notes.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::workspace::Library;

/// The files that `library`, built in the workspace at `root`, was compiled from beside the
/// crate's own sources.
pub(crate) fn find(library: &Library, root: &Path) -> io::Result<Vec<PathBuf>> {
    let notes = notes_of(&library.path).ok_or_else(|| io::Error::other("it has no notes"))?;
    foreign(&fs::read_to_string(notes)?, &library.krate, root)
}

/// As [`find`], of a crate that does not compile: what the compiler says of it may quote what it
/// has read. The notes lie in `folder`; `None` if the compiler broke off before it wrote any.
pub(crate) fn find_midway(
    krate: &str,
    folder: &Path,
    root: &Path,
) -> io::Result<Option<Vec<PathBuf>>> {
    let mut noted = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.strip_prefix(krate).is_some_and(|rest| rest.starts_with('-'))
            && name.ends_with(".d")
        {
            let files = foreign(&fs::read_to_string(entry.path())?, krate, root)?;
            noted.get_or_insert_with(Vec::new).extend(files);
        }
    }
    Ok(noted)
}

/// Whether `source` may be reading other files. For when there are no notes: what it writes in a
/// comment counts too.
pub(crate) fn may_read_files(source: &str) -> bool {
    const WAYS: [&str; 9] = [
        "include_str",
        "include_bytes",
        "include!",
        // Handed to a macro.
        "(include",
        "[include",
        "{include",
        // Of a module, and not of a variable that is called so.
        "path=\"",
        "path=r",
        "path=$",
    ];
    let dense: String = source.split_whitespace().collect();
    WAYS.iter().any(|way| dense.contains(way))
}

fn foreign(notes: &str, krate: &str, root: &Path) -> io::Result<Vec<PathBuf>> {
    let own = root.join(krate).join("src");
    let is_own = |file: &PathBuf| normal(&root.join(file)).starts_with(&own);
    let mut foreign: Vec<PathBuf> = files(notes).filter(|file| !is_own(file)).collect();
    foreign.sort();
    foreign.dedup();
    Ok(foreign)
}

/// `libraft-0123.rlib` has its notes in `raft-0123.d`.
fn notes_of(library: &Path) -> Option<PathBuf> {
    let stem = library.file_stem()?.to_str()?;
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    Some(library.with_file_name(format!("{stem}.d")))
}

/// The files that the rules of a makefile name as what its first target needs.
fn files(notes: &str) -> impl Iterator<Item = PathBuf> {
    let rules = notes.lines().filter(|line| !line.starts_with('#'));
    rules.filter_map(|rule| rule.split_once(": ")).flat_map(|(_, needed)| words(needed))
}

/// Separated by blanks; a blank that belongs to a name has a backslash before it.
fn words(line: &str) -> Vec<PathBuf> {
    let mut words = vec![String::new()];
    let mut symbols = line.chars().peekable();
    while let Some(symbol) = symbols.next() {
        match symbol {
            '\\' if symbols.peek() == Some(&' ') => {
                symbols.next();
                words.last_mut().expect("there is one from the start").push(' ');
            }
            ' ' => words.push(String::new()),
            symbol => words.last_mut().expect("there is one from the start").push(symbol),
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(PathBuf::from).collect()
}

/// Without `.` and `..`. There are no links in a workspace that the grader has made.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_read_files_is_told_from_what_only_speaks_of_it() {
        for source in [
            "const X: &str = include_str !(\"x\");",
            "include\n!(\"x\");",
            "run!(include, \"x\")",
            "#[path = \"../x.rs\"] mod x;",
            "#[cfg_attr(all(), path = r\"x\")] mod x;",
            "#[path = $file] mod x;",
        ] {
            assert!(may_read_files(source), "{source}");
        }
        for source in ["// entries to include, and", "let path = 1; path == other", "includes()"] {
            assert!(!may_read_files(source), "{source}");
        }
    }

    #[test]
    fn own_files_are_told_from_others_however_they_are_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let notes = format!(
            "target/libraft.rlib: raft/src/lib.rs raft/src/./a\\ b.rs {}/raft/src/c.rs \
             raft/src/../../secret raft/src2/x.rs /etc/passwd\n\n/etc/passwd:\n# env-dep:HOME\n",
            root.display()
        );
        fs::write(root.join("raft-01.d"), notes).expect("notes");
        let library = Library { krate: "raft".to_owned(), path: root.join("libraft-01.rlib") };
        let foreign = find(&library, root).expect("notes that can be read");
        let expected = ["/etc/passwd", "raft/src/../../secret", "raft/src2/x.rs"];
        assert_eq!(foreign, expected.map(PathBuf::from));
    }
}
