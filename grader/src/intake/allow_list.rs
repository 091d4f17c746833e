//! Which names are taken out of a submission.

use super::Refusal;

/// The crates whose sources are the student's.
const CRATES: [&str; 2] = ["raft", "kvraft"];
/// Folders that tools fill; nothing in them is looked at.
const SKIPPED: [&str; 3] = ["target", ".git", "__MACOSX"];

/// What becomes of an entry, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `raft/src/**/*.rs` or `kvraft/src/**/*.rs`, perhaps below one folder around it all.
    Source { root: String, path: String },
    /// Passed over.
    Other(String),
    /// Passed over with all that is below it.
    Skipped,
}

/// Where a name leads. It is refused if that is out of the submission.
pub(super) fn place(name: &str) -> Result<Place, Refusal> {
    let escapes = || Err(Refusal::Escapes(name.to_owned()));
    if name.starts_with('/') || name.contains(['\\', '\0', ':']) {
        return escapes();
    }
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return escapes();
    }
    // macOS puts what its file system knows of `x` beside it, in a file called `._x`.
    let is_skipped = |part: &&str| SKIPPED.contains(part) || part.starts_with("._");
    if parts.iter().any(is_skipped) {
        return Ok(Place::Skipped);
    }
    let is_sources = |parts: &[&str]| matches!(parts, [krate, "src", .., file] if CRATES.contains(krate) && file.ends_with(".rs"));
    let source = |root: &[&str], parts: &[&str]| Place::Source {
        root: root.iter().map(|part| format!("{part}/")).collect(),
        path: parts.join("/"),
    };
    Ok(match parts.as_slice() {
        all if is_sources(all) => source(&[], all),
        [around, all @ ..] if is_sources(all) => source(&[around], all),
        all => Place::Other(all.join("/")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_source(name: &str, root: &str, path: &str) {
        let expected = Place::Source { root: root.to_owned(), path: path.to_owned() };
        assert_eq!(place(name).expect("a good name"), expected, "{name}");
    }

    #[test]
    fn sources_are_taken_from_the_top_or_from_one_folder_below() {
        assert_source("raft/src/raft.rs", "", "raft/src/raft.rs");
        assert_source("./kvraft/src/a/b.rs", "", "kvraft/src/a/b.rs");
        assert_source("raft/src/_raft.rs", "", "raft/src/_raft.rs");
        assert_source("lab-of-ann/raft/src/raft.rs", "lab-of-ann/", "raft/src/raft.rs");
    }

    #[test]
    fn everything_else_is_passed_over() {
        for name in [
            "raft/Cargo.toml",
            "raft/build.rs",
            "raft/src/notes.txt",
            "raft/tests/mine.rs",
            "labapi/src/lib.rs",
            "tests/src/lib.rs",
            ".cargo/config.toml",
            "rust-toolchain.toml",
            "a/b/raft/src/raft.rs",
            "raft/src",
        ] {
            assert_eq!(place(name).expect("a good name"), Place::Other(name.to_owned()));
        }
        for name in [
            "target/debug/raft/src/raft.rs",
            "raft/src/target/a.rs",
            ".git/HEAD",
            "raft/src/._raft.rs",
        ] {
            assert_eq!(place(name).expect("a good name"), Place::Skipped, "{name}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "/raft/src/raft.rs",
            "../raft/src/raft.rs",
            "raft/src/../../x.rs",
            "raft\\src\\raft.rs",
            "C:raft/src/raft.rs",
            "target/../../raft/src/raft.rs",
            "raft/src/a\0.rs",
        ] {
            assert!(matches!(place(name), Err(Refusal::Escapes(_))), "{name:?}");
        }
    }
}
