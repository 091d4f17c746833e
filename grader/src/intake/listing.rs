//! Which submissions there are.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// A submission that is to be graded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name in results; the name of a folder there, too.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Files that stand beside the submissions' folders.
const RESERVED: [&str; 2] = ["scores.csv", "summary.json"];
const ENDINGS: [&str; 4] = [".tar.gz", ".tgz", ".tar", ".zip"];

/// The submissions in `folder`, in the order of their names. What is a submission itself, an
/// archive or a folder with a `raft/src` in it, is the only one.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    if !folder.is_dir() || folder.join("raft").join("src").is_dir() {
        std::fs::metadata(folder)?;
        let path = std::fs::canonicalize(folder)?;
        let name = name(&path.file_name().unwrap_or_default().to_string_lossy());
        return Ok(vec![Entry { name, path }]);
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let mut names: BTreeSet<String> = RESERVED.map(str::to_owned).into();
    let entries = paths.into_iter().map(|path| {
        let wanted = name(&path.file_name().unwrap_or_default().to_string_lossy());
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let free =
            std::iter::once(wanted.clone()).chain(numbered).find(|name| !names.contains(name));
        let name = free.unwrap_or(wanted); // one of them is free
        names.insert(name.clone());
        Entry { name, path }
    });
    Ok(entries.collect())
}

/// Of letters, digits, and what else is harmless in the name of a file.
fn name(file_name: &str) -> String {
    let bare = ENDINGS.iter().find_map(|ending| file_name.strip_suffix(ending));
    let harmless = |symbol: char| {
        if symbol.is_alphanumeric() || "-_.@+".contains(symbol) { symbol } else { '_' }
    };
    let name: String = bare.unwrap_or(file_name).chars().map(harmless).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "submission".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_submission_has_a_name_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["ann", "ann.zip", "bob.tar.gz", ".hidden", "e v\u{1b}e.zip", "summary.json"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let names: Vec<String> =
            list(folder.path()).expect("a list").into_iter().map(|entry| entry.name).collect();
        assert_eq!(
            names,
            ["ann", "ann-2", "bob", "e_v_e", "summary.json-2"],
            "hidden files are none"
        );
    }
}
