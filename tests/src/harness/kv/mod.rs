//! A key/value service under test, and the clients that use it.
//!
//! As in the rest of the harness, student code runs on machines of its own: that of a server on
//! the server's, that of a clerk on its client's.
//!
//! | module | what it holds |
//! |---|---|
//! | `submission` | the service and the clerk under test, without their types |
//! | `cluster` | making a cluster of its servers; crash, restart, partitions |
//! | `client` | a clerk with the ends that lead to the servers; every operation is recorded |
//! | `background` | an operation that goes on while the scenario does |
//! | `pauses` | clients that are kept from asking again; replies that are lost on purpose |
//! | `partitioner` | partitions that come and go |
//! | `workload` | the scenario that most tests of part 3 are made of |

mod background;
mod client;
mod cluster;
mod partitioner;
mod pauses;
mod submission;
mod workload;

pub(crate) use background::Background;
pub(crate) use client::Client;
pub(crate) use cluster::{KvCluster, KvSetup};
pub(crate) use partitioner::Partitioner;
pub(crate) use submission::KvSubmission;
pub(crate) use workload::{Keys, Workload, has_in_order, marker, markers};
