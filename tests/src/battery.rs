//! The table of all tests, in the order in which they are run.

use crate::harness::Lab;
use crate::parts::{part_2a, part_2b, part_2b_limits, part_2c, part_2c_churn, part_2d};

/// One test of the battery.
#[derive(Clone, Copy)]
pub struct Test {
    /// Its name: the part, `::`, and the scenario.
    pub name: &'static str,
    /// The part of the lab that it belongs to.
    pub part: &'static str,
    /// What it is about, as the classic battery says it.
    pub title: &'static str,
    /// The rules that it is after; others may break in it too.
    pub rules: &'static [&'static str],
    pub(crate) scenario: fn(&Lab),
}

const fn test(
    name: &'static str,
    title: &'static str,
    rules: &'static [&'static str],
    scenario: fn(&Lab),
) -> Test {
    let (part, _) = name.split_at(2);
    Test { name, part, title, rules, scenario }
}

/// All tests.
#[rustfmt::skip]
pub const TESTS: &[Test] = &[
    test("2A::initial_election", "initial election",
        &["E1", "E2", "E4", "E7", "E9"], part_2a::initial_election),
    test("2A::re_election", "election after network failure",
        &["E2", "E3", "E7", "E10", "E11"], part_2a::re_election),
    test("2A::many_elections", "multiple elections",
        &["E2", "E3", "E4", "E7"], part_2a::many_elections),

    test("2B::basic_agree", "basic agreement",
        &["C2", "C3", "C4", "C7"], part_2b::basic_agree),
    test("2B::rpc_bytes", "RPC byte count",
        &["B4", "R3"], part_2b_limits::rpc_bytes),
    test("2B::follower_failure", "progressive failure of followers",
        &["C2", "C4", "R3"], part_2b::follower_failure),
    test("2B::leader_failure", "failure of leaders",
        &["E2", "E6", "C2"], part_2b::leader_failure),
    test("2B::fail_agree", "agreement after follower reconnects",
        &["A3", "B1", "C4", "R3"], part_2b::fail_agree),
    test("2B::fail_no_agree", "no agreement if too many followers disconnect",
        &["A2", "C2", "E6"], part_2b::fail_no_agree),
    test("2B::concurrent_starts", "concurrent starts",
        &["L1", "L3", "C3", "C7"], part_2b::concurrent_starts),
    test("2B::rejoin", "rejoin of partitioned leader",
        &["A2", "A4", "B2", "E3", "E6"], part_2b::rejoin),
    test("2B::backup", "leader backs up quickly over incorrect follower logs",
        &["A2", "B1", "B2", "B3"], part_2b::backup),
    test("2B::count", "RPC counts aren't too high",
        &["E9", "R3"], part_2b_limits::count),

    test("2C::persist1", "basic persistence",
        &["P1", "P2", "P3", "E5"], part_2c::persist1),
    test("2C::persist2", "more persistence",
        &["P1", "P2", "E5", "E6"], part_2c::persist2),
    test("2C::persist3", "partitioned leader and one follower crash, leader restarts",
        &["P1", "P2", "C1"], part_2c::persist3),
    test("2C::figure8", "Figure 8",
        &["C1", "E6", "P1"], part_2c::figure8),
    test("2C::unreliable_agree", "unreliable agreement",
        &["R3", "C5", "C6"], part_2c_churn::unreliable_agree),
    test("2C::figure8_unreliable", "Figure 8 (unreliable)",
        &["C1", "E6", "L5", "R1", "S4"], part_2c::figure8_unreliable),
    test("2C::reliable_churn", "churn",
        &["P1", "C1", "C3", "E5", "E6"], part_2c_churn::reliable_churn),
    test("2C::unreliable_churn", "unreliable churn",
        &["P1", "C1", "C3", "R3", "S4"], part_2c_churn::unreliable_churn),

    test("2D::snapshot_basic", "snapshots basic",
        &["N1", "N9", "N10", "L4"], part_2d::snapshot_basic),
    test("2D::snapshot_install", "install snapshots (disconnect)",
        &["N4", "N5", "N6", "N8"], part_2d::snapshot_install),
    test("2D::snapshot_install_unreliable", "install snapshots (disconnect+unreliable)",
        &["N4", "N5", "N6", "N8", "R3"], part_2d::snapshot_install_unreliable),
    test("2D::snapshot_install_crash", "install snapshots (crash)",
        &["N2", "N3", "N6", "N7"], part_2d::snapshot_install_crash),
    test("2D::snapshot_install_unreliable_crash", "install snapshots (unreliable+crash)",
        &["N2", "N3", "N6", "N7", "R3"], part_2d::snapshot_install_unreliable_crash),
    test("2D::snapshot_all_crash", "crash and restart all servers",
        &["N2", "N3", "P1"], part_2d::snapshot_all_crash),
    test("2D::snapshot_init", "snapshot initialization after crash",
        &["N2", "N3"], part_2d::snapshot_init),
];
