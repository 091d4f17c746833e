//! Tests repeated over seeds: every run counted once, failures only when they are seen again.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Fixture, Said, run};

fn stress(fixture: &Fixture, args: &[&str]) -> Said {
    run(fixture.subcommand("stress", args))
}

fn merge(fixture: &Fixture, args: &[&str]) -> Said {
    let mut command = common::grader();
    command.current_dir(&fixture.folder).arg("merge").args(args);
    run(command)
}

impl Said {
    /// The line of a table that begins so, its columns one blank apart.
    #[track_caller]
    fn row(&self, name: &str) -> String {
        let columns = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let row = self.out.lines().map(columns).find(|line| line.starts_with(name));
        row.unwrap_or_else(|| panic!("no line {name}\n{}\n{}", self.out, self.err))
    }

    /// How many runs there were, of each kind.
    #[track_caller]
    fn total(&self) -> String {
        let total = self.row("total ");
        total.split(';').next().unwrap_or_default().to_owned()
    }

    /// All but what depends on the moment.
    fn table(&self) -> String {
        let is_steady = |line: &&str| !line.starts_with("total ") && !line.starts_with("replay ");
        self.out.lines().filter(is_steady).collect::<Vec<_>>().join("\n")
    }
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("a results file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn what_passes_is_counted_and_not_kept() {
    let fixture = Fixture::new(&["passes", "passes_too"]);
    let said = stress(&fixture, &["--runs", "2500", "--out", "all"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(said.total(), "total 5,000 runs: 5,000 passed");
    assert_eq!(said.row("2A::passes "), "2A::passes 2,500 0 0 % 0.12 % 0");
    assert_eq!(said.row("any of 2A"), "any of 2A 2,500 0 0 % 0.12 % 0");
    assert!(!fixture.path("all/failures").exists(), "only what failed is kept");
    let head = &lines(&fixture.path("all/runs.jsonl"))[0];
    assert_eq!((&head["line"], &head["shard"]), (&"head".into(), &"1/1".into()), "{head}");
    assert_eq!(head["framework_version"], env!("CARGO_PKG_VERSION"), "{head}");
}

#[test]
fn what_fails_is_kept_with_seed_text_and_trace() {
    let fixture = Fixture::new(&["fails_on_odd_seeds"]);
    let said = stress(&fixture, &["--runs", "20", "--jobs", "1", "--out", "all", "--keep", "2"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert_eq!(said.total(), "total 20 runs: 10 passed, 10 failed");
    assert_eq!(said.row("2A::fails_on_odd"), "2A::fails_on_odd_seeds 20 10 50 % 70 % 0");
    assert!(said.out.contains("1  10 runs failed\n   FAIL  rule C4: "), "{}", said.out);
    let command = "--seed 1 --expect 0000000000000bad --battery ./battery\nkept    failures/";
    assert!(said.out.contains(command), "{}", said.out);

    let folder = fixture.path("all/failures/2A-fails_on_odd_seeds-1");
    let log = std::fs::read_to_string(folder.join("log.txt")).expect("its text");
    assert!(log.contains("expected index 4 applied by 14.203 s"), "{log}");
    assert!(log.contains("event hash 0000000000000bad"), "{log}");
    assert!(log.contains(&format!("framework {}", env!("CARGO_PKG_VERSION"))), "{log}");
    assert_eq!(std::fs::read_to_string(folder.join("trace.txt")).expect("a trace"), "one event\n");
    let kept = std::fs::read_dir(fixture.path("all/failures")).expect("a folder").count();
    assert_eq!(kept, 2, "as many as --keep says");
    let lines = lines(&fixture.path("all/runs.jsonl"));
    let failed = lines.iter().filter(|line| line["kind"] == "fail");
    assert_eq!(failed.count(), 10, "every failing seed has its line");
}

#[test]
fn a_failure_counts_only_when_a_fresh_process_fails_the_same_way() {
    let fixture = Fixture::new(&["remembers_earlier_runs"]);
    let said = stress(&fixture, &["--runs", "6"]);
    assert_eq!(said.total(), "total 6 runs: 0 passed, 6 unconfirmed");
    assert_eq!(said.code, 2, "nothing is known to fail\n{}", said.out);
    assert!(said.out.contains("look for a `static`"), "{}", said.out);
    let said = stress(&fixture, &["--runs", "6", "--clock", "real"]);
    assert_eq!(said.total(), "total 6 runs: 6 passed", "there each has its own process");
}

#[test]
fn a_worker_that_dies_takes_no_run_with_it() {
    let fixture = Fixture::new(&["dies_in_company", "passes"]);
    let said = stress(&fixture, &["--runs", "300"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(said.total(), "total 600 runs: 600 passed");
}

#[test]
fn what_dies_alone_too_is_aborted() {
    let fixture = Fixture::new(&["aborts", "exits_zero"]);
    let said = stress(&fixture, &["--runs", "5", "--out", "all"]);
    assert_eq!(said.total(), "total 10 runs: 0 passed, 10 aborted", "exit code 0 is no pass");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.out.contains("ABORTED  the process ended with signal # (SIGABRT)"),
        "{}",
        said.out
    );
}

#[test]
fn failures_that_look_the_same_are_one_group() {
    let fixture = Fixture::new(&["fails_in_seven_ways"]);
    let said = stress(&fixture, &["--runs", "70"]);
    let groups = said.out.lines().filter(|line| line.ends_with("  10 runs failed")).count();
    assert_eq!(groups, 7, "a rule each, whatever the servers and times\n{}", said.out);
    assert!(said.out.contains("   servers # wait since # s\n"), "{}", said.out);
}

#[test]
fn it_ends_when_enough_has_failed() {
    let fixture = Fixture::new(&["fails_on_odd_seeds"]);
    let said = stress(&fixture, &["--until-fail", "--jobs", "1"]);
    assert_eq!(said.code, 1, "{}", said.out);
    let failed = |said: &Said| said.row("2A::fails").split(' ').nth(2).map(str::to_owned);
    // What was already asked for when the first failure came is still counted.
    let count = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
    assert!(count(failed(&said)).is_some_and(|count| (1..=4).contains(&count)), "{}", said.out);
    let said = stress(&fixture, &["--max-failures", "10", "--jobs", "1"]);
    assert!(count(failed(&said)).is_some_and(|count| (10..=14).contains(&count)), "{}", said.out);
}

#[test]
fn it_ends_when_its_time_is_over() {
    let fixture = Fixture::new(&["waits_slowly"]);
    let said = stress(&fixture, &["--duration", "1s", "--jobs", "1"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.total().ends_with("passed"), "{}", said.out);
}

#[test]
fn ctrl_c_prints_the_table_so_far() {
    let fixture = Fixture::new(&["passes", "was_started"])
        .changed("virtual_wall_s = 1", "virtual_wall_s = 60");
    let args = ["--runs", "1", "--jobs", "1", "--out", "all"];
    let mut command = fixture.subcommand("stress", &args);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let grader = command.spawn().expect("the grader starts");
    while !fixture.path("battery.started").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut interrupt = Command::new("kill");
    interrupt.args(["-INT", &grader.id().to_string()]);
    assert!(interrupt.status().expect("kill").success(), "the grader is still there");
    let output = grader.wait_with_output().expect("the grader ends");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{out}");
    assert!(out.contains("total 1 runs: 1 passed"), "{out}");

    let said = stress(&fixture, &["2A::passes", "--runs", "3", "--out", "all", "--resume"]);
    assert!(said.err.contains("resumed 1 runs are known"), "{}", said.err);
    assert_eq!(said.total(), "total 3 runs: 3 passed", "two more were made");
}

#[test]
fn shares_together_are_the_whole_however_often_they_are_merged() {
    let fixture = Fixture::new(&["fails_on_odd_seeds", "passes"]);
    let runs = ["--runs", "40", "--out"];
    let whole = stress(&fixture, &[&runs[..], &["whole"]].concat());
    for share in ["1/3", "2/3", "3/3"] {
        let folder = format!("share-{}", &share[..1]);
        let said = stress(&fixture, &[&runs[..], &[&folder, "--shard", share]].concat());
        assert!(said.err.contains(&format!("share {share}\n")), "it is shown\n{}", said.err);
    }
    let shares = ["share-1", "share-2", "share-3"];
    let merged = merge(&fixture, &[&shares[..], &["--out", "merged"]].concat());
    assert_eq!(merged.code, 1, "{}{}", merged.out, merged.err);
    assert_eq!(merged.total(), "total 80 runs: 60 passed, 20 failed");
    assert_eq!(merged.row("any of 2A"), whole.row("any of 2A"));
    let again = merge(&fixture, &["share-2", "merged", "share-1", "share-1", "whole"]);
    assert_eq!(again.total(), merged.total(), "each run counts once");
    let kept = fixture.path("merged/failures/2A-fails_on_odd_seeds-1/log.txt");
    assert!(kept.exists(), "what was kept moves along");
    let once_more = merge(&fixture, &["merged"]);
    assert_eq!(once_more.table(), merged.table(), "merging changes nothing that is merged");
}

#[test]
fn results_of_another_build_or_clock_are_refused() {
    let fixture = Fixture::new(&["passes"]);
    stress(&fixture, &["--runs", "3", "--out", "one"]);
    stress(&fixture, &["--runs", "3", "--out", "real", "--clock", "real"]);
    let said = merge(&fixture, &["one", "real"]);
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{}", said.err);
    assert!(said.err.contains("\n  clock virtual, and real\n"), "{}", said.err);

    let head = std::fs::read_to_string(fixture.path("one/runs.jsonl")).expect("results");
    let build = head.split("\"build\":\"").nth(1).and_then(|rest| rest.get(..16)).expect("a build");
    std::fs::create_dir(fixture.path("other")).expect("a folder");
    let other = head.replace(build, "0123456789abcdef");
    std::fs::write(fixture.path("other/runs.jsonl"), other).expect("other results");
    let said = merge(&fixture, &["one", "other"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("`one` and `other` are not of one thing"), "{}", said.err);
    assert!(said.err.contains(&format!("build of the battery {build}, and 0123")), "{}", said.err);
    let said = stress(&fixture, &["--runs", "3", "--out", "other", "--resume"]);
    assert_eq!(said.code, 3, "nor are they gone on with\n{}", said.err);
}

#[test]
fn results_are_not_written_over_and_a_broken_line_is_run_again() {
    let fixture = Fixture::new(&["fails_on_odd_seeds"]);
    let args = ["--runs", "30", "--out", "all"];
    let first = stress(&fixture, &args);
    let said = stress(&fixture, &args);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(said.err.contains("there are results in `all` already"), "{}", said.err);

    let path = fixture.path("all/runs.jsonl");
    let mut whole = std::fs::read(&path).expect("results");
    whole.truncate(whole.len() - 20);
    std::fs::write(&path, &whole).expect("as if the machine had stopped while it wrote");
    let resumed = stress(&fixture, &[&args[..], &["--resume"]].concat());
    assert_eq!(resumed.total(), first.total(), "nothing is lost, nothing counts twice");
    assert_eq!(merge(&fixture, &["all"]).total(), first.total(), "and it can be read again");

    std::fs::write(&path, "hello\n").expect("no results");
    let said = merge(&fixture, &["all"]);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(said.err.contains("it does not begin as results of stress runs do"), "{}", said.err);
}

#[test]
fn the_index_of_a_job_array_is_read_and_shown() {
    let fixture = Fixture::new(&["passes"]);
    let mut command = fixture.subcommand("stress", &["--runs", "8"]);
    command.env("SLURM_ARRAY_TASK_ID", "2").env("SLURM_ARRAY_TASK_MIN", "1");
    command.env("SLURM_ARRAY_TASK_COUNT", "4");
    let said = run(command);
    let shown = "share 2/4 (Slurm array, SLURM_ARRAY_TASK_ID 2)";
    assert!(said.err.contains(shown), "{}", said.err);
    assert_eq!(said.total(), "total 2 runs: 2 passed", "seeds 2 and 6");
}

/// The block of `docs/stress.md` below this heading.
fn documented(heading: &str) -> String {
    let page = include_str!("../../docs/stress.md");
    let section = page.split(&format!("### {heading}\n")).nth(1).expect("the heading");
    let block = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("a block of commands").to_owned()
}

#[test]
fn the_fan_out_over_gnu_parallel_does_what_the_page_says() {
    let gnu = Command::new("parallel").arg("--version").output();
    if !gnu.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains("GNU parallel")) {
        eprintln!("GNU parallel is not installed; the page's commands are not run");
        return;
    }
    let fixture = Fixture::new(&["fails_on_odd_seeds"]);
    let folder = &fixture.folder;
    std::fs::create_dir(folder.path().join("tests")).expect("a folder");
    std::fs::copy(fixture.path("points.toml"), fixture.path("tests/grading.toml")).expect("points");
    let grader = assert_cmd::cargo::cargo_bin("grader");
    std::os::unix::fs::symlink(grader, fixture.path("grade.sh")).expect("a link");
    let commands =
        documented("GNU parallel").replace("stress 2B --runs 100000", "stress 2A --runs 40");
    let shell = Command::new("sh").args(["-c", &commands]).current_dir(folder).output();
    let shell = shell.expect("a shell");
    let (out, err) =
        (String::from_utf8_lossy(&shell.stdout), String::from_utf8_lossy(&shell.stderr));
    let total = out.lines().rfind(|line| line.starts_with("total "));
    assert_eq!(total, Some("total 40 runs: 20 passed, 20 failed"), "{out}\n{err}");
}

#[test]
fn the_slurm_script_makes_the_share_of_its_index() {
    let fixture = Fixture::new(&["passes"]);
    std::fs::create_dir(fixture.path("tests")).expect("a folder");
    std::fs::copy(fixture.path("points.toml"), fixture.path("tests/grading.toml")).expect("points");
    let grader = assert_cmd::cargo::cargo_bin("grader");
    std::os::unix::fs::symlink(grader, fixture.path("grade.sh")).expect("a link");
    let script = documented("Slurm").replace("--runs 1000000", "--runs 640");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env("SLURM_SUBMIT_DIR", fixture.folder.path());
    shell.env("SLURM_ARRAY_TASK_ID", "3").env("SLURM_ARRAY_TASK_MIN", "1");
    shell.env("SLURM_ARRAY_TASK_STEP", "1").env("SLURM_ARRAY_TASK_COUNT", "64");
    let said = run(shell);
    assert_eq!(said.total(), "total 10 runs: 10 passed", "a 64th\n{}", said.err);
    assert!(said.err.contains("share 3/64"), "{}", said.err);
}

#[test]
fn a_failure_is_replayed_from_its_results() {
    let fixture = Fixture::new(&["fails_on_odd_seeds", "aborts", "remembers_earlier_runs"]);
    stress(&fixture, &["fails_on_odd_seeds", "aborts", "--runs", "3", "--out", "all"]);
    stress(&fixture, &["remembers_earlier_runs", "--runs", "3", "--out", "memory"]);
    let replay = |test: &str, seed: &str, results: &str| {
        let of_run = [test, "--seed", seed, "--results", results];
        run(fixture.subcommand("replay", &of_run))
    };
    let said = replay("2A::fails_on_odd_seeds", "3", "all");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("same    as expected: every event"), "{}", said.out);
    let said = replay("2A::aborts", "2", "all");
    assert!(said.out.contains("same    as expected: it ended so before"), "{}", said.out);
    let said = replay("2A::fails_on_odd_seeds", "2", "all");
    assert_eq!(said.code, 3, "it passed\n{}", said.out);
    assert!(
        said.err.contains("there is no run of 2A::fails_on_odd_seeds with seed 2"),
        "{}",
        said.err
    );
    let said = replay("2A::remembers_earlier_runs", "1", "memory");
    assert_eq!(said.code, 6, "{}", said.out);
    assert!(said.out.contains("did not reproduce"), "{}", said.out);
    assert!(!said.out.contains("passed"), "{}", said.out);
}

#[test]
fn an_edition_reaches_every_run_and_its_replay_and_is_not_mixed_with_another() {
    let fixture = Fixture::new(&["is_of_an_edition"]);
    for clock in ["virtual", "real"] {
        let out = format!("of-{clock}");
        let flags = ["--runs", "3", "--edition", "2025", "--clock", clock, "--out", &out];
        let said = stress(&fixture, &flags);
        assert_eq!(said.code, 1, "{}", said.err);
        let kept = fixture.path(&format!("{out}/failures/2A-is_of_an_edition-1"));
        let files = std::fs::read_dir(kept).expect("it is kept").flatten();
        let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        let texts: String = texts.collect();
        assert!(texts.contains("FAIL  edition `2025`"), "{clock}\n{texts}");
        assert!(said.out.contains(" --edition 2025"), "the replay says it\n{}", said.out);
    }
    let resumed = stress(&fixture, &["--runs", "4", "--out", "of-virtual", "--resume"]);
    assert!(resumed.err.contains("edition 2025, and graded"), "{}", resumed.err);

    let replay = |flags: &[&str]| {
        let args = ["is_of_an_edition", "--seed", "1", "--expect", "00000000000000ed"];
        let args: Vec<&str> = args.iter().chain(flags).copied().collect();
        run(fixture.subcommand("replay", &args))
    };
    assert!(replay(&["--edition", "2025"]).out.contains("edition `2025`"), "as it was");
    assert!(replay(&[]).out.contains("edition ``"), "the graded one has no name");
    let refused = stress(&fixture, &["--runs", "1", "--edition", "2042"]);
    assert!(refused.err.contains("classic-ending, 2025"), "{}", refused.err);
}
