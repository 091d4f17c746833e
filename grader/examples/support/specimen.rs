//! One hostile or broken submission: how it differs from the reference, and what is expected.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A file of `tests/hostile/`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Specimen {
    #[serde(skip)]
    pub(crate) name: String,
    /// What it does, in a sentence.
    about: String,
    /// It holds nothing of the reference.
    bare: bool,
    archive: Option<Archive>,
    /// A folder around it all.
    below: Option<String>,
    /// Code at the beginning of a method of `raft/src/raft.rs`.
    insert: BTreeMap<String, String>,
    /// What stands in that file instead of something else.
    replace: BTreeMap<String, String>,
    /// The same in other files, wherever it occurs.
    edit: BTreeMap<String, BTreeMap<String, String>>,
    /// What is added to the end of files.
    append: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    bytes: BTreeMap<String, Vec<u8>>,
    links: BTreeMap<String, String>,
    expected: Expected,
}

#[derive(Debug, Deserialize)]
enum Archive {
    #[serde(rename = "zip")]
    Zip,
    #[serde(rename = "tar.gz")]
    TarGz,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    status: String,
    /// Every run has one of these.
    verdicts: Vec<String>,
    /// Stands in the message, or in the text of every run that did not pass.
    says: Option<String>,
    /// Stands in none of these texts.
    never_says: Option<String>,
    remarks: Option<String>,
    /// Stands in the report for its author.
    reports: Option<String>,
    /// A part without points for it, though the runs of the others are as above.
    loses: Option<String>,
    /// No process has this among its arguments.
    leaves_no_process: Option<String>,
}

impl Specimen {
    /// Every file of the folder.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let mut all = Vec::new();
        for entry in fs::read_dir(folder).expect("the specimens").flatten() {
            let path = entry.path();
            let text = fs::read_to_string(&path).expect("text");
            let specimen: Specimen =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(!specimen.about.is_empty(), "{} says what it does", path.display());
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            all.push(Specimen { name, ..specimen });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The reference as it is.
    pub(crate) fn innocent(name: &str) -> Self {
        Specimen { name: name.to_owned(), ..Specimen::default() }
    }

    /// All of its files, by name.
    fn content(&self, root: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut texts = BTreeMap::new();
        if !self.bare {
            for krate in ["raft", "kvraft"] {
                read(&root.join(krate).join("src"), &format!("{krate}/src"), &mut texts);
            }
        }
        if let Some(raft) = texts.get_mut("raft/src/raft.rs") {
            for (from, to) in &self.replace {
                assert_eq!(raft.matches(from.as_str()).count(), 1, "{}: `{from}`", self.name);
                *raft = raft.replacen(from, to, 1);
            }
            for (method, code) in &self.insert {
                *raft = inserted(raft, method, code);
            }
        }
        for (path, edits) in &self.edit {
            let text = texts.get_mut(path).unwrap_or_else(|| panic!("{}: {path}", self.name));
            for (from, to) in edits {
                assert!(text.contains(from.as_str()), "{}: `{from}`", self.name);
                *text = text.replace(from, to);
            }
        }
        for (path, text) in &self.append {
            texts.entry(path.clone()).or_default().push_str(text);
        }
        texts.extend(self.files.clone());
        let mut content: BTreeMap<String, Vec<u8>> =
            texts.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        content.extend(self.bytes.clone());
        content
    }

    /// Writes it as a submission into `folder`.
    pub(crate) fn write(&self, root: &Path, folder: &Path) {
        fs::create_dir_all(folder).expect("a folder");
        let content = self.content(root);
        let around = self.below.iter().map(|below| format!("{below}/")).collect::<String>();
        let content = content.iter().map(|(path, bytes)| (format!("{around}{path}"), bytes));
        match self.archive {
            None => {
                let own = folder.join(&self.name);
                fs::create_dir_all(&own).expect("a folder");
                for (path, bytes) in content {
                    let path = own.join(path);
                    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    fs::write(path, bytes).expect("a file");
                }
                for (path, to) in &self.links {
                    link(to, &own.join(path));
                }
            }
            Some(Archive::Zip) => {
                let file = fs::File::create(folder.join(format!("{}.zip", self.name)));
                let mut archive = zip::ZipWriter::new(file.expect("a file"));
                for (path, bytes) in content {
                    let options = zip::write::SimpleFileOptions::default();
                    archive.start_file(path, options).expect("an entry");
                    archive.write_all(bytes).expect("its content");
                }
                archive.finish().expect("an archive");
            }
            Some(Archive::TarGz) => {
                let file = fs::File::create(folder.join(format!("{}.tar.gz", self.name)));
                let packed = flate2::write::GzEncoder::new(
                    file.expect("a file"),
                    flate2::Compression::fast(),
                );
                let mut archive = tar::Builder::new(packed);
                for (path, bytes) in content {
                    let mut header = tar::Header::new_gnu();
                    header.set_size(bytes.len() as u64);
                    header.set_mode(0o644);
                    // Not by the method, which refuses what is to be tried here.
                    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
                    header.set_cksum();
                    archive.append(&header, bytes.as_slice()).expect("an entry");
                }
                for (path, to) in &self.links {
                    let mut header = tar::Header::new_gnu();
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_size(0);
                    archive.append_link(&mut header, path, to).expect("a link");
                }
                archive.into_inner().and_then(|packed| packed.finish()).expect("an archive");
            }
        }
    }

    /// What is not as expected in the results, and in the report.
    pub(crate) fn check(&self, found: &Value, report: &str) -> Option<String> {
        let expected = &self.expected;
        if let Some(text) = &expected.reports
            && !report.contains(text.as_str())
        {
            return Some(format!("its report is:\n{report}"));
        }
        let part = |name: &str| {
            let mut parts = found["parts"].as_array().into_iter().flatten();
            parts.find(|part| part["part"] == *name).unwrap_or(&Value::Null)
        };
        if let Some(lost) = &expected.loses
            && (part(lost)["points"] != 0.0 || part(lost)["points_undecided"] != 0.0)
        {
            return Some(format!("it has points in {lost}: {}", part(lost)));
        }
        if found["status"] != *expected.status {
            return Some(format!("its status is {}: {}", found["status"], found["message"]));
        }
        if let Some(remark) = &expected.remarks
            && !found["remarks"].to_string().contains(remark.as_str())
        {
            return Some(format!("its remarks are {}", found["remarks"]));
        }
        if let Some(process) = &expected.leaves_no_process
            && is_running(process)
        {
            return Some("it left a process behind".to_owned());
        }
        let says = expected.says.as_deref().unwrap_or_default();
        if expected.verdicts.is_empty() {
            let message = found["message"].as_str().unwrap_or_default();
            return (!message.contains(says)).then(|| format!("its message is: {message}"));
        }
        let parts = found["parts"].as_array().into_iter().flatten();
        let tests = parts.flat_map(|part| part["tests"].as_array().into_iter().flatten());
        let runs: Vec<&Value> =
            tests.flat_map(|test| test["runs"].as_array().into_iter().flatten()).collect();
        // What stands in `start` is not reached by a test that starts no command.
        let in_start = self.insert.contains_key("start");
        let judged = runs.iter().filter(|run| {
            let replay = run["replay"].as_str().unwrap_or_default();
            let is_aimed = replay.contains(" 2X::");
            let is_too_early = in_start && replay.contains("initial_election");
            !is_aimed && !is_too_early
        });
        let judged: Vec<&&Value> = judged.collect();
        if judged.is_empty() {
            return Some("it has no runs".to_owned());
        }
        judged.into_iter().find_map(|run| {
            let verdict = run["verdict"].as_str().unwrap_or_default();
            let text = run["text"].as_str().unwrap_or_default();
            let is_expected = expected.verdicts.iter().any(|expected| expected == verdict);
            let is_silent = |never: &String| !text.contains(never.as_str());
            let is_said = (verdict == "pass" || text.contains(says))
                && expected.never_says.as_ref().is_none_or(is_silent);
            (!is_expected || !is_said).then(|| format!("a run is {verdict}:\n{text}"))
        })
    }
}

fn link(to: &str, path: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, path).expect("a link");
    #[cfg(not(unix))]
    panic!("{} cannot link to {to} here", path.display());
}

fn read(folder: &Path, name: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the reference").flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read(&entry.path(), &name, into);
        } else {
            into.insert(name, fs::read_to_string(entry.path()).expect("text"));
        }
    }
}

/// `text` with `code` at the beginning of the method's body.
fn inserted(text: &str, method: &str, code: &str) -> String {
    let start = text.find(&format!("    fn {method}(")).expect("the method is there");
    let body = start + text[start..].find("{\n").expect("its body") + 2;
    format!("{}{code}{}", &text[..body], &text[body..])
}

fn is_running(argument: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()))
}
