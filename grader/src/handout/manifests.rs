//! Cargo's manifests as they are handed out: what names files that are not, is left out.

use std::path::Path;

use super::files::STUDENT_CRATES;

/// The manifest at `path`, as `folder` needs it, which holds all sources by now.
pub(super) fn handed_out(text: &str, path: &str, folder: &Path) -> String {
    let home = folder.join(path);
    let home = home.parent().unwrap_or(folder);
    let is_student = STUDENT_CRATES.iter().any(|name| path == format!("{name}/Cargo.toml"));
    let kept = sections(text).into_iter().filter(|section| {
        let is_own_test = section.starts_with("[dev-dependencies]") && is_student;
        !is_own_test && target(section).is_none_or(|file| home.join(file).exists())
    });
    let text: String = kept.collect();
    if path == "Cargo.toml" { workspace(&text, folder) } else { text }
}

/// A manifest in pieces, each beginning with its heading.
fn sections(text: &str) -> Vec<&str> {
    let starts = text.match_indices("\n[").map(|(at, _)| at + 1);
    let mut bounds: Vec<usize> = std::iter::once(0).chain(starts).collect();
    bounds.push(text.len());
    bounds.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// The file that a `[[test]]`, `[[bench]]` or `[[example]]` is built from.
fn target(section: &str) -> Option<String> {
    let folder = [("[[test]]", "tests"), ("[[bench]]", "benches"), ("[[example]]", "examples")]
        .into_iter()
        .find_map(|(heading, folder)| section.starts_with(heading).then_some(folder))?;
    let value = |key: &str| {
        let line = section.lines().find(|line| line.starts_with(&format!("{key} = ")))?;
        line.split('"').nth(1).map(str::to_owned)
    };
    value("path").or_else(|| Some(format!("{folder}/{}.rs", value("name")?)))
}

/// The members that are there; and what a plain `cargo test` or `cargo build` is about.
fn workspace(text: &str, folder: &Path) -> String {
    let mut handed_out = String::new();
    let mut in_members = false;
    for line in text.lines() {
        in_members = in_members && line != "]" || line == "members = [";
        let member = line.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix("\","));
        let is_there = |member: &str| folder.join(member).join("src").exists();
        if in_members && member.is_some_and(|member| !is_there(member)) {
            continue;
        }
        if line.starts_with("exclude = ") {
            continue;
        }
        handed_out.push_str(line);
        handed_out.push('\n');
        if line == "resolver = \"3\"" {
            handed_out.push_str("default-members = [\"raft\", \"kvraft\", \"tests\"]\n");
        }
    }
    handed_out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_files_that_are_not_there_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("tests/tests")).expect("a folder");
        std::fs::write(folder.path().join("tests/tests/battery.rs"), "").expect("a file");
        let given = "[package]\nname = \"lab-tests\"\n\n[dev-dependencies]\ninsta = \"1\"\n\n\
                     [[test]]\nname = \"battery\"\nharness = false\n\n\
                     [[test]]\nname = \"failures\"\n\n[[bench]]\nname = \"b\"\npath = \"b/main.rs\"\n\n\
                     [lints]\nworkspace = true\n";
        assert_eq!(
            handed_out(given, "tests/Cargo.toml", folder.path()),
            "[package]\nname = \"lab-tests\"\n\n[dev-dependencies]\ninsta = \"1\"\n\n\
             [[test]]\nname = \"battery\"\nharness = false\n\n[lints]\nworkspace = true\n"
        );
        let student =
            "[package]\nname = \"raft\"\n\n[dev-dependencies]\nlabrt-host.workspace = true\n";
        assert_eq!(
            handed_out(student, "raft/Cargo.toml", folder.path()),
            "[package]\nname = \"raft\"\n\n",
            "what hosts a run is not for students"
        );
    }

    #[test]
    fn members_that_are_not_there_are_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("raft/src")).expect("a folder");
        let given = "[workspace]\nresolver = \"3\"\nmembers = [\n    \"mutants\",\n    \"raft\",\n]\n\
                     exclude = [\"handout\"]\n";
        assert_eq!(
            handed_out(given, "Cargo.toml", folder.path()),
            "[workspace]\nresolver = \"3\"\ndefault-members = [\"raft\", \"kvraft\", \"tests\"]\n\
             members = [\n    \"raft\",\n]\n"
        );
    }
}
