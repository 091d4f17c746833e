//! The JSON results hold what `docs/results.md` says, and nothing else.
#![cfg(target_os = "linux")]

mod common;

use common::{Fixture, documented_after, json_paths};
use serde_json::Value;

fn results(fixture: &Fixture, args: &[&str]) -> Value {
    let said = fixture.run(&[&["--json", "results.json"], args].concat());
    let text = std::fs::read_to_string(fixture.path("results.json"))
        .unwrap_or_else(|error| panic!("no results: {error}\n{}", said.err));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_field_is_documented_and_every_documented_field_is_there() {
    let fixture = Fixture::new(&["passes", "fails", "notes_a_hazard"]);
    let found = json_paths(&results(&fixture, &[]));
    assert_eq!(
        found,
        documented_after("## As JSON"),
        "results on the left, docs/results.md on the right"
    );
}

#[test]
fn verdicts_points_and_replays_are_in_it() {
    let results = results(&Fixture::new(&["passes", "fails"]), &["--clock", "virtual"]);
    assert_eq!(results["exit_code"], 1);
    assert_eq!(results["points"], 10.0);
    let failed = &results["parts"][0]["tests"][1];
    assert_eq!(failed["test"], "fails");
    assert_eq!(failed["virtual"]["passed"], 0);
    let run = &failed["runs"][1];
    assert_eq!(
        (&run["verdict"], &run["rule"], &run["seed"]),
        (&"fail".into(), &"C4".into(), &2.into())
    );
    let replay = run["replay"].as_str().expect("a command");
    assert!(replay.ends_with("replay 2A::fails --seed 2 --expect 0000000000000bad"), "{replay}");
    let passed = &results["parts"][0]["tests"][0]["runs"][0];
    assert_eq!(passed["event_hash"], "000000000000feed");
    assert_eq!(passed["figures"]["time_s"], 4.5);
}

#[test]
fn results_that_cannot_be_written_do_not_cost_the_table() {
    let fixture = Fixture::new(&["passes"]);
    let said = fixture.run(&["--clock", "virtual", "--json", "nowhere/results.json"]);
    assert_eq!(said.code, 123, "{}", said.err);
    assert!(said.out.contains("total 10 of 10 points"), "{}", said.out);
    assert!(said.err.contains("error[results]: `nowhere/results.json` cannot be"), "{}", said.err);
}
