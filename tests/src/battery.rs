//! The table of all tests, in the order in which they are run.

use crate::harness::Lab;
use crate::parts::{
    part_2a, part_2b, part_2b_limits, part_2c, part_2c_churn, part_2d, part_3a, part_3a_crashes,
    part_3b,
};

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

    test("3A::basic", "one client",
        &["K1", "K9", "K10"], part_3a::basic),
    test("3A::speed", "ops complete fast enough",
        &["K10", "K2", "K7"], part_3a::speed),
    test("3A::concurrent", "many clients",
        &["K2", "K4", "K5"], part_3a::concurrent),
    test("3A::unreliable", "unreliable net, many clients",
        &["K3", "K7"], part_3a::unreliable),
    test("3A::unreliable_one_key", "concurrent append to same key, unreliable",
        &["K3", "K4", "K5"], part_3a::unreliable_one_key),
    test("3A::one_partition", "progress in majority, none in minority, completion after heal",
        &["K1", "K2", "K7", "K9"], part_3a::one_partition),
    test("3A::many_partitions_one_client", "partitions, one client",
        &["K1", "K2", "K7"], part_3a::many_partitions_one_client),
    test("3A::many_partitions_many_clients", "partitions, many clients",
        &["K1", "K2", "K3", "K4"], part_3a::many_partitions_many_clients),
    test("3A::persist_one_client", "restarts, one client",
        &["K9", "P1", "P2"], part_3a_crashes::persist_one_client),
    test("3A::persist_concurrent", "restarts, many clients",
        &["K2", "K3", "K9"], part_3a_crashes::persist_concurrent),
    test("3A::persist_concurrent_unreliable", "unreliable net, restarts, many clients",
        &["K3", "K7", "K9"], part_3a_crashes::persist_concurrent_unreliable),
    test("3A::persist_partition", "restarts, partitions, many clients",
        &["K2", "K3", "K4"], part_3a_crashes::persist_partition),
    test("3A::persist_partition_unreliable", "unreliable net, restarts, partitions, many clients",
        &["K2", "K3", "K4", "K7"], part_3a_crashes::persist_partition_unreliable),
    test("3A::persist_partition_unreliable_linearizable",
        "unreliable net, restarts, partitions, random keys, many clients",
        &["K1", "K2", "K3", "K4"], part_3a_crashes::persist_partition_unreliable_linearizable),

    test("3B::snapshot_rpc", "InstallSnapshot RPC",
        &["K8", "K3", "N6"], part_3b::snapshot_rpc),
    test("3B::snapshot_size", "snapshot size is reasonable",
        &["K6", "K8", "N10"], part_3b::snapshot_size),
    test("3B::speed", "ops complete fast enough, with snapshots",
        &["K10", "K8"], part_3b::speed),
    test("3B::snapshot_recover", "restarts, snapshots, one client",
        &["K8", "K3", "N2", "N3"], part_3b::snapshot_recover),
    test("3B::snapshot_recover_many_clients", "restarts, snapshots, many clients",
        &["K8", "K3", "K6", "N2", "N3"], part_3b::snapshot_recover_many_clients),
    test("3B::snapshot_unreliable", "unreliable net, snapshots, many clients",
        &["K3", "K8", "N6"], part_3b::snapshot_unreliable),
    test("3B::snapshot_unreliable_recover", "unreliable net, restarts, snapshots, many clients",
        &["K3", "K8", "N2", "N3"], part_3b::snapshot_unreliable_recover),
    test("3B::snapshot_unreliable_recover_concurrent_partition",
        "unreliable net, restarts, partitions, snapshots, many clients",
        &["K2", "K3", "K4", "K8", "N6"],
        part_3b::snapshot_unreliable_recover_concurrent_partition),
    test("3B::snapshot_unreliable_recover_concurrent_partition_linearizable",
        "unreliable net, restarts, partitions, snapshots, random keys, many clients",
        &["K1", "K2", "K3", "K4", "K8"],
        part_3b::snapshot_unreliable_recover_concurrent_partition_linearizable),
];
