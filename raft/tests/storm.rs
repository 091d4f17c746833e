//! Everything at once: crashes at any step, partitions, losses, duplicates, reordering. Safety is
//! judged at every step by the cluster's record, liveness after healing.

mod common;

use common::{Cluster, Snapshots, ms, passes, passes_everywhere, virtual_time};
use labrpc_host::{Delay, Duplicates};
use labrt::rand::random_range;
use labrt::thread;
use labrt_host::{Limits, RunConfig};

/// So many rounds in which anything may happen, some 60 ms each, and then peace.
fn storm(servers: usize, snapshots: Snapshots, rounds: u32) {
    let mut cluster = Cluster::new(servers, snapshots);
    for round in 0..rounds {
        let server = random_range(0..servers);
        match random_range(0..20) {
            0 => cluster.crash(server),
            1..3 => cluster.crash_after_steps(server, random_range(1..400)),
            3..8 if !cluster.is_up(server) => {
                cluster.start_server(server);
                cluster.connect(server);
            }
            8..10 => cluster.disconnect(server),
            10..13 if cluster.is_up(server) => cluster.connect(server),
            13 => {
                let (from, to) = (format!("server {server}"), random_range(0..servers));
                cluster.network.cut(&from, &format!("server {to}")).expect("they exist");
            }
            14 => cluster.network.mend_all(),
            15 => cluster.network.set_reliable(random_range(0..2) == 0),
            16 => cluster.network.set_long_reordering(random_range(0..3) == 0),
            17 => cluster.network.set_duplicates(Some(Duplicates {
                per_mille: random_range(0..300),
                delay: Delay::uniform(ms(0), ms(3000)),
            })),
            _ => (),
        }
        for server in 0..servers {
            for command in 0..random_range(0..4_u8) {
                let _ = cluster.start(server, &[&round.to_be_bytes()[..], &[command]].concat());
            }
        }
        thread::sleep(ms(random_range(0..120)));
    }
    cluster.heal();
    cluster.agree(b"after the storm", servers);
}

#[test]
fn three_servers() {
    passes_everywhere(250, || storm(3, Snapshots::EveryTenCommands, 100));
}

#[test]
fn five_servers() {
    passes_everywhere(250, || storm(5, Snapshots::EveryTenCommands, 100));
}

#[test]
fn five_servers_without_snapshots() {
    passes_everywhere(100, || storm(5, Snapshots::Never, 100));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let body = || storm(3, Snapshots::EveryTenCommands, 30);
    let divergence = labrt_host::find_divergence(&virtual_time(7), body);
    assert!(divergence.is_none(), "{divergence:?}");
}

#[test]
fn under_the_real_clock() {
    passes(&RunConfig::real_time(7).limits(Limits::default()), || {
        storm(3, Snapshots::EveryTenCommands, 60);
    });
}
