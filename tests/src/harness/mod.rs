//! A cluster under test: what makes, connects, crashes and asks servers.
//!
//! No method waits while it holds a lock of the harness, and no student code runs on a thread of
//! the harness: every call goes to the server's own machine.
//!
//! | module | what it holds |
//! |---|---|
//! | `lab` | what a scenario is given; the limit of a test |
//! | `cluster` | what every cluster is: lives and links of its servers, chance |
//! | `rafts` | making a cluster of Rafts; crash, restart, connect, disconnect |
//! | `calls` | `start` and `state` of single Rafts |
//! | `aim` | which message is which; who leads, who hears whom |
//! | `wiretap`, `puppets` | requests written down, repeated, made up: one server among puppets |
//! | `server` | one server in one of its lives |
//! | `applier`, `applied` | the service above each Raft, and the record of all of them |
//! | `claims` | who said that it leads, in which term |
//! | `kv` | a key/value service on top, and its clients |
//! | `crowd` | whether others crowd the machine |
//! | `lateness` | how late the machine was, under the real clock |
//! | `submission` | the Raft under test, without its type |
//! | `broken`, `violation`, `referee` | what can be found broken; the first finding ends the run |

mod aim;
mod applied;
mod applier;
mod broken;
mod calls;
mod claims;
mod cluster;
mod crowd;
mod kv;
mod lab;
mod lateness;
mod puppets;
mod rafts;
mod referee;
mod server;
mod submission;
mod violation;
mod wiretap;

pub(crate) use aim::{
    Kind, called, caller, drop_all, gives_vote, is_plain_vote, is_request, kind, request_term,
};
pub(crate) use applied::{Command, Committed};
pub use broken::Broken;
pub(crate) use calls::command;
pub(crate) use cluster::Net;
pub(crate) use kv::{
    Background, Client, Keys, KvCluster, KvSetup, Partitioner, Workload, has_in_order, marker,
    markers,
};
pub(crate) use lab::Lab;
pub use lateness::Lateness;
pub(crate) use lateness::cpu_time;
pub(crate) use puppets::{Answer, EntryId, Overtaken, Puppets};
pub(crate) use rafts::Cluster;
pub(crate) use referee::{LastSeen, Notes, Referee, Standing};
pub(crate) use server::name as server_name;
pub use submission::Submission;
pub use violation::Violation;
pub(crate) use violation::{seconds, servers, shown};
pub(crate) use wiretap::{Request, Wiretap};
