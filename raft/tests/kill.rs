//! What `kill` ends (rule S5).

mod common;

use std::sync::Arc;

use common::{Cluster, Snapshots, ms, passes_everywhere};
use labapi::{Persister, Raft as _};
use labrt::{channel, thread};
use labrt_host::Machine;
use raft::Raft;

#[test]
fn all_threads_of_a_killed_server_end() {
    passes_everywhere(25, || {
        let mut cluster = Cluster::new(3, Snapshots::Never);
        cluster.agree(b"first", 3);
        let leader = cluster.leader();
        for server in [leader, (leader + 1) % 3] {
            cluster.raft(server).kill();
            cluster.disconnect(server);
            // A call to a server that is cut off takes up to seven seconds.
            thread::sleep(ms(8000));
            assert_eq!(cluster.machine(server).live_threads(), 0, "S5: of server {server}");
        }
    });
}

#[test]
fn a_killed_server_whose_service_takes_nothing_ends() {
    passes_everywhere(25, || {
        let machine = Machine::new("alone");
        let (sender, receiver) = channel::bounded(0);
        let raft = machine.call("make", || {
            // Its peer is a stub that leads nowhere: the cluster has one server.
            let network = labrpc_host::Network::new();
            let end = network.make_end("to itself").expect("a fresh name");
            Raft::make(vec![end], 0, Arc::new(Persister::default()), sender)
        });
        let raft = raft.expect("nobody crashes");
        thread::sleep(ms(1000));
        raft.start(b"never taken".to_vec()).expect("alone it leads");
        thread::sleep(ms(1000));
        raft.kill();
        thread::sleep(ms(200));
        assert_eq!(machine.live_threads(), 0, "S5: the applier waits for the service");
        assert!(receiver.try_recv().is_err(), "S5: nothing is delivered any more");
        raft.start(b"too late".to_vec()).expect_err("a killed server leads nobody");
    });
}
