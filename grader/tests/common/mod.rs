//! A folder with a fake battery, its points, and the grader run on them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;

/// A fake battery that has the given tests, in a folder of its own.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    points: String,
}

/// What the grader said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) wall: Duration,
}

const HEAD: &str = "
[runs]
virtual = 2
real = 1
[weights]
virtual = 80
real = 20
[limits]
virtual_wall_s = 1
virtual_cpu_s = 1
real_wall_s = 1
real_cpu_s = 1
memory_mib = 200
output_mib = 8
";

impl Fixture {
    /// Part 2A with these tests, ten points each.
    pub(crate) fn new(tests: &[&str]) -> Self {
        let lines: String = tests.iter().map(|test| format!("{test} = 10\n")).collect();
        let points = 10 * tests.len();
        let part = format!(
            "[part.2A]\ntitle = \"fakes\"\npoints = {points}\ncurve = \"quadratic\"\n\
             [part.2A.tests]\n{lines}"
        );
        Fixture::with_points(tests, &format!("{HEAD}{part}"))
    }

    /// The tests of part 2A, and the whole file of points.
    pub(crate) fn with_points(tests: &[&str], points: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        // A copy could be executed while another test's fork still holds it open for writing.
        std::os::unix::fs::symlink(fake_battery(), folder.path().join("battery")).expect("a link");
        let names: String = tests.iter().map(|test| format!("2A::{test}\n")).collect();
        std::fs::write(folder.path().join("battery.tests"), names).expect("its list");
        std::fs::write(folder.path().join("points.toml"), points).expect("its points");
        Fixture { folder, points: points.to_owned() }
    }

    /// The same, with one piece of the file of points replaced.
    pub(crate) fn changed(self, from: &str, to: &str) -> Self {
        assert!(self.points.contains(from), "{from} is not in {}", self.points);
        let points = self.points.replacen(from, to, 1);
        std::fs::write(self.path("points.toml"), &points).expect("its points");
        Fixture { points, ..self }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = grader();
        command
            .current_dir(&self.folder)
            .args(["--battery", "./battery", "--grading", "points.toml"])
            .args(args);
        command
    }

    /// Another command than grading, its own flags after those that every command has.
    pub(crate) fn subcommand(&self, name: &str, args: &[&str]) -> Command {
        let mut command = grader();
        command
            .current_dir(&self.folder)
            .args([name, "--battery", "./battery", "--grading", "points.toml"])
            .args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        run(self.command(args))
    }
}

pub(crate) fn grader() -> Command {
    let mut command = Command::new(cargo_bin("grader"));
    command.env("NO_COLOR", "1");
    command
}

pub(crate) fn run(mut command: Command) -> Said {
    let began = Instant::now();
    let output = command.output().expect("the grader runs");
    Said {
        code: output.status.code().expect("the grader ends by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
        wall: began.elapsed(),
    }
}

impl Said {
    /// What stands on stdout, with `#.## s` for each time, and `#` for the framework's version.
    pub(crate) fn steady(&self) -> String {
        let framework = concat!("framework ", env!("CARGO_PKG_VERSION"));
        let out = self.out.replace(framework, "framework #");
        let mut rest = out.as_str();
        let mut steady = String::new();
        while let Some((before, after)) = rest.split_once(" s") {
            let number_bytes =
                before.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'.');
            let (text, number) = before.split_at(before.len() - number_bytes.count());
            let is_time = number.contains('.');
            steady.push_str(text);
            steady.push_str(if is_time { "#.##" } else { number });
            steady.push_str(" s");
            rest = after;
        }
        steady + rest
    }

    /// The verdicts' counts of the closing line: `3 runs: 3 passed`.
    pub(crate) fn counts(&self) -> String {
        let total = self.out.lines().last().unwrap_or_default();
        total.split("; ").nth(1).unwrap_or_default().to_owned()
    }
}

fn fake_battery() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("fake_battery"))
}

/// An example that cargo builds with the tests; built here when one test file alone was asked
/// for, since cargo leaves the examples out then.
pub(crate) fn example(name: &str) -> PathBuf {
    let bin = cargo_bin("grader");
    let folder = bin.parent().expect("the folder of the binary");
    let path = folder.join("examples").join(name);
    if !path.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "-p", "grader", "--example", name, "--target-dir"]);
        cargo.arg(folder.parent().expect("the target folder"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo").success(), "the example {name} does not build");
    }
    path
}

/// Every path to a value: `parts[].tests[].test`.
pub(crate) fn json_paths(value: &Value) -> BTreeSet<String> {
    fn add(value: &Value, at: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    add(value, &path, found);
                }
            }
            Value::Array(values) => {
                found.insert(format!("{at}[]"));
                values.iter().for_each(|value| add(value, &format!("{at}[]"), found));
            }
            Value::Null => {}
            _ => {
                found.insert(at.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    add(value, "", &mut found);
    found
}

/// The fields that the table of `docs/results.md` names which comes after `words`, and after the
/// next heading of a table.
pub(crate) fn documented_after(words: &str) -> BTreeSet<String> {
    let page = include_str!("../../../docs/results.md");
    let (_, page) = page.split_once(words).expect("the words");
    let rows = page.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    rows.take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(path, _)| path.to_owned())
        .collect()
}
