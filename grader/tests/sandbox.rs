//! What a sandbox keeps a run from, and what it must not take from it.
#![cfg(target_os = "linux")]

mod common;

use common::{Fixture, Said};

fn run(test: &str, level: &str) -> Said {
    let fixture = Fixture::new(&[test])
        .changed("virtual_wall_s = 1", "virtual_wall_s = 60")
        .changed("virtual_cpu_s = 1", "virtual_cpu_s = 20");
    fixture.run(&exactly(level))
}

fn exactly(level: &str) -> [&str; 8] {
    ["--clock", "virtual", "--runs", "1", "--sandbox", level, "--require-sandbox", level]
}

/// The strongest level that this machine has. What a weaker machine cannot do is not tested on it,
/// and the grader itself refuses there.
fn strongest() -> &'static str {
    let has = |level: &&&str| run("passes", level).code != 122;
    ["namespaces", "landlock", "descendants"].iter().find(has).expect("Linux has descendants")
}

#[test]
fn an_honest_run_passes_on_every_level() {
    let levels = ["groups", "descendants", "landlock", "namespaces"];
    let strongest = levels.iter().position(|level| *level == strongest()).expect("it is a level");
    for level in &levels[..=strongest] {
        let said = run("passes", level);
        assert_eq!((said.code, said.counts().as_str()), (0, "1 run: 1 passed"), "{level}");
    }
}

#[test]
fn a_sandbox_that_is_capped_is_not_called_stronger() {
    let fixture = Fixture::new(&["passes"]);
    let said = fixture.run(&["--sandbox", "descendants", "--require-sandbox", "landlock"]);
    assert_eq!(said.code, 122, "{}", said.err);
    let text = "the sandbox here is `descendants`, and `landlock` was asked for";
    assert!(said.err.contains(text), "{}", said.err);
}

#[test]
fn a_level_that_is_not_there_is_refused_and_not_lowered() {
    for level in ["groups", "descendants", "landlock", "namespaces"] {
        let said = run("passes", level);
        match said.code {
            0 => assert_eq!(said.counts(), "1 run: 1 passed"),
            code => {
                assert_eq!(code, 122, "{}", said.err);
                assert!(said.err.contains(&format!("`{level}` was asked for")), "{}", said.err);
                assert!(said.out.is_empty(), "nothing was run\n{}", said.out);
            }
        }
    }
}

/// Without a sandbox everything must succeed: an act that fails for another reason shows nothing.
#[test]
fn what_the_sandbox_prevents_is_possible_without_it() {
    let said = run("tries_to_escape", "groups");
    let line = said.out.lines().next().unwrap_or_default();
    for act in [
        "reads the user list",
        "lists the root folder",
        "reads its own memory",
        "lists its descriptors",
        "lists processes",
        "writes where it is",
        "deletes where it is",
        "starts a shell",
        "listens",
        "talks to itself",
        "sees other processes",
    ] {
        // Without root, taking the order has closed the process's own memory.
        let is_closed = act == "reads its own memory" && !rustix::process::geteuid().is_root();
        assert_eq!(line.contains(act), !is_closed, "{act}\n{line}");
    }
    assert!(!line.contains("has an environment"), "none is inherited anywhere\n{line}");
}

#[test]
fn in_the_sandbox_nothing_is_in_reach() {
    let level = strongest();
    let said = run("tries_to_escape", level);
    let line = said.out.lines().next().unwrap_or_default();
    match level {
        "namespaces" => assert_eq!(said.counts(), "1 run: 1 passed", "{}", said.out),
        "landlock" => assert_eq!(
            line, "2A::tries_to_escape FAIL  it talks to itself, sees other processes",
            "UDP and the list of numbers need namespaces"
        ),
        _ => assert!(line.contains("FAIL"), "{line}"),
    }
}

#[test]
fn who_leaves_the_group_is_ended_all_the_same() {
    let said = run("leaves_the_group", "descendants");
    let process = said.out.lines().next().and_then(|line| line.split("process ").nth(1));
    let process = process.unwrap_or_else(|| panic!("no process\n{}", said.out)).trim().to_owned();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || !stat.contains("(sleep)"), "it is still there: {stat}");
}

#[test]
fn a_tree_of_processes_is_ended_to_its_last_leaf() {
    let said = run("starts_a_tree", strongest());
    assert_eq!((said.code, said.counts().as_str()), (0, "1 run: 1 passed"), "{}", said.out);
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let of_tree = |line: &Vec<u8>| line.windows(7).any(|bytes| bytes == b"--tree=");
    let left = processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .filter(of_tree);
    assert_eq!(left.count(), 0, "processes of the tree are left");
}

#[test]
fn what_goes_wrong_in_the_sandbox_is_told_as_without_it() {
    let level = strongest();
    for (test, code, counts, text) in [
        ("exits_zero", 1, "1 run: 0 passed, 1 aborted", "exit code 0 before the test was over"),
        ("aborts", 1, "1 run: 0 passed, 1 aborted", "signal 6 (SIGABRT)"),
        ("panics", 1, "1 run: 0 passed, 1 aborted", "index out of bounds"),
        ("forges_records", 1, "1 run: 0 passed, 1 aborted", "exit code 0"),
        ("fails", 1, "1 run: 0 passed, 1 failed", "rule C4"),
        ("is_inconclusive", 2, "1 run: 0 passed, 1 inconclusive", "812 ms late"),
    ] {
        let said = run(test, level);
        assert_eq!((said.code, said.counts().as_str()), (code, counts), "{test}\n{}", said.out);
        assert!(said.out.contains(text), "{test}: `{text}` is not in\n{}", said.out);
    }
}

#[test]
fn limits_hold_in_the_sandbox() {
    let level = strongest();
    let limited = |test, from, to| {
        let fixture = Fixture::new(&[test])
            .changed("virtual_wall_s = 1", "virtual_wall_s = 60")
            .changed("virtual_cpu_s = 1", "virtual_cpu_s = 20")
            .changed(from, to);
        fixture.run(&exactly(level))
    };
    for (test, from, to, text) in [
        ("loops", "virtual_cpu_s = 20", "virtual_cpu_s = 1", "its limit of 1 s of CPU time"),
        ("hangs", "virtual_wall_s = 60", "virtual_wall_s = 1", "its limit of 1 s"),
        ("eats_memory", "memory_mib = 200", "memory_mib = 100", "its limit of 100 MiB of memory"),
        ("floods", "output_mib = 8", "output_mib = 4", "its limit of 4 MiB of output"),
    ] {
        let said = limited(test, from, to);
        assert_eq!(said.code, 1, "{test}\n{}\n{}", said.out, said.err);
        assert!(said.out.contains(text), "{test}: `{text}` is not in\n{}", said.out);
    }
}

/// What the results say of the one run of `test` at `level`: what held it, and its notes.
fn held(test: &str, level: &str) -> (Said, serde_json::Value) {
    let fixture = Fixture::new(&[test])
        .changed("virtual_wall_s = 1", "virtual_wall_s = 60")
        .changed("virtual_cpu_s = 1", "virtual_cpu_s = 20")
        .changed("memory_mib = 200", "memory_mib = 400");
    let args: Vec<&str> = exactly(level).into_iter().chain(["--json", "results.json"]).collect();
    let said = fixture.run(&args);
    let text = std::fs::read_to_string(fixture.path("results.json")).expect("results");
    (said, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_run_that_takes_its_memory_at_once_is_stopped_and_by_cgroups_in_time() {
    let (said, results) = held("eats_memory_at_once", strongest());
    assert_eq!(said.counts(), "1 run: 0 passed, 1 aborted", "{}", said.out);
    assert!(said.out.contains("its limit of 400 MiB of memory"), "{}", said.out);
    let run = &results["parts"][0]["tests"][0]["runs"][0];
    let bytes = run["memory_bytes_max"].as_u64().expect("a number");
    if results["cgroups"] != "none" {
        assert!(bytes <= 400 << 20, "it had {bytes} bytes, in spite of {}", results["cgroups"]);
    }
}

#[test]
fn a_run_that_takes_all_threads_gets_no_more_than_its_limit() {
    const LIMIT: usize = 8192;
    let level = strongest();
    let (_, results) = held("passes", level);
    // Root is bound by a cgroup or a user namespace only, and would get all of the machine's.
    let level = if results["cgroups"] != "none" { "descendants" } else { level };
    if level == "descendants" && results["cgroups"] == "none" {
        return;
    }
    let (said, results) = held("takes_all_threads", level);
    let note = &results["parts"][0]["tests"][0]["runs"][0]["notes"][0];
    let count = note.as_str().and_then(|note| note.strip_prefix("threads: ")?.parse().ok());
    let count: usize = count.unwrap_or_else(|| panic!("no count\n{}{}", said.out, said.err));
    assert!((1000..LIMIT).contains(&count), "{count} threads");
}
