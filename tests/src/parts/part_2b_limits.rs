//! Part 2B: what agreement may cost.

use rand::RngExt;
use rand::distr::Alphanumeric;

use super::part_2b::{TRIES, term_changes_too_often};
use crate::check::Wait;
use crate::harness::{Broken, Cluster, Command, Lab, Net, Violation, command, shown};

/// Goal: each command is sent about once to each peer. Rules B4, R3.
pub(crate) fn rpc_bytes(lab: &Lab) {
    const SERVERS: usize = 3;
    const COMMANDS: u64 = 10;
    const COMMAND_BYTES: usize = 5000;
    /// For headers, replies and heartbeats.
    const OVERHEAD_BYTES: u64 = 50_000;
    let cluster = lab.cluster(SERVERS, Net::Reliable);
    cluster.one(&command(99), SERVERS);

    let before = cluster.byte_count();
    for index in 2..2 + COMMANDS {
        let long = cluster.random_text(COMMAND_BYTES);
        cluster.one_at(index, &long, SERVERS);
    }

    let sent = SERVERS as u64 * COMMANDS * COMMAND_BYTES as u64;
    let bytes = cluster.byte_count() - before;
    cluster.check_bytes(bytes, sent + OVERHEAD_BYTES, "ten commands of 5000 bytes");
}

impl Cluster {
    /// A command of so many bytes.
    pub(crate) fn random_text(&self, bytes: usize) -> Command {
        self.with_random(|random| {
            let text: Vec<u8> = random.sample_iter(Alphanumeric).take(bytes).collect();
            text.into()
        })
    }
}

/// Goal: elections, agreements and idle times take few RPCs. Rules E9, R3.
pub(crate) fn count(lab: &Lab) {
    const COMMANDS: u64 = 10;
    let cluster = lab.cluster(3, Net::Reliable);

    cluster.check_one_leader();
    cluster.check_rpcs(cluster.rpc_count(), 1..=30, "the first election");

    let after_agreement = (0..TRIES).find_map(|attempt| {
        if 0 < attempt {
            cluster.sleep_ms(3000);
        }
        let (before, after) = agree_on(&cluster, COMMANDS)?;
        let most = (COMMANDS + 1 + 3) * 3;
        cluster.check_rpcs(after - before, 0..=most, "eleven commands given at once");
        Some(after)
    });
    let Some(after_agreement) = after_agreement else { term_changes_too_often(&cluster) };

    cluster.sleep_ms(1000);
    cluster.check_idle_rpcs(cluster.rpc_count() - after_agreement, 3 * 20);
}

/// Gives commands to the leader and waits until `count` of them are committed; how many RPCs
/// there were before and after. `None` if the term changed meanwhile.
fn agree_on(cluster: &Cluster, count: u64) -> Option<(u64, u64)> {
    let leader = cluster.check_one_leader();
    let before = cluster.rpc_count();

    let first = cluster.start(leader, &command(1))?;
    let mut given = Vec::new();
    for i in 1..count + 2 {
        let random = command(cluster.random(0..1_u32 << 31));
        let started = cluster.start(leader, &random)?;
        if started.term != first.term {
            return None;
        }
        if started.index != first.index + i {
            cluster.referee().fail(Violation::new(
                Broken::WrongIndex,
                format!("command number {i} after index {} to follow it", first.index),
                format!("`start` of leader {leader} said index {}", started.index),
            ));
        }
        given.push(random);
    }
    for (index, expected) in (first.index + 1..=first.index + count).zip(&given) {
        let got = cluster.wait(index, 3, Wait::WhileTermIs(first.term))?;
        if got != *expected {
            cluster.referee().fail(Violation::new(
                Broken::CommandLost,
                format!("at index {index} {}, as `start` said", shown(expected)),
                format!("{} was applied there, and the term never changed", shown(&got)),
            ));
        }
    }
    let after = cluster.rpc_count();
    (!cluster.has_left_term(first.term)).then_some((before, after))
}
