//! The file of points is checked before anything runs; each mistake gets its own text and exit 3.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;

use common::{Fixture, grader, run};

#[track_caller]
fn assert_refused(fixture: &Fixture, expected: &str) {
    let said = fixture.run(&["--clock", "virtual"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert_eq!(said.out, "", "nothing was graded");
    assert_eq!(said.err.trim_end(), expected.trim());
}

fn two_tests() -> Fixture {
    Fixture::new(&["passes", "fails"])
}

#[test]
fn what_is_right_is_accepted() {
    let said = Fixture::new(&["passes"]).run(&["--clock", "virtual"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn points_must_add_up() {
    assert_refused(
        &two_tests().changed("fails = 10", "fails = 7"),
        "
error[config]: the points of part 2A add up to 17, and `points` of that part says 20
  points.toml:17  its 2 tests have 17 together
run     mend line 17, then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

#[test]
fn the_test_without_points_is_named_when_they_do_not_add_up() {
    assert_refused(
        &two_tests().changed("fails = 10", "fails = 0"),
        "
error[config]: the points of part 2A add up to 10, and `points` of that part says 20
  points.toml:21  `2A::fails` has no points; the part's other tests have
run     mend line 21, then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

#[test]
fn a_part_without_points_need_not_add_up_and_counts_nothing() {
    let fixture = two_tests().changed("points = 20", "points = 0");
    let said = fixture.run(&["--clock", "virtual"]);
    assert_eq!(said.code, 1, "its tests are run all the same\n{}", said.err);
    assert!(said.out.contains("total 0 of 0 points; 4 runs: 2 passed, 2 failed"), "{}", said.out);
}

#[test]
fn a_part_may_say_how_often_its_tests_are_run() {
    let fixture =
        two_tests().changed("points = 20", "points = 20\nruns = { virtual = 3, real = 2 }");
    let of_part = fixture.run(&[]);
    assert!(of_part.out.contains("10 runs: 5 passed, 5 failed"), "{}", of_part.out);
    let of_flag = fixture.run(&["--runs", "1"]);
    assert!(
        of_flag.out.contains("6 runs: 3 passed, 3 failed"),
        "--runs goes first: {}",
        of_flag.out
    );
    assert_eq!(
        fixture.changed("virtual = 3", "virtual = 0").run(&[]).code,
        3,
        "no runs, no points"
    );
}

#[test]
fn weights_must_add_up() {
    assert_refused(
        &two_tests().changed("real = 20", "real = 30"),
        "
error[config]: the weights of the two clocks add up to 110, and must to 100
  points.toml:5  virtual 80 and real 30
run     mend line 5, then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

#[test]
fn a_test_that_the_battery_lacks_is_named() {
    assert_refused(
        &Fixture::new(&["passes"]).changed("passes = 10", "pases = 10"),
        "
error[config]: `2A::pases` has points, and the battery has no such test
  points.toml:20  the battery has 1 tests; the nearest is `2A::passes`
run     mend line 20, then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

#[test]
fn a_test_without_a_line_is_named() {
    let fixture = two_tests().changed("points = 20", "points = 10");
    assert_refused(
        &fixture.changed("fails = 10\n", ""),
        "
error[config]: test `2A::fails` of the battery has no line in the file of points
  points.toml:15  part 2A begins here and does not name it
run     mend line 15, then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

#[test]
fn a_part_without_an_entry_is_named() {
    let fixture = Fixture::new(&["passes"]);
    std::fs::write(fixture.path("battery.tests"), "2A::passes\n3A::speed\n").expect("the list");
    assert_refused(
        &fixture,
        "
error[config]: test `3A::speed` of the battery has no line in the file of points
  points.toml  there is no `[part.3A]`
run     add part 3A (hint: `points = 0` runs it without scoring), then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

#[test]
fn a_misspelt_key_is_named_with_its_line() {
    let fixture = two_tests().changed("real_cpu_s", "real_cpus");
    let said = fixture.run(&[]);
    assert_eq!(said.code, 3, "{}", said.err);
    let what = "error[config]: `points.toml` is not what a file of points looks like\n  \
                points.toml:12  unknown field `real_cpus`, expected one of";
    assert!(said.err.starts_with(what), "{}", said.err);
}

#[test]
fn a_curve_that_leaves_no_room_is_named() {
    let fixture = two_tests().changed("\"quadratic\"", "{ linear-above = 100 }");
    let said = fixture.run(&[]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("the curve of part 2A is linear above 100 percent"), "{}", said.err);
}

#[test]
fn a_missing_file_is_named() {
    let fixture = two_tests();
    std::fs::remove_file(fixture.path("points.toml")).expect("it was there");
    assert_refused(
        &fixture,
        "
error[config]: `points.toml` cannot be read
  No such file or directory (os error 2)
run     put the file in its place, or name another with --grading FILE, then the same command again
means   nothing was graded and no result was changed; exit code 3",
    );
}

/// The project's own file: an unknown part is only noticed once the points were accepted.
#[test]
fn the_points_of_the_battery_add_up() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut command = grader();
    command.arg("--workspace").arg(workspace).arg("9Z");
    let said = run(command);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(
        said.err.starts_with("error[usage]: there is no part and no test `9Z`"),
        "{}",
        said.err
    );
}
