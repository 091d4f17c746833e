//! What a Raft sends, beside what a Go solution of the classic course does, test by test.
//!
//! ```sh
//! ./grade.sh 2A 2B 2C 2D --clock real --runs 10 --json results.json
//! cargo run --quiet -p grader --example traffic results.json
//! ```
//!
//! Medians over the passed runs of the real clock. The bar is 1.1 times the larger of two runs of
//! the Go solution, one with and one without its race detector; per committed command where the
//! work of a test is not fixed.

use std::collections::BTreeMap;
use std::error::Error;

use serde::Deserialize;

#[derive(Deserialize)]
struct Results {
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    part: String,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    test: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    clock: String,
    verdict: String,
    figures: Option<Figures>,
}

#[derive(Clone, Copy, Deserialize)]
struct Figures {
    rpcs: u64,
    bytes: u64,
    commands: u64,
}

/// What figures are divided by before they are compared.
#[derive(Clone, Copy)]
enum Per {
    Test,
    Command,
}

/// Two runs of a test of the Go battery.
struct Go {
    test: &'static str,
    per: Per,
    runs: [Figures; 2],
}

const fn go(test: &'static str, per: Per, runs: [(u64, u64, u64); 2]) -> Go {
    const fn figures((rpcs, bytes, commands): (u64, u64, u64)) -> Figures {
        Figures { rpcs, bytes, commands }
    }
    Go { test, per, runs: [figures(runs[0]), figures(runs[1])] }
}

#[rustfmt::skip]
const GO: &[Go] = &[
    go("2A::initial_election", Per::Test, [(124, 45460, 0), (120, 43980, 0)]),
    go("2A::re_election", Per::Test, [(242, 60259, 0), (232, 56849, 0)]),
    go("2A::many_elections", Per::Test, [(912, 247606, 0), (942, 247585, 0)]),
    go("2B::basic_agree", Per::Test, [(18, 6475, 3), (18, 6495, 3)]),
    go("2B::rpc_bytes", Per::Test, [(60, 172342, 11), (58, 182307, 11)]),
    go("2B::follower_failure", Per::Test, [(198, 53887, 3), (202, 53912, 3)]),
    go("2B::leader_failure", Per::Test, [(350, 87425, 3), (354, 88933, 3)]),
    go("2B::fail_agree", Per::Test, [(189, 65966, 8), (157, 52674, 8)]),
    go("2B::fail_no_agree", Per::Test, [(299, 83868, 4), (316, 89815, 3)]),
    go("2B::concurrent_starts", Per::Test, [(44, 16147, 6), (34, 12780, 6)]),
    go("2B::rejoin", Per::Test, [(239, 63343, 4), (327, 96680, 4)]),
    go("2B::backup", Per::Test, [(2302, 2112659, 102), (2512, 2355355, 102)]),
    go("2B::count", Per::Test, [(110, 43663, 12), (115, 46718, 12)]),
    go("2C::persist1", Per::Test, [(128, 42231, 6), (136, 44220, 6)]),
    go("2C::persist2", Per::Test, [(2142, 553662, 16), (2446, 613985, 16)]),
    go("2C::persist3", Per::Test, [(55, 17753, 4), (61, 17998, 4)]),
    go("2C::figure8", Per::Command, [(1126, 308817, 37), (1388, 390720, 45)]),
    go("2C::unreliable_agree", Per::Test, [(1676, 672633, 246), (2824, 1203785, 246)]),
    go("2C::figure8_unreliable", Per::Command, [(11254, 19395027, 127), (16705, 48116525, 189)]),
    go("2C::reliable_churn", Per::Command, [(14056, 19621552, 1634), (2731, 1871051, 239)]),
    go("2C::unreliable_churn", Per::Command, [(7975, 12968394, 958), (2382, 2763000, 223)]),
    go("2D::snapshot_basic", Per::Test, [(692, 338507, 234), (700, 359509, 228)]),
    go("2D::snapshot_install", Per::Test, [(2578, 1354122, 349), (2506, 1268086, 341)]),
    go("2D::snapshot_install_unreliable", Per::Test, [(2574, 1162119, 323), (2680, 1330010, 334)]),
    go("2D::snapshot_install_crash", Per::Test, [(1806, 988118, 339), (1698, 910283, 306)]),
    go("2D::snapshot_install_unreliable_crash", Per::Test, [(1814, 972430, 354), (1846, 1058691, 333)]),
    go("2D::snapshot_all_crash", Per::Test, [(304, 116032, 59), (304, 116464, 59)]),
    go("2D::snapshot_init", Per::Test, [(78, 29152, 14), (76, 28402, 14)]),
];

/// How much more than the Go solution is still as good.
const BAR: f64 = 1.1;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which results? Give the file of --json")?;
    let results: Results = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let mut runs: BTreeMap<String, Vec<Figures>> = BTreeMap::new();
    for part in results.parts {
        for test in part.tests {
            let passed =
                test.runs.iter().filter(|run| run.clock == "real" && run.verdict == "pass");
            let name = format!("{}::{}", part.part, test.test);
            runs.entry(name).or_default().extend(passed.filter_map(|run| run.figures));
        }
    }
    println!(
        "{:37} {:>4} {:>10} {:>10} {:>5} {:>12} {:>12} {:>5}",
        "test", "runs", "RPCs", "Go", "x", "bytes", "Go", "x"
    );
    let mut above = 0;
    for Go { test, per, runs: theirs } in GO {
        let Some(ours) = runs.get(*test).filter(|ours| !ours.is_empty()) else { continue };
        let [rpcs, bytes] = [|figures: &Figures| figures.rpcs, |figures: &Figures| figures.bytes]
            .map(|of| {
                let share = |figures: &Figures| match per {
                    Per::Test => of(figures) as f64,
                    Per::Command => of(figures) as f64 / figures.commands.max(1) as f64,
                };
                let go = theirs.iter().map(share).fold(0.0, f64::max);
                (median(ours.iter().map(share).collect()), go)
            });
        above += [rpcs, bytes].iter().filter(|(ours, go)| BAR * go < *ours).count();
        println!(
            "{test:37} {:>4} {:>10.1} {:>10.1} {:>5.2} {:>12.1} {:>12.1} {:>5.2}{}",
            ours.len(),
            rpcs.0,
            rpcs.1,
            rpcs.0 / rpcs.1,
            bytes.0,
            bytes.1,
            bytes.0 / bytes.1,
            match per {
                Per::Test => "",
                Per::Command => "  per command",
            }
        );
    }
    println!("{above} figures above {BAR} times those of the Go solution");
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}
