//! Part 3A: all servers crash and start again, three times over.

use crate::harness::{Keys, Lab, Net, Workload};

/// Five clients of servers that all crash, three times over.
const CRASHES: Workload = Workload { clients: 5, crashes: true, ..Workload::BASIC };

/// Goal: what one client was told is still there after all servers crashed. Rules K9, P1, P2.
pub(crate) fn persist_one_client(lab: &Lab) {
    Workload { clients: 1, ..CRASHES }.run(lab);
}

/// Goal: the same with five clients. Rules K2, K3, K9.
pub(crate) fn persist_concurrent(lab: &Lab) {
    CRASHES.run(lab);
}

/// Goal: the same over a network that loses messages. Rules K3, K7, K9.
pub(crate) fn persist_concurrent_unreliable(lab: &Lab) {
    Workload { net: Net::Unreliable, ..CRASHES }.run(lab);
}

/// Goal: partitions before each crash. Rules K2, K3, K4.
pub(crate) fn persist_partition(lab: &Lab) {
    Workload { partitions: true, ..CRASHES }.run(lab);
}

/// Goal: partitions before each crash, over a network that loses messages. Rules K2, K3, K4, K7.
pub(crate) fn persist_partition_unreliable(lab: &Lab) {
    Workload { partitions: true, net: Net::Unreliable, ..CRASHES }.run(lab);
}

/// Goal: all of it at once, with fifteen clients of seven servers on fifteen keys; what they were
/// told can be explained by one map. Rules K1, K2, K3, K4.
pub(crate) fn persist_partition_unreliable_linearizable(lab: &Lab) {
    Workload {
        clients: 15,
        servers: 7,
        net: Net::Unreliable,
        partitions: true,
        keys: Keys::Random,
        ..CRASHES
    }
    .run(lab);
}
