//! What each kind of process gets: verdict, exit code and text. The smallest that must pass stands
//! beside the smallest that must not.
#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::Fixture;

/// One virtual run of one test of the fake battery.
#[track_caller]
fn assert_run(test: &str, code: i32, counts: &str) -> String {
    let said = Fixture::new(&[test]).run(&["--clock", "virtual", "--runs", "1"]);
    let (out, err) = (&said.out, &said.err);
    assert_eq!(said.code, code, "exit code of {test}\n{out}\n{err}");
    assert_eq!(said.counts(), format!("1 run: {counts}"), "verdict of {test}\n{out}\n{err}");
    said.steady()
}

#[test]
fn an_honest_pass_is_a_pass() {
    insta::assert_snapshot!(assert_run("passes", 0, "1 passed"));
}

#[test]
fn a_failure_is_shown_as_the_battery_tells_it() {
    insta::assert_snapshot!(assert_run("fails", 1, "0 passed, 1 failed"));
}

#[test]
fn exit_zero_is_no_pass() {
    insta::assert_snapshot!(assert_run("exits_zero", 1, "0 passed, 1 aborted"));
}

#[test]
fn a_forged_record_is_no_pass() {
    insta::assert_snapshot!(assert_run("forges_records", 1, "0 passed, 1 aborted"));
}

#[test]
fn a_second_record_is_no_pass() {
    let out = assert_run("sends_two_records", 1, "0 passed, 1 aborted");
    assert!(out.contains("bytes follow the completion record"), "{out}");
}

#[test]
fn an_abort_names_its_signal() {
    insta::assert_snapshot!(assert_run("aborts", 1, "0 passed, 1 aborted"));
}

#[test]
fn a_panic_shows_its_text() {
    let out = assert_run("panics", 1, "0 passed, 1 aborted");
    assert!(out.contains("ended with exit code 101 before the test was over"), "{out}");
    assert!(out.contains("index out of bounds"), "{out}");
}

#[test]
fn a_hang_ends_at_its_limit() {
    let out = assert_run("hangs", 1, "0 passed, 1 aborted");
    assert!(out.contains("2A::hangs ABORTED  stopped at its limit of 1 s\n"), "{out}");
    assert!(out.contains("means   it used #.## s of CPU time, and hung"), "{out}");
}

#[test]
fn an_endless_loop_ends_at_its_limit() {
    let fixture = Fixture::new(&["loops"]).changed("virtual_wall_s = 1", "virtual_wall_s = 60");
    let said = fixture.run(&["--clock", "virtual", "--runs", "1"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("stopped at its limit of 1 s of CPU time"), "{}", said.out);
}

#[test]
fn a_memory_hog_ends_at_its_limit() {
    let fixture =
        Fixture::new(&["eats_memory"]).changed("virtual_wall_s = 1", "virtual_wall_s = 60");
    let fixture = fixture.changed("virtual_cpu_s = 1", "virtual_cpu_s = 60");
    let said = fixture.run(&["--clock", "virtual", "--runs", "1"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("stopped at its limit of 200 MiB of memory"), "{}", said.out);
}

#[test]
fn a_flood_of_output_ends_at_its_limit() {
    let fixture = Fixture::new(&["floods"]).changed("virtual_wall_s = 1", "virtual_wall_s = 60");
    let fixture = fixture.changed("virtual_cpu_s = 1", "virtual_cpu_s = 60");
    let said = fixture.run(&["--clock", "virtual", "--runs", "1"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("stopped at its limit of 8 MiB of output"), "{}", said.out);
    assert!(said.out.len() < 10_000, "the flood reaches the report: {} bytes", said.out.len());
}

#[test]
fn what_a_process_prints_cannot_move_the_cursor() {
    let out = assert_run("fails_in_colours", 1, "0 passed, 1 failed");
    assert!(!out.contains('\u{1b}') && !out.contains('\u{7}'), "{out:?}");
    let replay = "./grade.sh replay 2A::fails_in_colours --seed 1";
    assert!(out.contains(replay), "a text without a replay line gets one\n{out}");
}

#[test]
fn a_limit_that_the_harness_saw_is_told_in_its_words() {
    let out = assert_run("reaches_the_step_limit", 1, "0 passed, 1 aborted");
    assert!(out.starts_with("2A::reaches_the_step_limit ABORTED  100000000 steps\n"), "{out}");
}

#[test]
fn inconclusive_is_repeated_three_times_and_left_out() {
    insta::assert_snapshot!(assert_run("is_inconclusive", 2, "0 passed, 1 inconclusive"));
}

#[test]
fn inconclusive_counts_as_what_a_repeat_says() {
    let fixture = Fixture::new(&["is_inconclusive_twice"]);
    let said = fixture.run(&["--clock", "virtual", "--runs", "1"]);
    assert_eq!((said.code, said.counts().as_str()), (0, "1 run: 1 passed"), "{}", said.out);
    let repeats = said.err.lines().filter(|line| line.contains("again, alone")).count();
    assert_eq!(repeats, 2, "one more undecided, then the pass\n{}", said.err);
}

#[test]
fn who_keeps_a_run_from_being_decided_does_not_pass_for_it() {
    for (test, why) in [
        ("is_inconclusive_with_a_child", "it started processes, which no Raft needs"),
        ("is_inconclusive_with_many_threads", "it had 21"),
    ] {
        let fixture = Fixture::new(&[test])
            .changed("real_wall_s = 1", "real_wall_s = 30")
            .changed("memory_mib = 200", "memory_mib = 2000");
        let said = fixture.run(&["--clock", "real"]);
        assert_eq!((said.code, said.counts().as_str()), (1, "1 run: 0 passed, 1 aborted"));
        assert!(said.out.contains("not decided, through its own doing"), "{}", said.out);
        assert!(said.out.contains(why), "`{why}` is not in\n{}", said.out);
    }
}

#[test]
fn a_failure_is_replayed_by_what_compares_it() {
    let fixture = Fixture::new(&["fails_in_seven_ways"]);
    let said = fixture.run(&["--clock", "virtual", "--runs", "1"]);
    let replay = "\nreplay  ./grade.sh replay 2A::fails_in_seven_ways --seed 1 --expect \
                  0000000000000bad\n";
    assert!(said.out.contains(replay), "{}", said.out);
    assert!(!said.out.contains("as the battery says"), "one command is enough\n{}", said.out);
}

#[test]
fn a_framework_error_is_never_called_a_failure() {
    let out = assert_run("finds_a_framework_error", 124, "0 passed, 1 framework error");
    assert!(!out.to_lowercase().contains("fail"), "{out}");
    assert!(out.contains("? / 10"), "nothing is known of its points\n{out}");
}

#[test]
fn a_failure_outweighs_what_is_undecided() {
    let fixture = Fixture::new(&["fails", "is_inconclusive", "finds_a_framework_error", "passes"]);
    let said = fixture.run(&["--clock", "virtual", "--runs", "1"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("total 10 of 40 points, 20 undecided"), "{}", said.out);
}

#[test]
fn a_process_that_lives_on_after_its_record_is_ended_and_passes() {
    let said = Fixture::new(&["passes_and_lives_on"]).run(&["--clock", "real"]);
    assert_eq!((said.code, said.counts().as_str()), (0, "1 run: 1 passed"), "{}", said.out);
}

#[test]
fn what_a_process_leaves_behind_is_ended_too() {
    let fixture = Fixture::new(&["passes_and_leaves_a_child"]);
    let said = fixture.run(&["--clock", "real"]);
    assert_eq!((said.code, said.counts().as_str()), (0, "1 run: 1 passed"), "{}", said.out);
    let child = std::fs::read_to_string(fixture.path("battery.child")).expect("it had a child");
    assert!(is_gone(&child), "the child {child} is still there");
}

/// Gone, or dead and waiting for its new parent to notice.
fn is_gone(process: &str) -> bool {
    let is_dead = || match std::fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_dead()
    })
}

#[test]
fn notes_beside_a_pass_are_shown_once() {
    let fixture = Fixture::new(&["notes_a_hazard"]);
    let said = fixture.run(&["--clock", "virtual", "--runs", "5"]);
    assert_eq!(said.code, 0, "{}", said.out);
    let line = "note    2A::notes_a_hazard: lock hazard at raft/src/raft.rs:7";
    assert_eq!(said.out.matches(line).count(), 1, "{}", said.out);
}

#[test]
fn ctrl_c_ends_the_runs_and_prints_the_table_so_far() {
    let fixture =
        Fixture::new(&["passes", "was_started"]).changed("real_wall_s = 1", "real_wall_s = 60");
    let mut command = fixture.command(&["--clock", "real", "--real-jobs", "1"]);
    command.stdout(std::process::Stdio::piped());
    let grader = command.spawn().expect("the grader starts");
    let started = fixture.path("battery.started");
    while !started.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut interrupt = std::process::Command::new("kill");
    interrupt.args(["-INT", &grader.id().to_string()]);
    assert!(interrupt.status().expect("kill").success(), "the grader is still there");
    let output = grader.wait_with_output().expect("the grader ends");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{out}");
    assert!(out.contains("note    interrupted after 1 of 2 runs"), "{out}");
    assert!(out.contains("10 / 10"), "the pass so far has its points\n{out}");
}
